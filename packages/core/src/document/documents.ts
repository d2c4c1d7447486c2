import { toHex, type VerifiedEntry, type Verifier, type WriterKey } from "@selkie/entry";
import { actorOf } from "../automerge/actor.ts";
import { type ChangeChunk, parseChange, type Sha256 } from "../automerge/change-chunk.ts";
import { decodeChanges } from "../automerge/change-codec.ts";
import { ChangeError } from "../automerge/change-error.ts";
import { gate } from "../automerge/gate.ts";
import { type HeldChange, HeldChanges } from "../automerge/held-changes.ts";
import { receiveChange } from "../automerge/receive-change.ts";
import { CoreError } from "../errors.ts";
import type { Delivery } from "../replica/ingest.ts";
import { type ChangeKind, decodeChangePart } from "../sealing/change-part.ts";
import { documentIdOf } from "../sealing/document-id.ts";
import type { OpenedPart } from "../sealing/open-entry.ts";
import { type DocId, docIdOf } from "./doc-id.ts";
import { type DocumentRecord, newRecord, ownActor } from "./document-record.ts";
import { Histories } from "./histories.ts";

/** A change that counts for nothing on this replica, and why. */
export interface Quarantined {
  readonly entryId: string;
  readonly user: string;
  readonly reason: string;
}

/** Where a received change came from. */
interface Origin {
  readonly kind: ChangeKind;
  /** The 16-byte id of the key its part was sealed under. */
  readonly keyId: Uint8Array;
  readonly entry: VerifiedEntry;
  readonly user: string;
}

/** A chain from some seq on. */
export interface ChainPlace {
  readonly writer: WriterKey;
  readonly from: number;
}

/**
 * The documents of one database: which exist, and the changes that passed the gate.
 * SECURITY: `receive` is the only way of a received change to Automerge (documents.test.ts, and the gate's own D1-D7).
 */
export class Documents {
  readonly #verifier: Verifier;
  readonly #sha256: Sha256;
  readonly #histories: Histories;
  readonly #records = new Map<DocId, DocumentRecord>();
  readonly #held = new HeldChanges();
  /** By device: the chains whose changes found no room to wait, from the first of them on. */
  readonly #dropped = new Map<string, Map<string, ChainPlace>>();
  /** Documents in which changes passed since `toReadAgain` was asked. */
  readonly #moved = new Set<DocId>();
  /** Of changes that wait; weak, because they may be dropped. */
  readonly #origins = new WeakMap<ChangeChunk, Origin>();
  readonly #quarantine: (item: Quarantined) => void;

  constructor(verifier: Verifier, quarantine: (item: Quarantined) => void) {
    this.#verifier = verifier;
    this.#sha256 = (...chunks) => verifier.sha256(...chunks);
    this.#histories = new Histories(this.#sha256);
    this.#quarantine = quarantine;
  }

  get(name: DocId): DocumentRecord | undefined {
    return this.#records.get(name);
  }

  all(): Iterable<DocumentRecord> {
    return this.#records.values();
  }

  /** The record of a document this device is about to create or that a part names. */
  ensure(id: Uint8Array): DocumentRecord {
    const name = docIdOf(id);
    const record = this.#records.get(name) ?? newRecord(id);
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
    const chains: ChainPlace[] = [];
    for (const [device, dropped] of this.#dropped) {
      if (![...this.#moved].some((document) => this.#held.dropsIn(device, document))) continue;
      this.#held.retry(device);
      this.#dropped.delete(device);
      chains.push(...dropped.values());
    }
    this.#moved.clear();
    return chains;
  }

  /** A change this device just made: the gate has no exception. @throws CoreError CHANGE_REFUSED */
  own(record: DocumentRecord, writer: WriterKey, kind: ChangeKind, change: Uint8Array): ChangeChunk {
    const chunk = parseChange(change, this.#sha256);
    const actor = ownActor(this.#verifier, record, writer);
    const verdict = gate(chunk, { history: this.#histories.of(record), actor });
    if (verdict.type === "pass") this.#admit(record, chunk, kind);
    if (verdict.type === "pass" || verdict.type === "known") return chunk;
    const why = verdict.type === "refused" ? verdict.code : "its dependencies are missing";
    throw new CoreError("CHANGE_REFUSED", `every replica would refuse this change: ${why}`);
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
      const id =
        part.document.type === "id" ? part.document.id : documentIdOf(this.#verifier, writer, part.document.counter);
      // SECURITY: D7. Nothing writes branches yet, and each would be an actor of its own: refused until branches exist.
      if (part.branch !== null)
        throw new CoreError("BRANCH_UNKNOWN", "this version knows no branches but the main one");
      const actor = actorOf(this.#verifier, writer, id, null);
      const changes = decodeChanges(part, actor, this.#sha256);
      const record = this.ensure(id);
      // D7: the bounds are a device's, however many chains it begins.
      const device = toHex(admission.device);
      const origin = { kind: part.kind, keyId: key.keyId, entry, user };
      for (const change of changes)
        this.#receiveChange(record, { device, document: record.name, actor, change }, origin, fresh);
    } catch (error) {
      if (!(error instanceof CoreError || error instanceof ChangeError)) throw error;
      this.#quarantine({ entryId: toHex(entry.id), user, reason: error.code });
    }
  }

  #receiveChange(
    record: DocumentRecord,
    held: HeldChange,
    origin: Origin,
    fresh: Map<DocumentRecord, Uint8Array[]>,
  ): void {
    const { passed, refused, held: waits } = receiveChange(this.#histories.of(record), this.#held, held);
    if (waits) {
      this.#origins.set(held.change, origin);
      if (this.#held.dropsIn(held.device, held.document)) this.#drop(held.device, origin);
    }
    if (passed.length > 0) this.#moved.add(record.name);
    const originOf = (change: ChangeChunk) => (change === held.change ? origin : this.#origins.get(change));
    for (const { change, code } of refused) {
      const from = originOf(change);
      if (from !== undefined) this.#refuse(from, code);
    }
    for (const change of passed) {
      const from = originOf(change);
      // SECURITY: the key is fixed by the part that created the document: no later part moves it to a key that more people hold.
      record.keyId ??= from?.keyId ?? null;
      this.#admit(record, change, from?.kind ?? "change");
      const list = fresh.get(record) ?? [];
      fresh.set(record, list);
      list.push(change.bytes);
    }
  }

  #drop(device: string, { entry }: Origin): void {
    const { writer, seq } = entry.header;
    const chains = this.#dropped.get(device) ?? new Map<string, ChainPlace>();
    const from = Math.min(seq, chains.get(toHex(writer))?.from ?? seq);
    this.#dropped.set(device, chains.set(toHex(writer), { writer, from }));
  }

  #admit(record: DocumentRecord, chunk: ChangeChunk, kind: ChangeKind): void {
    record.changes.push(chunk.bytes);
    if (kind !== "delete" && kind !== "undelete") return;
    // Dependencies come first, so no mark that is known depends on this one.
    const history = this.#histories.of(record);
    const concurrent = record.marks.filter(({ hash }) => !history.dependsOn(chunk.hash, hash));
    record.marks = [...concurrent, { hash: chunk.hash, deleted: kind === "delete" }];
    record.deleted = record.marks.some(({ deleted }) => deleted);
  }

  #refuse({ entry, user }: Origin, reason: string): void {
    this.#quarantine({ entryId: toHex(entry.id), user, reason });
  }
}
