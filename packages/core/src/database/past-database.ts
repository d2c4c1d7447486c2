// A database as it was. Decision 55.
import { parseChange } from "../automerge/change-chunk.ts";
import type { LiveDocument } from "../automerge/document.ts";
import type { AutomergeDocuments } from "../document/automerge-documents.ts";
import type { DocId } from "../document/doc-id.ts";
import { CoreError } from "../errors.ts";
import type { FeedItem, FeedOptions, RevisionItem, RevisionOptions } from "../feed/feed-item.ts";
import { PastFeed } from "../feed/past-feed.ts";
import { groundOf } from "./database-history.ts";
import type { DatabaseParts } from "./database-parts.ts";
import type { PastDoc, ReadableHistory, When } from "./history.ts";
import { documentsAt, HistoryReader, showPast } from "./history-reader.ts";
import { OpenDatabase } from "./open-database.ts";
import { momentOf, type PastRecord, pastWith } from "./past.ts";
import type { ReadableDatabase } from "./readable-database.ts";

/** What a database as it was is made of. */
interface PastParts<Home> {
  /** The parts of the database as it is. @throws CoreError CLOSED */
  open(): DatabaseParts;
  readonly tenant: Home;
  readonly at: When;
  readonly records: ReadonlyMap<DocId, PastRecord>;
  /** It is needed no more. */
  letGo(): Promise<void>;
}

/**
 * Documents with what had been made in them by a moment, as far as that was known when it was opened: nothing moves it afterwards but a purge.
 * SECURITY: D9. It holds only what counted then (past-database.test.ts).
 */
export class OpenPastDatabase<T extends object, Home> implements ReadableDatabase<T> {
  readonly name: string;
  readonly tenant: Home;
  readonly at: When;
  readonly history: ReadableHistory<T>;
  readonly #parts: PastParts<Home>;
  #feed: PastFeed | null = null;
  #closed: Promise<void> | null = null;

  constructor(parts: PastParts<Home>) {
    this.#parts = parts;
    this.name = parts.open().name;
    this.tenant = parts.tenant;
    this.at = parts.at;
    this.history = new HistoryReader<T>(() => ({
      ...groundOf(this.#open()),
      require: (id) => this.#require(id),
      all: () => this.#alive(),
    }));
  }

  async getDocument(id: DocId): Promise<PastDoc<T>> {
    const ground = groundOf(this.#open());
    const record = this.#require(id);
    const { sha256 } = ground.platform.crypto;
    const changes = record.changes.map((bytes) => parseChange(bytes, sha256));
    return showPast<T>(ground, id, pastWith(record, changes));
  }

  async findDocument(id: DocId): Promise<PastDoc<T> | undefined> {
    const { purged } = this.#open().documents;
    return this.#parts.records.has(id) && !purged.has(id) ? this.getDocument(id) : undefined;
  }

  async getAllDocumentIds(): Promise<readonly DocId[]> {
    return this.#alive().flatMap(({ name, deleted }) => (deleted ? [] : [name]));
  }

  iterateChangesSince(cursor: string | null, options?: FeedOptions): AsyncIterable<FeedItem<T, PastDoc<T>>>;
  iterateChangesSince(cursor: string | null, options: RevisionOptions): AsyncIterable<RevisionItem<T, PastDoc<T>>>;
  iterateChangesSince(
    cursor: string | null,
    options: FeedOptions | RevisionOptions = {},
  ): AsyncIterable<FeedItem<T, PastDoc<T>>> {
    const { id, documents, sources } = this.#open();
    this.#feed ??= new PastFeed({
      database: id,
      sha256: documents.sha256,
      records: this.#alive(),
      sources,
      find: (name) => this.findDocument(name),
    });
    const feed = this.#feed;
    const items = options.revisions === true ? feed.revisions(cursor, options) : feed.documents(cursor, options);
    return items as AsyncIterable<unknown> as AsyncIterable<FeedItem<T, PastDoc<T>>>;
  }

  /** What is read of a document with Automerge; nothing of a deleted one. @throws CoreError DOC_NOT_FOUND | CLOSED */
  async readLoaded<R>(
    id: DocId,
    read: (automerge: AutomergeDocuments, live: LiveDocument) => readonly R[],
  ): Promise<readonly R[]> {
    const automerge = await this.#open().shelf.automerge();
    const { changes, deleted } = this.#require(id);
    if (deleted) return [];
    const live = automerge.loadDocument(changes);
    try {
      return read(automerge, live);
    } finally {
      automerge.freeDocument(live);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#parts.letGo();
    await this.#closed;
  }

  /** What is purged is gone from the past, too. */
  #alive(): readonly PastRecord[] {
    const { purged } = this.#open().documents;
    return [...this.#parts.records.values()].filter(({ name }) => !purged.has(name));
  }

  #require(id: DocId): PastRecord {
    this.#open().documents.requireAlive(id);
    const record = this.#parts.records.get(id);
    if (record === undefined) throw new CoreError("DOC_NOT_FOUND", "there was no document with this id");
    return record;
  }

  #open(): DatabaseParts {
    if (this.#closed !== null) throw new CoreError("CLOSED", "the database is closed");
    return this.#parts.open();
  }
}

/** A database that somebody lends, as it was. Let go when it is closed, or cannot be opened. @throws CoreError HEADS_UNKNOWN | VALUE_UNSUPPORTED */
export async function openPast<T extends object, Home>(
  { database, letGo }: { readonly database: OpenDatabase<object>; letGo(): Promise<void> },
  { at, tenant }: { readonly at: When; readonly tenant: Home },
): Promise<OpenPastDatabase<T, Home>> {
  const open = (): DatabaseParts => OpenDatabase.partsOf(database);
  try {
    const when = momentOf(at);
    await open().loading.whole();
    return new OpenPastDatabase<T, Home>({ open, tenant, at: when, records: await recordsAt(open(), when), letGo });
  } catch (error) {
    await letGo();
    throw error;
  }
}

async function recordsAt(parts: DatabaseParts, when: When): Promise<ReadonlyMap<DocId, PastRecord>> {
  const records = new Map<DocId, PastRecord>();
  for await (const [{ name, marks }, { changes, deleted }] of documentsAt(groundOf(parts), when))
    records.set(name, { name, changes: changes.map(({ bytes }) => bytes), marks: [...marks], deleted });
  return records;
}
