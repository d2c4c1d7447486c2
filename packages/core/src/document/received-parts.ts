import { equalBytes, fromHex, toHex, type VerifiedEntry, type WriterKey } from "@selkie/entry";
import { actorOf } from "../automerge/actor.ts";
import type { ChangeChunk } from "../automerge/change-chunk.ts";
import { decodeChanges } from "../automerge/change-codec.ts";
import { ChangeError } from "../automerge/change-error.ts";
import type { HeldChange } from "../automerge/held-changes.ts";
import { PartBudget } from "../automerge/part-work.ts";
import type { Admission } from "../directory/admission.ts";
import { CoreError } from "../errors.ts";
import { hexOf } from "../hex.ts";
import type { ChainPlace, Delivery, EntryRefusalCode } from "../replica/delivery.ts";
import type { EntryName, QuarantineReason } from "../replica/quarantine.ts";
import { decodeChangePart } from "../sealing/change-part.ts";
import { documentIdOf } from "../sealing/document-id.ts";
import type { OpenedPart } from "../sealing/open-entry.ts";
import { decodeCarriedHistory } from "./carried-history.ts";
import { type DocId, docIdOfBytes } from "./doc-id.ts";
import { actorIn, type DocumentRecord, newRecord } from "./document-record.ts";
import type { DocumentState } from "./document-state.ts";
import { mostWorkOf, stemIn } from "./part-contents.ts";
import type { Replaced } from "./replaced-changes.ts";
import { takeCarried } from "./take-carried.ts";
import { type Origin, THIS_DEVICE } from "./waiting-changes.ts";

/** Who is who, and may write under which keys. */
export interface Rights {
  of(admission: Admission, keyId: Uint8Array): boolean;
  /** The device that writes as this, in hex; null while nobody is known to. */
  deviceOf(writer: WriterKey): string | null;
}

/** A change that this device made, and what is remembered of it. */
interface OwnChange {
  readonly change: ChangeChunk;
  readonly origin: Origin;
}

/** Where a change came from. */
export interface ChangeSource {
  readonly device: string;
  readonly user: string;
  /** The entry's name alone: of a large document all are remembered for a moment. */
  readonly entry: EntryName;
}

/** Who sent a part, and in which entry. */
interface Sender {
  readonly device: string;
  readonly entry: VerifiedEntry;
  readonly user: string;
}

type Opened = OpenedPart & { readonly type: "opened" };
/** What is new in each document, in an order that can be applied. */
type Fresh = Map<DocumentRecord, Uint8Array[]>;

/** Where what passes goes, and how much a part may hold. */
interface Receiving {
  readonly fresh: Fresh;
  readonly budget: PartBudget;
}

/**
 * The way of what others made into the documents.
 * SECURITY: `receive` is the only way of a received change to Automerge (received-parts.test.ts, and the gate's own D1-D7).
 */
export class ReceivedParts {
  readonly #at: DocumentState;
  readonly #rights: Rights;
  /** Parts of other documents are passed over; null: all count. */
  readonly #only: ReadonlySet<DocId> | null;
  /** Documents in which changes passed since `toReadAgain` was asked, while something found no room. */
  readonly #moved = new Set<DocumentRecord>();
  /** Documents to build anew: what counts of them is not for what came alone to say. */
  readonly #undecided = new Set<DocId>();

  /** By hash: where changes came from; of documents that are built anew only. */
  readonly sources: ReadonlyMap<string, ChangeSource>;
  readonly #sources = new Map<string, ChangeSource>();

  constructor(at: DocumentState, rights: Rights, only: ReadonlySet<DocId> | null = null) {
    this.#at = at;
    this.#rights = rights;
    this.#only = only;
    this.sources = this.#sources;
  }

  /** Puts received changes through the gate; gives for each document what is new, in an order that can be applied. */
  receive(deliveries: readonly Delivery[]): ReadonlyMap<DocumentRecord, readonly Uint8Array[]> {
    const fresh: Fresh = new Map();
    for (const delivery of deliveries) {
      const mostWork = mostWorkOf(delivery.entry);
      for (const part of delivery.parts) {
        if (part.type !== "opened" || part.kind !== "change") continue;
        this.#receivePart(delivery, part, { fresh, budget: new PartBudget(mostWork) });
      }
    }
    return fresh;
  }

  /** A change of this device itself, of a document that is built anew. */
  receiveOwn(record: DocumentRecord, actor: Uint8Array, { change, origin }: OwnChange): void {
    this.#receiveChange(record, { device: THIS_DEVICE, document: record.name, actor, change }, origin, new Map());
  }

  /** Chains with changes that found no room to wait, in documents that moved on since: they may pass now, so feed them once more. */
  toReadAgain(): readonly ChainPlace[] {
    const { documents, waiting, replaced } = this.#at;
    const chains = waiting.toReadAgain(
      this.#moved,
      (record, hash) => replaced.isWithdrawn(record.name, hash) || documents.has(record, fromHex(hash)),
    );
    this.#moved.clear();
    return chains;
  }

  /** Whether there are any that `takeUndecided` gives. */
  get isUndecided(): boolean {
    return this.#undecided.size > 0;
  }

  /** Gives the documents of which something came that is replaced, or replaces something, since this was asked last. */
  takeUndecided(): readonly DocId[] {
    const names = [...this.#undecided];
    this.#undecided.clear();
    return names;
  }

  #receivePart({ entry, admission }: Delivery, { index, plaintext, key }: Opened, { fresh, budget }: Receiving): void {
    const { documents, quarantine } = this.#at;
    const user = admission.name;
    try {
      if (admission.role === "reader") throw new CoreError("WRITE_NOT_ALLOWED", "a reader's change");
      const part = decodeChangePart(plaintext);
      const { keyId } = key;
      const id = documentIdOf({ stem: stemIn(documents.verifier, entry.header.writer, part), keyId });
      const name = docIdOfBytes(id);
      if (this.#only?.has(name) === false) return;
      const fate = documents.purged.fateOf(name, entry.id, index);
      if (fate === "late") quarantine.add(entry, name, { user, reason: "DOC_PURGED" satisfies EntryRefusalCode });
      if (fate !== null) return;
      // SECURITY: D11. Who kept a key that it lost writes nothing under it (key-rights.test.ts).
      if (!this.#rights.of(admission, keyId)) {
        const reason: EntryRefusalCode = "WRITE_NOT_ENTITLED";
        quarantine.add(entry, name, { user, reason });
        return;
      }
      // SECURITY: D7. Nothing writes branches yet, and each would be an actor of its own: refused until branches exist. Test: received-parts.test.ts.
      if (part.branch !== null)
        throw new CoreError("BRANCH_UNKNOWN", "this version knows no branches but the main one");
      const known = documents.get(name);
      const record = known ?? newRecord({ name, keyId });
      // D7: the bounds are a device's, however many chains it begins.
      const device = hexOf(admission.device);
      if (part.kind === "carry") this.#receiveCarried(record, part.payload, { device, entry, user }, { fresh, budget });
      else {
        // Most documents are created and no more: the actor is kept for those that change.
        const actor =
          known === undefined
            ? actorOf(documents.verifier, entry.header.writer, id, null)
            : actorIn(documents.verifier, known, entry.header.writer);
        const changes = decodeChanges(part, { actor, budget, sha256: documents.sha256 });
        const origin = { kind: part.kind, entry, user, device };
        for (const said of part.replaces ?? []) this.#hear(record, { ...said, device, by: entry.header.writer });
        for (const change of changes) {
          // SECURITY: D2. Who repeats another's change did not make it (replaced-changes.test.ts "... repeats ...").
          if (this.#only !== null && equalBytes(change.actor, actor))
            this.#sources.set(toHex(change.hash), sourceOf({ device, entry, user }));
          this.#receiveChange(record, { device, document: name, actor, change }, origin, fresh);
        }
      }
      // D7: a document of which nothing passed takes no place.
      if (known === undefined && record.changes.length === 0) documents.histories.forget(record);
    } catch (error) {
      if (!(error instanceof CoreError || error instanceof ChangeError)) throw error;
      quarantine.add(entry, null, { user, reason: error.code });
    }
  }

  #receiveCarried(
    record: DocumentRecord,
    payload: Uint8Array,
    { device, entry, user }: Sender,
    { fresh, budget }: Receiving,
  ): void {
    const { documents } = this.#at;
    const history = decodeCarriedHistory(documents.verifier, payload, budget);
    // SECURITY: D2. Else its creator could speak as anybody in it (carried-changes.test.ts).
    if (equalBytes(history.before, fromHex(record.name)))
      throw new CoreError("PART_MALFORMED", "a document brings nothing along from itself");
    const left = takeCarried(documents, record, {
      told: { history, creator: entry.header.writer },
      judge: ({ change, kind }) => {
        const held = { device, document: record.name, actor: change.actor, change };
        this.#receiveChange(record, held, { kind, entry, user, device }, fresh);
      },
    });
    const reason: EntryRefusalCode = "CARRIED_INCOMPLETE";
    if (left.length > 0) this.#at.quarantine.add(entry, record.name, { user, reason });
  }

  #receiveChange(record: DocumentRecord, held: HeldChange, origin: Origin, fresh: Fresh): void {
    const { documents, waiting } = this.#at;
    const judged = { isNew: record.changes.length === 0, history: () => documents.histories.of(record) };
    const { passed, refused } = waiting.receive(judged, held, origin);
    if (this.#at.replaced.isSaidIn(record.name)) this.#decide(record, passed, held, origin);
    for (const { change, code } of refused) this.#refuse(record, this.#originOf(change, held, origin), code);
    if (passed.length === 0) return;
    documents.take(record);
    if (waiting.isShort) this.#moved.add(record);
    for (const change of passed) {
      documents.admit(record, change, this.#originOf(change, held, origin)?.kind ?? "change");
      const list = fresh.get(record);
      if (list === undefined) fresh.set(record, [change.bytes]);
      else list.push(change.bytes);
    }
  }

  /** A device says that it made something anew. */
  #hear(record: DocumentRecord, said: Replaced): void {
    const { documents, replaced } = this.#at;
    const device = this.#rights.deviceOf(said.writer);
    // D12: what is said of another's work is nothing, and costs nothing.
    if (device !== null && device !== said.device) return;
    const counts = (actor: Uint8Array): number => documents.histories.of(record).lastSeq(actor);
    if (replaced.add(record.name, said, counts) && device !== null) this.#undecided.add(record.name);
  }

  /** A change came, or passed, in a document in which something is replaced. */
  #decide(record: DocumentRecord, passed: readonly ChangeChunk[], held: HeldChange, origin: Origin): void {
    const { documents, replaced, waiting } = this.#at;
    const { name } = record;
    const isReplaced = (change: ChangeChunk): boolean =>
      replaced.has(name, this.#originOf(change, held, origin)?.device ?? held.device, change);
    const isThere = (hash: Uint8Array): boolean => documents.has(record, hash);
    // What came may have found no room.
    const waits = waiting.drops(name, held.actor) ? [held.change, ...waiting.firsts(name)] : waiting.firsts(name);
    if (passed.some(isReplaced) || replaced.isNeeded(name, waits, isThere)) this.#undecided.add(name);
  }

  /** Of a change that was received just now, or that waited for it. */
  #originOf(change: ChangeChunk, held: HeldChange, origin: Origin): Origin | undefined {
    return change === held.change ? origin : this.#at.waiting.originOf(change);
  }

  #refuse(record: DocumentRecord, origin: Origin | undefined, reason: QuarantineReason): void {
    if (origin === undefined || origin.entry === null) return;
    this.#at.quarantine.add(origin.entry, record.name, { user: origin.user, reason });
  }
}

function sourceOf({ device, user, entry: { id, header } }: Sender): ChangeSource {
  return { device, user, entry: { id, header: { writer: header.writer } } };
}
