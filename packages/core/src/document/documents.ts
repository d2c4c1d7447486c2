import type { CryptoProvider } from "@selkie/crypto";
import { toHex, type Verifier } from "@selkie/entry";
import { type ChangeChunk, parseChange, type Sha256 } from "../automerge/change-chunk.ts";
import type { DocumentHistory } from "../automerge/document-history.ts";
import { CoreError } from "../errors.ts";
import type { ChangeKind } from "../sealing/change-part.ts";
import type { DocumentPlace } from "../sealing/document-id.ts";
import { type DocId, docIdOf, KeyIds } from "./doc-id.ts";
import { type DocumentRecord, type Mark, newRecord } from "./document-record.ts";
import { Histories } from "./histories.ts";
import { PackedDocuments } from "./packed-documents.ts";
import { Purged } from "./purged.ts";

/** What is new in a document that was replaced; `reset` when something of it counts no more. */
export type Replaced = readonly Uint8Array[] | "reset";

type Crypto = Verifier & Pick<CryptoProvider, "randomBytes">;

/**
 * The documents of one database: which exist, and the changes that passed the gate. `OwnChanges` and `ReceivedParts` are the two ways in.
 */
export class Documents {
  readonly verifier: Crypto;
  readonly sha256: Sha256;
  /** What the gate knows of each. */
  readonly histories: Histories;
  readonly purged: Purged;
  #records = new Map<DocId, DocumentRecord>();
  readonly #packed: PackedDocuments;
  readonly #keyIds = new KeyIds();

  constructor(crypto: Crypto, purged: Purged = new Purged()) {
    this.verifier = crypto;
    this.purged = purged;
    this.sha256 = crypto.sha256;
    this.histories = new Histories(this.sha256);
    this.#packed = new PackedDocuments((length) => crypto.randomBytes(length));
  }

  get(name: DocId): DocumentRecord | undefined {
    const known = this.#records.get(name);
    if (known !== undefined) return known;
    const change = this.#packed.take(name);
    if (change === undefined) return undefined;
    const record = this.#unpacked(name, change);
    this.#records.set(name, record);
    return record;
  }

  /** One of which something counts. */
  find(name: DocId): DocumentRecord | undefined {
    const record = this.get(name);
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

  /** How many are known: also those of which nothing counts. */
  get size(): number {
    return this.#records.size + this.#packed.size;
  }

  /** One of which something counts, for whoever looks at many: to be read, and not kept. */
  peek(name: DocId): Readonly<DocumentRecord> | undefined {
    const record = this.#records.get(name);
    if (record !== undefined) return record.changes.length === 0 ? undefined : record;
    const change = this.#packed.peek(name);
    return change && this.#unpacked(name, change);
  }

  /** To be read, and not kept. */
  *all(): Iterable<Readonly<DocumentRecord>> {
    for (const [name, change] of this.#packed.all()) {
      const record = change === undefined ? this.#records.get(name) : this.#unpacked(name, change);
      if (record !== undefined) yield record;
    }
    for (const record of this.#records.values()) if (!this.#packed.knows(record.name)) yield record;
  }

  /** The ids of those of which something counts; of deleted ones, too, when these are asked for. */
  *names({ deleted }: { readonly deleted: boolean }): Iterable<DocId> {
    const counts = (record: DocumentRecord | undefined): boolean =>
      record !== undefined && record.changes.length > 0 && (deleted || !record.deleted);
    for (const [name, change] of this.#packed.all())
      if (change !== undefined || counts(this.#records.get(name))) yield name;
    for (const [name, record] of this.#records) if (counts(record) && !this.#packed.knows(name)) yield name;
  }

  /** How many `names` gives with the deleted ones. */
  get counting(): number {
    let count = this.#packed.size;
    for (const { changes } of this.#records.values()) if (changes.length > 0) count += 1;
    return count;
  }

  /**
   * Keeps of these, where they have one change and no more, nothing but their ids and where that change lies: a quarter of what a record
   * takes. From here on each has another record, which is made when somebody asks for it: nobody holds the one there was.
   */
  pack(records: Iterable<DocumentRecord>): void {
    const packed = new Set<DocId>();
    for (const record of records) {
      const [only, more] = record.changes;
      if (only === undefined || more !== undefined || !isPlain(record)) continue;
      this.histories.forget(record);
      this.#packed.add(record.name, only);
      packed.add(record.name);
    }
    // A map that loses what it gets makes tables of which each holds the next, and all that was in it, until V8 looks through everything.
    if (this.#records.size <= 2 * packed.size)
      this.#records = new Map([...this.#records].filter(([name]) => !packed.has(name)));
    else for (const name of packed) this.#records.delete(name);
  }

  /** The record of a document this device is about to create, or has made changes in. */
  ensure(place: DocumentPlace): DocumentRecord {
    const name = docIdOf(place);
    const record = this.get(name) ?? newRecord({ name, keyId: this.#keyIds.in(name) });
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

  #unpacked(name: DocId, change: Uint8Array): DocumentRecord {
    const record = newRecord({ name, keyId: this.#keyIds.in(name) });
    record.changes = [change];
    return record;
  }
}

/** The latest of a document's marks, once there is one more, which no other depends on. */
function latestWith(history: DocumentHistory, latest: readonly Mark[], mark: Mark): readonly Mark[] {
  return [...latest.filter(({ hash }) => !history.dependsOn(mark.hash, hash)), mark];
}

/** Whether its changes are all there is to know of it. */
function isPlain({ marks, carried, live, handle, edits, waiting }: DocumentRecord): boolean {
  return marks.length === 0 && [carried, live, handle, edits, waiting].every((part) => part === null);
}
