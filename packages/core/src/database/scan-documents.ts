// All documents of a database, for who looks at many and keeps none: a first index, a query without one.

import { decodeProjection } from "../cold/projection.ts";
import { type Doc, DocHandle } from "../document/doc-handle.ts";
import { type DocId, placeOf } from "../document/doc-id.ts";
import type { Cursor } from "../feed/cursor.ts";
import type { FeedItem, FeedOptions } from "../feed/feed-item.ts";
import { AT_ONCE } from "../give-way.ts";
import type { WaitOptions } from "../unless-aborted.ts";
import type { DatabaseParts } from "./database-parts.ts";
import type { PastDoc } from "./history.ts";
import { OpenDatabase } from "./open-database.ts";
import { loadedPartsOf, othersFirst, partsOf } from "./over-database.ts";

/** A database as it is, as it was, or read through others. */
interface Followed<T extends object> {
  iterateChangesSince(cursor: string | null, options?: FeedOptions): AsyncIterable<FeedItem<T, PastDoc<T>>>;
}

/** A document that is shown. */
export interface ScannedDocument<T extends object> {
  readonly id: DocId;
  /** As it is when it is asked for, or was when it came. */
  getData(): Readonly<T>;
  /** From where the change feed goes on once the scan has come to its end: what changed since it began comes there. */
  readonly cursor: Cursor;
}

interface ScanOptions extends WaitOptions {
  /** Whether its cursor may be kept at once; else after `keepCursors`, as those of `followChanges`. True when nothing is said. */
  readonly isLasting?: boolean;
}

/**
 * All documents that exist, that nobody deleted and of which this device's user has the key, each once, in no order. No handles are made, and
 * no document stays loaded for it: most are read from projections.
 * @throws CoreError CLOSED, also when the database is closed meanwhile; what the change feed of a past or of a remote database throws; the signal's reason
 */
export function scanDocuments<T extends object>(
  database: Followed<T>,
  options: ScanOptions = {},
): AsyncIterable<ScannedDocument<T>> {
  if (!(database instanceof OpenDatabase)) return scanFeed(database, options);
  return scanOpen(database, options) as AsyncIterable<unknown> as AsyncIterable<ScannedDocument<T>>;
}

async function* scanFeed<T extends object>(
  database: Followed<T>,
  options: FeedOptions,
): AsyncIterable<ScannedDocument<T>> {
  for await (const { type, doc, cursor } of database.iterateChangesSince(null, options))
    if (type === "changed" || type === "revealed") yield { id: doc.id, cursor, getData: () => doc.getData() };
}

async function* scanOpen(
  database: OpenDatabase<object, object, unknown>,
  options: ScanOptions,
): AsyncIterable<ScannedDocument<object>> {
  const { feed, loading, early, currentRows } = await loadedPartsOf(database);
  // Rows are good once they were held against the documents.
  if (early !== null) await loading.verified().catch(() => undefined);
  const { ids, cursor } = await feed.shown(options);
  const rows = currentRows();
  let given = 0;
  for (const id of rows.inOrder(ids)) {
    options.signal?.throwIfAborted();
    const parts = partsOf(database);
    const found = rows.find(id);
    const row = found instanceof Promise ? await found : found;
    const getData = row === null ? await dataOf(parts, id) : () => decodeProjection(row.projection);
    if (getData === null || parts.documents.purged.has(id)) continue;
    yield { id, cursor, getData };
    given += 1;
    if (given % AT_ONCE === 0) await othersFirst(database);
  }
}

/** What no row tells; null for one that is not there any more. */
async function dataOf(
  { documents, shelf }: Pick<DatabaseParts, "documents" | "shelf">,
  id: DocId,
): Promise<(() => object) | null> {
  const record = documents.peek(id);
  if (record === undefined || record.deleted) return null;
  const looked = record.handle?.deref() ?? (await shelf.look(record));
  if (looked === null) return dataOfHandle(await shelf.handle(documents.ensure(placeOf(id)))); // somebody is editing it
  if (looked instanceof DocHandle) return dataOfHandle(looked);
  return looked.deleted ? null : () => looked.data();
}

const dataOfHandle = (doc: Doc<object>): (() => object) | null => (doc.isDeleted() ? null : () => doc.getData());
