import type { EntryStore } from "@selkie/store";
import type { ChangeRefusalCode } from "../automerge/change-error.ts";
import type { Path, TextDraft } from "../automerge/draft-text.ts";
import type { Doc } from "../document/doc-handle.ts";
import type { DocId } from "../document/doc-id.ts";
import type { Off } from "../events.ts";
import type { FeedItem, FeedOptions, RevisionItem, RevisionOptions } from "../feed/feed-item.ts";
import type { Quarantined } from "../replica/quarantine.ts";
import type { WaitOptions } from "../unless-aborted.ts";
import type { ChangeOptions, History } from "./history.ts";
import type { PurgeOptions, PurgeReport } from "./purge-report.ts";
import type { ReadableDatabase } from "./readable-database.ts";

/** What a change callback edits: the document's data as plain objects, until the callback has returned. */
export interface Draft<T extends object> {
  readonly id: DocId;
  /** To be edited in place, before the first `await`. A text that is assigned is a new one; `text` edits the one that is there. */
  getData(): T;
  /** The text at a path, `["chapters", 0, "body"]` for example, to be edited letter by letter. @throws CoreError VALUE_UNSUPPORTED */
  text(path: Path): TextDraft;
}

/** What a database announces; nothing has to be handled. */
export interface DatabaseEvents {
  /** A document has a new state, made here or received. */
  change: { readonly id: DocId };
  /**
   * Changes made here that had not left this device are gone from it, as its user became a reader: nobody else will ever see them. The
   * document shows what the others have.
   */
  unsent: { readonly id: DocId; readonly changes: number };
  /**
   * A copy made here (`copyToKey`) is gone: it was made after this device's rights had changed, before it knew, so that it counts nowhere.
   * Copy the document again. What was changed in the copy waits on this device, and never leaves it.
   */
  copyLost: { readonly id: DocId };
  /**
   * Changes made here had built on something that counts no more, such as what somebody wrote after their rights had ended. They are made
   * anew on what counts, so that everybody sees them; look whether they still say what was meant.
   */
  reissued: { readonly id: DocId; readonly changes: number };
  /**
   * Changes made here build on something that counts no more or is not here, and could not be made anew: nobody sees them. The document
   * shows what counts, and is edited on: make again what is still meant.
   */
  waiting: { readonly id: DocId; readonly changes: number };
  /**
   * Changes made here are left out of a document, and are sent to nobody, as every device would refuse them; `reason` is a code of
   * docs/errors.md. They stay on this device, sealed, and are tried again whenever the database is opened.
   */
  setAside: { readonly id: DocId; readonly changes: number; readonly reason: ChangeRefusalCode };
  /**
   * An admin purged this document: it is gone from here, and its id is dead. `changes` made here that the admin did not know go with it; nobody
   * else sees them. What others write in it later is announced as `quarantined`, with DOC_PURGED.
   */
  purged: { readonly id: DocId; readonly changes: number };
  /**
   * The database was opened before its entries were read, and they are read now, in the background: `entries` of `of` so far. Documents show
   * what was remembered of them until then.
   */
  verifying: { readonly entries: number; readonly of: number };
  /** They are, and what was remembered was held against them: of these documents it was something else, and they are right now. */
  verified: { readonly corrected: readonly DocId[] };
  /** A received change counts for nothing; `reason` is a code of docs/errors.md, `entryId` in hex. */
  quarantined: Quarantined;
}

/** What a transaction is made of: as in the database, and seen by nobody before the transaction has ended. */
export type DatabaseTransaction<T extends object, In = T> = Pick<
  Database<T, In>,
  "createDocument" | "changeDoc" | "deleteDocument"
>;

/** One database of a tenant on this device: documents that can be read and edited at once, online or not. */
export interface Database<T extends object, In = T> extends ReadableDatabase<T> {
  /** Who changed what, and what it was before. */
  readonly history: History<T>;
  /**
   * Creates a document; durable when it resolves. `id` is a name of the app's choice, from which every device gets the same document id
   * under the same key, `docIdNamed` before it is there, too. `key` names a key of the directory (default: that of `openDB`, or that of the tenant): only who holds it can read the document, or sees that it exists.
   * @throws CoreError SCHEMA_MISMATCH | VALUE_UNSUPPORTED | CHANGE_TOO_LARGE | DOC_EXISTS | WRITE_NOT_ALLOWED | KEY_UNKNOWN | NOT_ENTITLED
   */
  createDocument(data: In, options?: { id?: string; key?: string }): Promise<Doc<T>>;
  /** An empty one, where no field is required. */
  createDocument(...none: Record<never, never> extends In ? [] : [never]): Promise<Doc<T>>;
  /**
   * Creates many documents, sealing about 100 of them into one entry; returns their ids in order, once all are durable. When it rejects,
   * rows before the one that cannot be written may be there, in groups of 1,000; the error's `row` is the number of that one, from 0.
   * @throws CoreError SCHEMA_MISMATCH | VALUE_UNSUPPORTED | CHANGE_TOO_LARGE | WRITE_NOT_ALLOWED | KEY_UNKNOWN | NOT_ENTITLED
   */
  createDocuments(rows: Iterable<In> | AsyncIterable<In>, options?: { key?: string }): Promise<readonly DocId[]>;
  /** The live handle of a document, deleted or not. @throws CoreError DOC_NOT_FOUND | DOC_PURGED */
  getDocument(id: DocId): Promise<Doc<T>>;
  /** The same, or undefined when this device knows no such document. */
  findDocument(id: DocId): Promise<Doc<T> | undefined>;
  /** The ids of all documents that exist and are not deleted. */
  getAllDocumentIds(): Promise<readonly DocId[]>;
  /**
   * Runs the callback on a draft and makes what it edited durable. An edit made after an `await` in the callback rejects with
   * CHANGE_CLOSED, a callback that throws with what it threw; nothing is applied then.
   * @throws CoreError CHANGE_CLOSED | CHANGE_TOO_LARGE | SCHEMA_MISMATCH | VALUE_UNSUPPORTED | DOC_NOT_FOUND | DOC_DELETED | WRITE_NOT_ALLOWED | NOT_ENTITLED
   */
  changeDoc(
    doc: Doc<T> | DocId,
    change: (draft: Draft<T>) => void | Promise<void>,
    options?: ChangeOptions,
  ): Promise<Doc<T>>;
  /** Deletes a document here and everywhere, until somebody undeletes it. @throws CoreError DOC_NOT_FOUND | WRITE_NOT_ALLOWED | NOT_ENTITLED */
  deleteDocument(doc: Doc<T> | DocId, options?: ChangeOptions): Promise<void>;
  /**
   * Brings a deleted document back, as it was; nothing happens to one that is not deleted. Of a deletion and an undeletion at once the
   * undeletion counts only when it knew of the deletion.
   * @throws CoreError DOC_NOT_FOUND | WRITE_NOT_ALLOWED | NOT_ENTITLED
   */
  undeleteDocument(doc: Doc<T> | DocId, options?: ChangeOptions): Promise<Doc<T>>;
  /**
   * The documents that changed since a cursor, each once, in its newest state; since ever for null. Deleted ones come too. Keep the cursor
   * of the last item that was dealt with: it is good after a restart or a crash, and where it cannot be certain of something, what is
   * doubtful comes again. What changes while this goes on comes again too, in this call or a later one; with `live` it waits for
   * that instead of ending, until the signal, a `break` or closing the database ends it.
   * @throws CoreError CURSOR_INVALID
   */
  iterateChangesSince(cursor: string | null, options?: FeedOptions): AsyncIterable<FeedItem<T>>;
  /**
   * With `revisions`, each change that counts since a cursor, as the history tells it, after those it builds on. One that counts no more
   * is not taken back, and comes again when it counts again. Cursors of documents and of revisions are different ones.
   * @throws CoreError CURSOR_INVALID
   */
  iterateChangesSince(cursor: string | null, options: RevisionOptions): AsyncIterable<RevisionItem<T>>;
  /**
   * Makes changes of several documents as one: all of them are made when it resolves, or none; others see them together. What was done shows
   * in a draft of the transaction, and in the documents once it has ended. When a document that it changes was edited here meanwhile,
   * `run` is run again, up to five times: it should do nothing else. A `message` is that of each change that has none of its own. All of it has to fit into one entry: up to 100 documents and 512 KB.
   * @throws CoreError TRANSACTION_CONFLICT | TRANSACTION_TOO_LARGE, what `run` threw, and what the three methods throw
   */
  transact<R>(run: (tx: DatabaseTransaction<T, In>) => Promise<R>, options?: ChangeOptions): Promise<R>;
  /**
   * Removes a document with its whole history, here and on every device of the tenant and at relays; by an admin. Its id is dead from now
   * on. With `keep` its newest state becomes a new document. Parts are dropped once the setting `purgeAfter` says so; at once where admins of two
   * people purge the same. Doing it again gives the report of that time, and takes in what came since.
   * @throws CoreError NOT_ADMIN | DOC_NOT_FOUND | DOC_DELETED when a deleted document's state is to be kept | DIRECTORY_STALE | UPDATE_NEEDED
   */
  purgeDocHistory(doc: Doc<T> | DocId, options?: PurgeOptions): Promise<PurgeReport>;
  /**
   * The entries of this database, for `pullChangesFrom` and `pushChangesTo` of another. Both reject with `DIRECTORY_STALE` or
   * `UPDATE_NEEDED` when something that was written at the source has to wait; all else is copied then. Between two databases of open
   * clients what is new of the tenant's directory comes along, first.
   */
  getStore(): EntryStore;
  /** Takes the entries that `store` has and this database lacks; applied when it resolves. @throws CoreError DATABASE_OTHER; the signal's reason */
  pullChangesFrom(store: EntryStore, options?: WaitOptions): Promise<{ entries: number }>;
  /** Gives `store` the entries that it lacks. @throws CoreError DATABASE_OTHER; the signal's reason */
  pushChangesTo(store: EntryStore, options?: WaitOptions): Promise<{ entries: number }>;
  /** Calls the listener at every such event, until the function it returns is called. */
  on<Type extends keyof DatabaseEvents>(type: Type, listener: (event: DatabaseEvents[Type]) => void): Off;
}
