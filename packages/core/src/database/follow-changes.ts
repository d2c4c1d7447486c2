// The change feed, for who follows it in memory and seldom keeps how far it came: a view, an index.

import type { Waiting } from "../feed/feed.ts";
import type { FeedItem, FeedOptions } from "../feed/feed-item.ts";
import type { PastDoc } from "./history.ts";
import { OpenDatabase } from "./open-database.ts";
import { loadedPartsOf, partsOf } from "./over-database.ts";

/** A database as it is, as it was, or read through others. */
interface Followed<T extends object> {
  iterateChangesSince(cursor: string | null, options?: FeedOptions): AsyncIterable<FeedItem<T, PastDoc<T>>>;
}

/**
 * As `iterateChangesSince`, with cursors that are good while the database is open: to follow writes nothing. They are to be kept after
 * `keepCursors` alone; one that was kept before may begin anew.
 * @throws what the feed of that database throws
 */
export function followChanges<T extends object>(
  database: Followed<T>,
  cursor: string | null,
  options: FeedOptions = {},
): AsyncIterable<FeedItem<T, PastDoc<T>>> {
  if (!(database instanceof OpenDatabase)) return database.iterateChangesSince(cursor, options);
  const following = { ...options, isLasting: false };
  const { loading, feed } = partsOf(database);
  const items = loading.isDone ? feed.documents(cursor, following) : onceLoaded(database, cursor, following);
  return items as AsyncIterable<unknown> as AsyncIterable<FeedItem<T, PastDoc<T>>>;
}

/** Makes the cursors last that `followChanges` gave. @throws CoreError CLOSED; what the disk throws */
export async function keepCursors(database: object): Promise<void> {
  if (database instanceof OpenDatabase) await partsOf(database).feed.keep();
}

async function* onceLoaded(
  database: OpenDatabase<object, object, unknown>,
  cursor: string | null,
  options: Waiting,
): AsyncIterable<FeedItem<object>> {
  const { feed } = await loadedPartsOf(database);
  yield* feed.documents(cursor, options);
}
