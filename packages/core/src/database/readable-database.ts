import type { DocId } from "../document/doc-id.ts";
import type { FeedItem, FeedOptions, RevisionItem, RevisionOptions } from "../feed/feed-item.ts";
import type { PastDoc, ReadableHistory } from "./history.ts";

/** What can be read of a database, as it is or as it was: for who shows, copies or counts and changes nothing. */
export interface ReadableDatabase<T extends object> extends AsyncDisposable {
  readonly name: string;
  /** Who changed what, and what it was before. */
  readonly history: ReadableHistory<T>;
  /** A document, deleted or not. @throws CoreError DOC_NOT_FOUND | DOC_PURGED */
  getDocument(id: DocId): Promise<PastDoc<T>>;
  /** The same, or undefined when there is no such document. */
  findDocument(id: DocId): Promise<PastDoc<T> | undefined>;
  /** The ids of all documents that exist and are not deleted. */
  getAllDocumentIds(): Promise<readonly DocId[]>;
  /**
   * The documents that changed since a cursor, each once; all for null, deleted ones too. Of a database as it was they come in no order of
   * time, nothing is waited for, and a cursor is good for the same moment as long as nothing more of it comes to be known; else all comes again.
   * @throws CoreError CURSOR_INVALID
   */
  iterateChangesSince(cursor: string | null, options?: FeedOptions): AsyncIterable<FeedItem<T, PastDoc<T>>>;
  /** With `revisions`, each change, in each document after those it builds on. @throws CoreError CURSOR_INVALID */
  iterateChangesSince(cursor: string | null, options: RevisionOptions): AsyncIterable<RevisionItem<T, PastDoc<T>>>;
}
