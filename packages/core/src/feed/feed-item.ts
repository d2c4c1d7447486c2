import type { HistoryItem, PastDoc } from "../database/history.ts";
import type { Doc } from "../document/doc-handle.ts";
import type { Cursor } from "./cursor.ts";

/**
 * What became of a document. `deleted`: somebody deleted it, or nothing of it counts any more. `hidden`: its key was taken from this
 * device's user, so that it is seen here as it was then. `revealed`: it was there before, and this device's user got its key. `purged`: an
 * admin removed it and its history.
 */
export type FeedItemType = "changed" | "deleted" | "hidden" | "revealed" | "purged";

/** A document that changed since a cursor, once, in its newest state. */
export interface FeedItem<T extends object, D extends PastDoc<T> = Doc<T>> {
  readonly type: FeedItemType;
  readonly doc: D;
  /** From where to go on once this has been dealt with. */
  readonly cursor: Cursor;
}

/** A change that counts since a cursor. */
export interface RevisionItem<T extends object, D extends PastDoc<T> = Doc<T>> extends FeedItem<T, D> {
  readonly type: "changed" | "deleted";
  /** As the history tells it. */
  readonly revision: HistoryItem;
}

export interface FeedOptions {
  /** Waits for the next change instead of ending. */
  readonly live?: boolean;
  /** Ends it: what waits rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  readonly revisions?: false;
}

/** Of the feed that gives each change. */
export interface RevisionOptions extends Omit<FeedOptions, "revisions"> {
  readonly revisions: true;
}
