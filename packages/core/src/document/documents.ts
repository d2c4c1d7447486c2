import { equalBytes, fromHex, toHex, type VerifiedEntry, type Verifier, type WriterKey } from "@selkie/entry";
import { actorOf } from "../automerge/actor.ts";
import { type ChangeChunk, parseChange, type Sha256 } from "../automerge/change-chunk.ts";
import { decodeChanges } from "../automerge/change-codec.ts";
import { ChangeError, type ChangeRefusalCode } from "../automerge/change-error.ts";
import { changeLimits, mostPlainOps } from "../automerge/change-limits.ts";
import { gate } from "../automerge/gate.ts";
import type { HeldChange } from "../automerge/held-changes.ts";
import type { Admission } from "../directory/admission.ts";
import { CoreError } from "../errors.ts";
import { hexOf } from "../hex.ts";
import type { KeyVersion } from "../keys/key-version.ts";
import type { ChainPlace, Delivery, EntryRefusalCode } from "../replica/ingest.ts";
import { Quarantine } from "../replica/quarantine.ts";
import { type ChangeKind, type ChangePart, decodeChangePart } from "../sealing/change-part.ts";
import { countedStem, type DocumentPlace, documentIdOf } from "../sealing/document-id.ts";
import type { OpenedPart } from "../sealing/open-entry.ts";
import { CarriedChanges, unravel } from "./carried-changes.ts";
import { type CarriedHistory, decodeCarriedHistory } from "./carried-history.ts";
import { type DocId, docIdOf } from "./doc-id.ts";
import { actorIn, type DocumentRecord, type Mark, newRecord } from "./document-record.ts";
import { Histories } from "./histories.ts";
import { THIS_DEVICE, WaitingChanges } from "./waiting-changes.ts";

/** Where a received change came from. */
interface Origin {
  readonly kind: ChangeKind;
  /** Null for a change of this device that was made here. */
  readonly entry: VerifiedEntry | null;
  readonly user: string;
}

/** A change as a part holds it. */
export interface UnheardChange extends DocumentPlace {
  readonly kind: ChangeKind;
  readonly time: number;
  readonly change: ChangeChunk;
}

/** What became of documents that were rebuilt. */
export interface Adopted {
  /** What is new in each that changed; `reset` when something of it counts no more. */
  readonly replaced: ReadonlyMap<DocumentRecord, readonly Uint8Array[] | "reset">;
  /** Changes of this device that build on something that counts no more. */
  readonly waiting: number;
}

type Origins = WeakMap<ChangeChunk, Origin>;

/** Who may write under which keys. */
interface Rights {
  of(admission: Admission, keyId: Uint8Array): boolean;
}

/**
 * The documents of one database: which exist, and the changes that passed the gate.
 * SECURITY: `receive` is the only way of a received change to Automerge (documents.test.ts, and the gate's own D1-D7).
 */
export class Documents {
  readonly #verifier: Verifier;
  readonly #sha256: Sha256;
  readonly #histories: Histories;
  readonly #quarantine: Quarantine;
  readonly #rights: Rights;
  /** Parts of other documents are passed over; null: all count. */
  readonly #only: ReadonlySet<DocId> | null;
  readonly #records = new Map<DocId, DocumentRecord>();
  readonly #waiting: WaitingChanges;
  /** Documents in which changes passed since `toReadAgain` was asked. */
  readonly #moved = new Set<DocumentRecord>();
  /** Of changes that wait; weak, because they may be dropped. */
  readonly #origins: Origins;

  constructor(
    verifier: Verifier,
    quarantine: Quarantine,
    rights: Rights,
    part: { readonly only: ReadonlySet<DocId>; readonly origins: Origins } | null = null,
  ) {
    this.#verifier = verifier;
    this.#sha256 = (...chunks) => verifier.sha256(...chunks);
    this.#histories = new Histories(this.#sha256);
    this.#waiting = new WaitingChanges(verifier);
    this.#quarantine = quarantine;
    this.#rights = rights;
    this.#only = part?.only ?? null;
    this.#origins = part?.origins ?? new WeakMap();
  }

  get(name: DocId): DocumentRecord | undefined {
    return this.#records.get(name);
  }

  all(): Iterable<DocumentRecord> {
    return this.#records.values();
  }

  /** The record of a document this device is about to create, or has made changes in. */
  ensure(place: DocumentPlace): DocumentRecord {
    const name = docIdOf(place);
    const record = this.#records.get(name) ?? newRecord(place);
    this.#records.set(name, record);
    return record;
  }

  /** Whether a change, by its hash, is among the accepted ones of a document. */
  has(record: DocumentRecord, hash: Uint8Array): boolean {
    return this.#histories.of(record).has(hash);
  }

  /** Drops a document that was about to be created and is not: nothing but its first change is known, to nobody but this device. */
  forget(record: DocumentRecord): void {
    if (record.changes.length > 1) return;
    this.#records.delete(record.name);
    this.#histories.forget(record);
  }

  /**
   * A document of this device that brings all this along: judged as others will, and not among the documents before `take`.
   * @throws CoreError CHANGE_REFUSED
   */
  carry(place: DocumentPlace, creator: WriterKey, histories: readonly CarriedHistory[]): DocumentRecord {
    const record = newRecord(place);
    const refused = () => new CoreError("CHANGE_REFUSED", "every replica would refuse what is carried");
    for (const history of histories) {
      const left = this.#unravel(record, { history, creator }, (change) => {
        const { type } = gate(change, { history: this.#histories.of(record), actor: change.actor });
        if (type !== "pass") throw refused();
        this.#admit(record, change, "change");
      });
      if (left.length > 0) throw refused();
    }
    return record;
  }

  take(record: DocumentRecord): void {
    this.#records.set(record.name, record);
  }

  /** Puts received changes through the gate; gives for each document what is new, in an order that can be applied. */
  receive(deliveries: readonly Delivery[]): ReadonlyMap<DocumentRecord, readonly Uint8Array[]> {
    const fresh = new Map<DocumentRecord, Uint8Array[]>();
    for (const delivery of deliveries) {
      for (const part of delivery.parts) {
        if (part.type !== "opened" || part.kind !== "change") continue;
        this.#receivePart(delivery, part, fresh);
      }
    }
    return fresh;
  }

  /** Chains with changes that found no room to wait, in documents that moved on since: they may pass now, so feed them once more. */
  toReadAgain(): readonly ChainPlace[] {
    const chains = this.#waiting.toReadAgain(this.#moved);
    this.#moved.clear();
    return chains;
  }

  /**
   * A plain change this device just made, of which nothing can be refused: the gate looks at it later, with others, which costs a third.
   * SECURITY: D12. It names every value that it takes the place of, and others may have written any number of them at one place: where
   * they could be too many it is for `own` to say so, before the change is durable (plain-changes.test.ts).
   * @returns false when it may be too large: nothing was done
   * @throws CoreError CHANGE_REFUSED when it follows on changes that wait
   */
  ownPlain(record: DocumentRecord, writer: WriterKey, change: Uint8Array): boolean {
    const preds = this.#histories.mostOps(record) + mostPlainOps;
    if (change.length > changeLimits.bytes || preds > changeLimits.preds) return false;
    this.#requireOrder(record, actorIn(this.#verifier, record, writer));
    record.changes.push(change);
    return true;
  }

  /**
   * Puts what `ownPlain` took through the gate, which has no exception: before it is part of an entry.
   * @returns whether all of it passes; what does not, and what follows it, is gone from its document
   */
  judge(names: Iterable<DocId>): boolean {
    let isPassed = true;
    for (const name of names) {
      const record = this.#records.get(name);
      if (record !== undefined && !this.#histories.cut(record)) isPassed = false;
    }
    return isPassed;
  }

  /** What the gate would say of changes of one actor, one after the other, none of which is taken. */
  verdictOn(
    record: DocumentRecord,
    actor: Uint8Array,
    changes: readonly ChangeChunk[],
  ): "pass" | "held" | ChangeRefusalCode {
    const history = this.#histories.of(record);
    try {
      if (this.#waiting.blocks(record.name, actor)) return "held";
      for (const change of changes) {
        const verdict = gate(change, { history, actor });
        if (verdict.type === "refused") return verdict.code;
        if (verdict.type === "held") return "held";
      }
      return "pass";
    } finally {
      this.#histories.forget(record); // it holds what passed just now, and the record does not
    }
  }

  /** A change this device just made: the gate has no exception, nor has the order of a chain. @throws CoreError CHANGE_REFUSED */
  own(record: DocumentRecord, writer: WriterKey, kind: ChangeKind, change: Uint8Array): ChangeChunk {
    const chunk = parseChange(change, this.#sha256);
    const actor = actorIn(this.#verifier, record, writer);
    this.#requireOrder(record, actor);
    const verdict = gate(chunk, { history: this.#histories.of(record), actor });
    if (verdict.type === "pass") this.#admit(record, chunk, kind);
    if (verdict.type === "pass" || verdict.type === "known") return chunk;
    const why = verdict.type === "refused" ? verdict.code : "its dependencies are missing";
    throw new CoreError("CHANGE_REFUSED", `every replica would refuse this change: ${why}`);
  }

  /** Whether changes of this writer wait, in any document. */
  waitsFor(writer: WriterKey): boolean {
    return this.#waiting.hasOf(writer);
  }

  /** The document that a part names, unless the part cannot be read. */
  nameIn({ entry }: Delivery, part: OpenedPart): DocId | null {
    if (part.type !== "opened" || part.kind !== "change") return null;
    try {
      return docIdOf(this.#placeIn(entry.header.writer, decodeChangePart(part.plaintext), part.key));
    } catch (error) {
      if (error instanceof CoreError) return null; // `receive` says why
      throw error;
    }
  }

  /** The changes that a part holds; none when it cannot be read. */
  changesIn({ entry }: Delivery, opened: OpenedPart): readonly UnheardChange[] {
    if (opened.type !== "opened" || opened.kind !== "change") return [];
    const { writer } = entry.header;
    try {
      const part = decodeChangePart(opened.plaintext);
      const place = this.#placeIn(writer, part, opened.key);
      const { kind, time } = part;
      if (kind === "carry") return []; // its document is this writer's, and nobody else can make it anew
      const actor = actorOf(this.#verifier, writer, documentIdOf(place), null);
      return decodeChanges(part, actor, this.#sha256).map((change) => ({ ...place, kind, time, change }));
    } catch (error) {
      if (error instanceof CoreError || error instanceof ChangeError) return [];
      throw error;
    }
  }

  /** Whether anything came for a document so far: accepted, waiting or refused. */
  isTouched(name: DocId): boolean {
    if ((this.#records.get(name)?.changes.length ?? 0) > 0) return true;
    return this.#waiting.hasIn(name) || this.#quarantine.writersIn(name).length > 0;
  }

  /** Which of these writers something came from for any of these documents. */
  writersOf(names: ReadonlySet<DocId>, among: Iterable<WriterKey>): ReadonlySet<WriterKey> {
    const found = new Set<WriterKey>();
    const left = new Set(among);
    for (const name of names) {
      const id = fromHex(name);
      const record = this.#records.get(name);
      const history = record === undefined ? null : this.#histories.of(record);
      const refused = new Set(this.#quarantine.writersIn(name).map(toHex));
      for (const writer of left) {
        const creator = record?.carried?.creator;
        const wrote =
          (creator !== undefined && equalBytes(creator, writer)) ||
          (history !== null && history.actorOf(actorOf(this.#verifier, writer, id, null)) >= 0);
        if (!wrote && !refused.has(toHex(writer)) && !this.#waiting.touches(name, writer)) continue;
        found.add(writer);
        left.delete(writer);
      }
    }
    return found;
  }

  /** None of these documents, to be fed what the store holds of them: as a fresh open would, and nothing else moves. */
  blank(names: ReadonlySet<DocId>): Documents {
    const nobody = new Quarantine(() => undefined); // `adopt` announces what is new
    return new Documents(this.#verifier, nobody, this.#rights, { only: names, origins: this.#origins });
  }

  /**
   * Replaces what these documents hold by what `rebuilt` was fed, all at once. Changes of this device that no entry holds yet stay, as
   * far as what they build on still counts.
   *
   * @param own the writer this device writes as
   */
  adopt(rebuilt: Documents, own: WriterKey | null): Adopted {
    const replaced = new Map<DocumentRecord, readonly Uint8Array[] | "reset">();
    let waiting = 0;
    for (const name of rebuilt.#only ?? []) {
      const record = this.#records.get(name);
      if (record !== undefined && own !== null) waiting += rebuilt.#carry(record, this, own);
      const result = rebuilt.#records.get(name);
      if (record !== undefined) {
        const outcome = this.#replace(record, result ?? newRecord(record));
        if (outcome !== "same") replaced.set(record, outcome);
      } else if (result !== undefined) {
        this.#records.set(name, result);
        replaced.set(result, result.changes);
      }
      this.#waiting.replace(name, rebuilt.#waiting, (change) => placeOf(this.#origins.get(change)));
      this.#quarantine.replace(name, rebuilt.#quarantine);
    }
    return { replaced, waiting };
  }

  /** Takes this device's own changes over from a record that is about to be replaced; gives how many have to wait. */
  #carry(before: DocumentRecord, from: Documents, writer: WriterKey): number {
    const actor = actorIn(this.#verifier, before, writer);
    const record = this.#records.get(before.name) ?? newRecord(before);
    let waiting = 0;
    for (const { change, kind } of from.#madeBy(before, actor)) {
      if (this.#histories.of(record).has(change.hash)) continue;
      const origin = this.#origins.get(change) ?? { kind, entry: null, user: "" };
      this.#receiveChange(record, { device: THIS_DEVICE, document: record.name, actor, change }, origin, new Map());
      if (!this.#histories.of(record).has(change.hash)) waiting += 1;
    }
    return waiting;
  }

  /** An actor's changes in a document, in order: those that count, then those that wait. */
  *#madeBy(
    record: DocumentRecord,
    actor: Uint8Array,
  ): Iterable<{ readonly change: ChangeChunk; readonly kind: ChangeKind }> {
    if (this.#histories.of(record).actorOf(actor) >= 0) {
      const marks = new Map(record.marks.map(({ hash, deleted }) => [toHex(hash), deleted]));
      for (const bytes of record.changes) {
        const change = parseChange(bytes, this.#sha256);
        if (!equalBytes(change.actor, actor)) continue;
        const deleted = marks.get(toHex(change.hash));
        yield { change, kind: deleted === undefined ? "change" : deleted ? "delete" : "undelete" };
      }
    }
    for (const change of this.#waiting.of(record.name, actor))
      yield { change, kind: this.#origins.get(change)?.kind ?? "change" };
  }

  #replace(record: DocumentRecord, by: DocumentRecord): readonly Uint8Array[] | "reset" | "same" {
    const history = this.#histories.of(record);
    const fresh = by.changes.filter((bytes) => !history.has(parseChange(bytes, this.#sha256).hash));
    const isSuperset = by.changes.length - fresh.length === record.changes.length;
    const outcome = isSuperset && fresh.length > 0 ? fresh : "reset";
    const isSame = isSuperset && fresh.length === 0 && record.deleted === by.deleted;
    const { changes, marks, latestMarks, deleted, carried } = by;
    Object.assign(record, { changes, marks, latestMarks, deleted, carried });
    this.#histories.forget(record);
    return isSame ? "same" : outcome;
  }

  #receivePart(
    { entry, admission }: Delivery,
    { plaintext, key }: OpenedPart & { readonly type: "opened" },
    fresh: Map<DocumentRecord, Uint8Array[]>,
  ): void {
    const { writer } = entry.header;
    const user = admission.name;
    try {
      if (admission.role === "reader") throw new CoreError("WRITE_NOT_ALLOWED", "a reader's change");
      const part = decodeChangePart(plaintext);
      const place = this.#placeIn(writer, part, key);
      const name = docIdOf(place);
      if (this.#only?.has(name) === false) return;
      // SECURITY: D11. Who kept a key that it lost writes nothing under it (key-rights.test.ts).
      if (!this.#rights.of(admission, key.keyId)) {
        const reason: EntryRefusalCode = "WRITE_NOT_ENTITLED";
        this.#quarantine.add(entry, name, { user, reason });
        return;
      }
      // SECURITY: D7. Nothing writes branches yet, and each would be an actor of its own: refused until branches exist.
      if (part.branch !== null)
        throw new CoreError("BRANCH_UNKNOWN", "this version knows no branches but the main one");
      const known = this.#records.get(name);
      const record = known ?? newRecord(place);
      // D7: the bounds are a device's, however many chains it begins.
      const device = hexOf(admission.device);
      if (part.kind === "carry")
        this.#receiveCarried(record, part.payload, { device, origin: { kind: "change", entry, user } }, fresh);
      else {
        // Most documents are created and no more: the actor is kept for those that change.
        const actor =
          known === undefined
            ? actorOf(this.#verifier, writer, record.id, null)
            : actorIn(this.#verifier, known, writer);
        const changes = decodeChanges(part, actor, this.#sha256);
        const origin = { kind: part.kind, entry, user };
        for (const change of changes)
          this.#receiveChange(record, { device, document: name, actor, change }, origin, fresh);
      }
      // D7: a document of which nothing passed takes no place.
      if (known === undefined && record.changes.length === 0) this.#histories.forget(record);
    } catch (error) {
      if (!(error instanceof CoreError || error instanceof ChangeError)) throw error;
      this.#quarantine.add(entry, null, { user, reason: error.code });
    }
  }

  #placeIn(writer: WriterKey, { document }: ChangePart, { keyId }: KeyVersion): DocumentPlace {
    const stem = document.type === "stem" ? document.stem : countedStem(this.#verifier, writer, document.counter);
    return { stem, keyId };
  }

  #receiveCarried(
    record: DocumentRecord,
    payload: Uint8Array,
    { device, origin }: { readonly device: string; readonly origin: Origin & { readonly entry: VerifiedEntry } },
    fresh: Map<DocumentRecord, Uint8Array[]>,
  ): void {
    const history = decodeCarriedHistory(this.#verifier, payload);
    // SECURITY: D2. Else its creator could speak as anybody in it (carried-changes.test.ts).
    if (equalBytes(history.before, record.id))
      throw new CoreError("PART_MALFORMED", "a document brings nothing along from itself");
    const left = this.#unravel(record, { history, creator: origin.entry.header.writer }, (change) =>
      this.#receiveChange(record, { device, document: record.name, actor: change.actor, change }, origin, fresh),
    );
    const reason: EntryRefusalCode = "CARRIED_INCOMPLETE";
    if (left.length > 0) this.#refuse(record, origin, reason);
  }

  /** @returns what builds on something that is not carried */
  #unravel(
    record: DocumentRecord,
    { history, creator }: { readonly history: CarriedHistory; readonly creator: WriterKey },
    judge: (change: ChangeChunk) => void,
  ): readonly ChangeChunk[] {
    const carried = record.carried ?? new CarriedChanges(creator);
    record.carried = carried;
    return unravel(
      history,
      (hash) => carried.has(hash),
      (change, writer) => {
        judge(change);
        if (this.#histories.of(record).has(change.hash)) carried.add(change, { document: history.before, writer });
      },
    );
  }

  #receiveChange(
    record: DocumentRecord,
    held: HeldChange,
    origin: Origin,
    fresh: Map<DocumentRecord, Uint8Array[]>,
  ): void {
    const received = this.#waiting.receive(this.#histories.of(record), held, placeOf(origin));
    const { passed, refused } = received;
    if (received.held) this.#origins.set(held.change, origin);
    const originOf = (change: ChangeChunk) => (change === held.change ? origin : this.#origins.get(change));
    for (const { change, code } of refused) this.#refuse(record, originOf(change), code);
    if (passed.length === 0) return;
    this.#records.set(record.name, record);
    this.#moved.add(record);
    const list = fresh.get(record) ?? [];
    fresh.set(record, list);
    for (const change of passed) {
      this.#admit(record, change, originOf(change)?.kind ?? "change");
      list.push(change.bytes);
    }
  }

  #admit(record: DocumentRecord, chunk: ChangeChunk, kind: ChangeKind): void {
    record.changes.push(chunk.bytes);
    if (kind !== "delete" && kind !== "undelete") return;
    // Dependencies come first, so no mark that is known depends on this one.
    const history = this.#histories.of(record);
    const mark: Mark = { hash: chunk.hash, deleted: kind === "delete" };
    record.marks.push(mark);
    record.latestMarks = [...record.latestMarks.filter(({ hash }) => !history.dependsOn(chunk.hash, hash)), mark];
    record.deleted = record.latestMarks.some(({ deleted }) => deleted);
  }

  #requireOrder(record: DocumentRecord, actor: Uint8Array): void {
    if (this.#waiting.blocks(record.name, actor))
      throw new CoreError("CHANGE_REFUSED", "earlier changes of this device in the document wait: open it again");
  }

  #refuse(record: DocumentRecord, origin: Origin | undefined, reason: string): void {
    if (origin === undefined || origin.entry === null) return;
    this.#quarantine.add(origin.entry, record.name, { user: origin.user, reason });
  }
}

/** Where a change can be read again; null when no entry holds it. */
function placeOf(origin: Origin | undefined): ChainPlace | null {
  const header = origin?.entry?.header;
  return header === undefined ? null : { writer: header.writer, from: header.seq };
}
