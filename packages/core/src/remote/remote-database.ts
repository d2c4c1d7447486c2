import { parseChange } from "../automerge/change-chunk.ts";
import type { DatabaseEvents } from "../database/database.ts";
import type { PastDoc } from "../database/history.ts";
import { type HistoryGround, showPast } from "../database/history-reader.ts";
import { pastWith } from "../database/past.ts";
import { DocHandle, NOTHING } from "../document/doc-handle.ts";
import type { DocId } from "../document/doc-id.ts";
import type { DocumentRecord } from "../document/document-record.ts";
import type { Documents } from "../document/documents.ts";
import { CoreError } from "../errors.ts";
import type { Events, Off } from "../events.ts";
import type { FeedItem, FeedOptions } from "../feed/feed-item.ts";
import type { ReadDoc, RemoteFeed } from "./remote-feed.ts";
import type { RemoteIndex } from "./remote-index.ts";
import type { RemoteReader } from "./remote-reader.ts";

/** What a database tells that is read through others. */
export type RemoteEvents = Pick<DatabaseEvents, "change" | "quarantined">;

/**
 * A database that is read through whoever is connected, without a replica of its own: the headers of its entries are kept, and are verified
 * like those of any other; what a document consists of is asked for when it is read, and kept, sealed, as long as there is room. Documents
 * are shown as they are when they are read: listen for `change`, or follow the feed. To write, open it as a whole replica.
 */
export interface RemoteDatabase<T extends object> extends AsyncDisposable {
  readonly name: string;
  /**
   * A document, deleted or not.
   * @throws CoreError DOC_NOT_FOUND | DOC_PURGED; REPLICA_OFFLINE, at once, when something of it is not here and nobody is connected;
   * PART_MISSING when nobody who is has it; CLOSED
   */
  getDocument(id: DocId): Promise<PastDoc<T>>;
  /** The same, or undefined when there is no such document. */
  findDocument(id: DocId): Promise<PastDoc<T> | undefined>;
  /** The ids of all documents that exist and are not deleted. Reads those that somebody deleted, or took that back. @throws as `getDocument` */
  getAllDocumentIds(): Promise<readonly DocId[]>;
  /** The documents that changed since a cursor, each once; all for null, deleted ones too. Reads them in batches. @throws CoreError CURSOR_INVALID, and as `getDocument` */
  iterateChangesSince(cursor: string | null, options?: FeedOptions): AsyncIterable<FeedItem<T, PastDoc<T>>>;
  on<Type extends keyof RemoteEvents>(type: Type, listener: (event: RemoteEvents[Type]) => void): Off;
}

/** Documents that are read to tell whether they are deleted, at a time. */
const AT_ONCE = 64;

/** What such a database is made of. */
export interface RemoteParts {
  readonly name: string;
  readonly ground: Pick<HistoryGround, "platform" | "shelf">;
  readonly events: Events<DatabaseEvents>;
  readonly documents: Documents;
  readonly index: RemoteIndex;
  readonly reader: RemoteReader;
  feed(): RemoteFeed;
  close(): Promise<void>;
}

interface Opened {
  readonly parts: RemoteParts;
  closed: Promise<void> | null;
}

/** The one implementation of `RemoteDatabase`; all handles of one share what is open. */
export class OpenRemoteDatabase<T extends object, Home = unknown> implements RemoteDatabase<T> {
  readonly name: string;
  readonly tenant: Home;
  readonly #opened: Opened;

  private constructor(opened: Opened, tenant: Home) {
    this.name = opened.parts.name;
    this.tenant = tenant;
    this.#opened = opened;
  }

  static untyped(parts: RemoteParts): OpenRemoteDatabase<object> {
    return new OpenRemoteDatabase({ parts, closed: null }, null);
  }

  /** The same database as one of this tenant. */
  of<S extends object, Tenant>(tenant: Tenant): OpenRemoteDatabase<S, Tenant> {
    return new OpenRemoteDatabase(this.#opened, tenant);
  }

  async getDocument(id: DocId): Promise<PastDoc<T>> {
    this.#open().documents.requireAlive(id);
    const doc = await this.findDocument(id);
    if (doc === undefined) throw new CoreError("DOC_NOT_FOUND", "no document with this id is known here");
    return doc;
  }

  async findDocument(id: DocId): Promise<PastDoc<T> | undefined> {
    const parts = this.#open();
    if (!(await this.#isKnown(id))) return undefined;
    const records = parts.documents.purged.has(id) ? new Map() : await parts.reader.read([id]);
    const read = (await shown(parts, [id], records)).get(id);
    return read?.isKnown === true ? (read.doc as PastDoc<T>) : undefined;
  }

  async getAllDocumentIds(): Promise<readonly DocId[]> {
    const { index, reader } = this.#open();
    await reader.tell();
    const names = [...index.names()];
    const marked = names.filter((name) => index.isMarked(name));
    const gone = new Set<DocId>();
    for (let at = 0; at < marked.length; at += AT_ONCE) {
      const some = marked.slice(at, at + AT_ONCE);
      const { records } = await reader.readSome(some);
      for (const name of some) if (records.get(name)?.deleted !== false) gone.add(name);
    }
    return names.filter((name) => !gone.has(name));
  }

  iterateChangesSince(cursor: string | null, options: FeedOptions = {}): AsyncIterable<FeedItem<T, PastDoc<T>>> {
    const { index, feed } = this.#open();
    const items: AsyncIterable<unknown> =
      index.untold.length > 0 ? this.#toldFirst(cursor, options) : feed().since(cursor, options);
    return items as AsyncIterable<FeedItem<T, PastDoc<T>>>;
  }

  on<Type extends keyof RemoteEvents>(type: Type, listener: (event: RemoteEvents[Type]) => void): Off {
    return this.#open().events.on(type, listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#opened.closed ??= this.#opened.parts.close();
    await this.#opened.closed;
  }

  async *#toldFirst(cursor: string | null, options: FeedOptions): AsyncIterable<unknown> {
    const { reader, feed } = this.#open();
    await reader.tell();
    yield* feed().since(cursor, options);
  }

  async #isKnown(id: DocId): Promise<boolean> {
    const { index, reader } = this.#open();
    await reader.tell();
    return index.has(id);
  }

  #open(): RemoteParts {
    if (this.#opened.closed !== null) throw new CoreError("CLOSED", "the database is closed");
    return this.#opened.parts;
  }
}

/** Documents as they are now, as far as others have what they consist of. @throws CoreError REPLICA_OFFLINE */
export async function readDocuments(
  parts: Pick<RemoteParts, "ground" | "documents" | "reader">,
  names: readonly DocId[],
): Promise<ReadonlyMap<DocId, ReadDoc>> {
  const alive = names.filter((name) => !parts.documents.purged.has(name));
  const { records } = await parts.reader.readSome(alive);
  return shown(parts, names, records);
}

/** Of one that is dead, or of which nothing counts, there is nothing to see. */
async function shown(
  { ground, documents }: Pick<RemoteParts, "ground" | "documents">,
  names: readonly DocId[],
  records: ReadonlyMap<DocId, DocumentRecord>,
): Promise<ReadonlyMap<DocId, ReadDoc & { readonly isKnown: boolean }>> {
  const docs = new Map<DocId, ReadDoc & { readonly isKnown: boolean }>();
  for (const name of names) {
    const record = records.get(name);
    const changes = (record?.changes ?? []).map((bytes) => parseChange(bytes, documents.sha256));
    const past = record === undefined ? null : pastWith(record, changes);
    const doc = past === null ? nothing(name) : await showPast<object>(ground, name, past);
    docs.set(name, { doc, isThere: past?.deleted === false, isKnown: past !== null });
  }
  return docs;

  function nothing(name: DocId): PastDoc<object> {
    return new DocHandle<object>(name, { data: () => NOTHING, deleted: true, heads: [] }, ground.platform.report);
  }
}
