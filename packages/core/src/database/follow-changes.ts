// The change feed, for who follows it in memory and seldom keeps how far it came: a view, an index.
import type { Waiting } from "../feed/feed.ts";
import type { FeedItem, FeedOptions } from "../feed/feed-item.ts";
import type { PastDoc } from "./history.ts";
import { OpenDatabase } from "./open-database.ts";
import { partsOf } from "./over-database.ts";

/** A database as it is, as it was, or read through others. */
interface Followed<T extends object> {
  iterateChangesSince(cursor: string | null, options?: FeedOptions): AsyncIterable<FeedItem<T, PastDoc<T>>>;
}

/**
 * As `iterateChangesSince`, with cursors that are good while the database is open: to follow writes nothing. They are to be kept after
 * `keepCursors` alone: after a crash another one begins anew, and what is gone since is not told.
 * @throws what the feed of that database throws
 */
export function followChanges<T extends object>(
  database: Followed<T>,
  cursor: string | null,
  options: FeedOptions = {},
): AsyncIterable<FeedItem<T, PastDoc<T>>> {
  const following: Waiting = { ...options, isLasting: false };
  return database.iterateChangesSince(cursor, following);
}

/** Makes the cursors last that `followChanges` gave. @throws CoreError CLOSED; what the disk throws */
export async function keepCursors(database: object): Promise<void> {
  if (database instanceof OpenDatabase) await partsOf(database).feed.keep();
}
