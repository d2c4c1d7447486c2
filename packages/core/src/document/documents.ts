import { toHex, type VerifiedEntry, type Verifier, type WriterKey } from "@selkie/entry";
import { type ChangeChunk, parseChange } from "../automerge/change-chunk.ts";
import { gate } from "../automerge/gate.ts";
import { ChangeError } from "../automerge/change-error.ts";
import { unpackChanges } from "../automerge/packed-change.ts";
import { PendingChanges } from "../automerge/pending.ts";
import { actorOf } from "../automerge/actor.ts";
import type { Admission } from "../directory/admission.ts";
import { CoreError } from "../errors.ts";
import type { Delivery } from "../replica/ingest.ts";
import { type ChangePart, decodeChangePart } from "../sealing/change-part.ts";
import { documentIdOf } from "../sealing/document-id.ts";
import { deletedBy, type DocId, type DocumentRecord, docIdOf, newRecord } from "./document-record.ts";

/** A change that counts for nothing on this replica, and why. */
export interface Quarantined {
  readonly entryId: string;
  readonly user: string;
  readonly reason: string;
}

/** One change on its way through the gate. */
interface Candidate {
  readonly record: DocumentRecord;
  readonly chunk: ChangeChunk;
  readonly actor: Uint8Array;
  readonly kind: ChangePart["kind"];
  readonly entry: VerifiedEntry;
  readonly user: string;
}

/**
 * The documents of one database: which exist, and the changes that passed the gate.
 * SECURITY: `receive` is the only way of a received change to Automerge (gate.test.ts has D1-D7).
 */
export class Documents {
  readonly #verifier: Verifier;
  readonly #records = new Map<DocId, DocumentRecord>();
  readonly #sha256: Verifier["sha256"];
  readonly #held = new PendingChanges<Candidate>();
  readonly #quarantine: (item: Quarantined) => void;

  constructor(verifier: Verifier, quarantine: (item: Quarantined) => void) {
    this.#verifier = verifier;
    this.#sha256 = (...chunks) => verifier.sha256(...chunks);
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

  /** Puts received changes through the gate; returns for each document what is new, in an order that can be applied. */
  receive(deliveries: readonly Delivery[]): ReadonlyMap<DocumentRecord, readonly Uint8Array[]> {
    const fresh = new Map<DocumentRecord, Uint8Array[]>();
    for (const { entry, admission, parts } of deliveries) {
      for (const part of parts) {
        if (part.type !== "opened" || part.kind !== "change") continue;
        for (const candidate of this.#candidates(entry, admission, part.plaintext, part.key.keyId)) this.#pass(candidate, fresh);
      }
    }
    return fresh;
  }

  /** A change this device just made: the gate has no exception. @throws CoreError CHANGE_REFUSED */
  own(record: DocumentRecord, writer: WriterKey, kind: ChangePart["kind"], change: Uint8Array): void {
    const chunk = parseChange(change, this.#sha256);
    const actor = actorOf(this.#verifier, writer, record.id, null);
    const verdict = gate(chunk, { actor, history: record.history });
    if (verdict.type !== "pass") {
      throw new CoreError("CHANGE_REFUSED", `this change would be refused by every replica (${verdict.type === "refused" ? verdict.code : "held"})`);
    }
    this.#admit(record, chunk, kind);
  }

  #candidates(entry: VerifiedEntry, admission: Admission, plaintext: Parameters<typeof decodeChangePart>[0], keyId: Uint8Array): readonly Candidate[] {
    const { writer } = entry.header;
    const user = admission.name;
    try {
      if (admission.role === "reader") throw new CoreError("WRITE_NOT_ALLOWED", "a reader's change");
      const part = decodeChangePart(plaintext);
      const id = part.document.type === "id" ? part.document.id : documentIdOf(this.#verifier, writer, part.document.counter);
      const actor = actorOf(this.#verifier, writer, id, part.branch);
      const record = this.ensure(id);
      record.keyId = keyId;
      return unpackChanges(this.#verifier, part.codec, part.payload, actor).map((bytes) => ({
        record,
        chunk: parseChange(bytes, this.#sha256),
        actor,
        kind: part.kind,
        entry,
        user,
      }));
    } catch (error) {
      if (!(error instanceof CoreError || error instanceof ChangeError)) throw error;
      this.#refuse(entry, user, error.code);
      return [];
    }
  }

  #pass(candidate: Candidate, fresh: Map<DocumentRecord, Uint8Array[]>): void {
    const queue = [candidate];
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const { record, chunk, actor, kind, entry, user } = next;
      const verdict = gate(chunk, { actor, history: record.history });
      if (verdict.type === "refused") this.#refuse(entry, user, verdict.code);
      if (verdict.type === "held") this.#held.hold(record.name, toHex(entry.header.writer), verdict.missing, next, chunk.bytes.length);
      if (verdict.type !== "pass") continue;
      this.#admit(record, chunk, kind);
      const list = fresh.get(record) ?? [];
      fresh.set(record, list);
      list.push(chunk.bytes);
      queue.push(...this.#held.release(record.name, chunk.hash));
    }
  }

  #admit(record: DocumentRecord, chunk: ChangeChunk, kind: ChangePart["kind"]): void {
    record.changes.push(chunk.bytes);
    if (kind === "delete" || kind === "undelete") {
      record.marks.push({ hash: chunk.hash, deleted: kind === "delete" });
      record.deleted = deletedBy(this.#verifier, record);
    }
  }

  #refuse(entry: VerifiedEntry, user: string, reason: string): void {
    this.#quarantine({ entryId: toHex(entry.id), user, reason });
  }
}
