import { toHex, type Verifier } from "@selkie/entry";
import { type ChangeChunk, parseChange, type Sha256 } from "../automerge/change-chunk.ts";
import type { DocumentHistory } from "../automerge/document-history.ts";
import { CoreError } from "../errors.ts";
import type { ChangeKind } from "../sealing/change-part.ts";
import type { DocumentPlace } from "../sealing/document-id.ts";
import { type DocId, docIdOf } from "./doc-id.ts";
import { type DocumentRecord, type Mark, newRecord } from "./document-record.ts";
import { Histories } from "./histories.ts";
import { Purged } from "./purged.ts";

/** What is new in a document that was replaced; `reset` when something of it counts no more. */
export type Replaced = readonly Uint8Array[] | "reset";

/**
 * The documents of one database: which exist, and the changes that passed the gate. `OwnChanges` and `ReceivedParts` are the two ways in.
 */
export class Documents {
  readonly verifier: Verifier;
  readonly sha256: Sha256;
  /** What the gate knows of each. */
  readonly histories: Histories;
  readonly purged: Purged;
  readonly #records = new Map<DocId, DocumentRecord>();

  constructor(verifier: Verifier, purged: Purged = new Purged()) {
    this.verifier = verifier;
    this.purged = purged;
    this.sha256 = verifier.sha256;
    this.histories = new Histories(this.sha256);
  }

  get(name: DocId): DocumentRecord | undefined {
    return this.#records.get(name);
  }

  /** One of which something counts. */
  find(name: DocId): DocumentRecord | undefined {
    const record = this.#records.get(name);
    return record === undefined || record.changes.length === 0 ? undefined : record;
  }

  /** @throws CoreError DOC_NOT_FOUND | DOC_PURGED */
  require(name: DocId): DocumentRecord {
    const record = this.find(name);
    this.requireAlive(name);
    if (record === undefined) throw new CoreError("DOC_NOT_FOUND", "no document with this id is known here");
    return record;
  }

  /** @throws CoreError DOC_PURGED */
  requireAlive(name: DocId): void {
    if (this.purged.has(name)) throw new CoreError("DOC_PURGED", "an admin purged this document: its id is dead");
  }

  all(): Iterable<DocumentRecord> {
    return this.#records.values();
  }

  /** The record of a document this device is about to create, or has made changes in. */
  ensure(place: DocumentPlace): DocumentRecord {
    const name = docIdOf(place);
    const record = this.#records.get(name) ?? newRecord({ name, keyId: place.keyId });
    this.#records.set(name, record);
    return record;
  }

  /** From now on this document is among them. */
  take(record: DocumentRecord): void {
    this.#records.set(record.name, record);
  }

  /** Whether a change, by its hash, is among the accepted ones of a document. */
  has(record: DocumentRecord, hash: Uint8Array): boolean {
    return this.histories.of(record).has(hash);
  }

  /** Drops a document that was about to be created and is not: nothing but its first change is known, to nobody but this device. */
  forget(record: DocumentRecord): void {
    if (record.changes.length > 1) return;
    this.#records.delete(record.name);
    this.histories.forget(record);
  }

  /** Takes a change that passed the gate. */
  admit(record: DocumentRecord, chunk: ChangeChunk, kind: ChangeKind): void {
    // Most documents have one change: a list that grows has room for seventeen.
    if (record.changes.length === 0) record.changes = [chunk.bytes];
    else record.changes.push(chunk.bytes);
    if (kind !== "delete" && kind !== "undelete") return;
    // Dependencies come first, so no mark that is known depends on this one.
    const history = this.histories.of(record);
    const mark: Mark = { hash: chunk.hash, deleted: kind === "delete" };
    if (record.marks.length === 0) record.marks = [mark];
    else record.marks.push(mark);
    record.latestMarks = latestWith(history, record.latestMarks, mark);
    record.deleted = record.latestMarks.some(({ deleted }) => deleted);
  }

  /** Takes changes out that nothing else in the document builds on. */
  withdraw(record: DocumentRecord, hashes: ReadonlySet<string>): void {
    const stays = (hash: Uint8Array): boolean => !hashes.has(toHex(hash));
    record.changes = record.changes.filter((bytes) => stays(parseChange(bytes, this.sha256).hash));
    record.marks = record.marks.filter(({ hash }) => stays(hash));
    this.histories.forget(record);
    const history = this.histories.of(record);
    record.latestMarks = record.marks.reduce<readonly Mark[]>((latest, mark) => latestWith(history, latest, mark), []);
    record.deleted = record.latestMarks.some(({ deleted }) => deleted);
  }

  /** What counts of a document is what counts of `by`, from now on. */
  replace(record: DocumentRecord, by: DocumentRecord): Replaced | "same" {
    const history = this.histories.of(record);
    const fresh = by.changes.filter((bytes) => !history.has(parseChange(bytes, this.sha256).hash));
    const isSuperset = by.changes.length - fresh.length === record.changes.length;
    const outcome = isSuperset && fresh.length > 0 ? fresh : "reset";
    const isSame = isSuperset && fresh.length === 0 && record.deleted === by.deleted;
    const { changes, marks, latestMarks, deleted, carried } = by;
    Object.assign(record, { changes, marks, latestMarks, deleted, carried });
    this.histories.forget(record);
    return isSame ? "same" : outcome;
  }
}

/** The latest of a document's marks, once there is one more, which no other depends on. */
function latestWith(history: DocumentHistory, latest: readonly Mark[], mark: Mark): readonly Mark[] {
  return [...latest.filter(({ hash }) => !history.dependsOn(mark.hash, hash)), mark];
}
