import type { EntryStore } from "@selkie/store";
import type { Doc } from "../document/doc-handle.ts";
import type { DocId } from "../document/doc-id.ts";
import type { Off } from "../events.ts";

/** What a change callback edits: the document's data as plain objects, until the callback has returned. */
export interface Draft<T extends object> {
  readonly id: DocId;
  getData(): T;
}

export interface DatabaseEvents {
  /** A document has a new state, made here or received. */
  change: { readonly id: DocId };
  /** A received change counts for nothing, and why. */
  quarantined: { readonly entryId: string; readonly user: string; readonly reason: string };
}

/** One database of a tenant on this device: documents that can be read and edited at once, online or not. */
export interface Database<T extends object> extends AsyncDisposable {
  readonly name: string;
  /**
   * Creates a document; durable when it resolves.
   * @throws CoreError VALUE_UNSUPPORTED | DOC_EXISTS | WRITE_NOT_ALLOWED
   */
  createDocument(data?: T, options?: { id?: string }): Promise<Doc<T>>;
  /** Creates many documents, sealing about 100 of them into one entry; returns their ids in order. */
  createDocuments(rows: Iterable<T> | AsyncIterable<T>): Promise<readonly DocId[]>;
  /** @throws CoreError DOC_NOT_FOUND */
  getDocument(id: DocId): Promise<Doc<T>>;
  findDocument(id: DocId): Promise<Doc<T> | undefined>;
  /** The ids of all documents that exist and are not deleted. */
  getAllDocumentIds(): Promise<readonly DocId[]>;
  /**
   * Runs the callback on a draft and makes what it edited durable. An edit made after an `await` in the callback rejects with
   * CHANGE_CLOSED and nothing is applied; so does a callback that throws.
   */
  changeDoc(doc: Doc<T>, change: (draft: Draft<T>) => void | Promise<void>): Promise<Doc<T>>;
  deleteDocument(doc: Doc<T> | DocId): Promise<void>;
  /** The entries of this database, for `pullChangesFrom` and `pushChangesTo` of another. */
  getStore(): EntryStore;
  pullChangesFrom(store: EntryStore): Promise<{ entries: number }>;
  pushChangesTo(store: EntryStore): Promise<{ entries: number }>;
  on<Type extends keyof DatabaseEvents>(type: Type, listener: (event: DatabaseEvents[Type]) => void): Off;
}
