// What functions over a database begin with: from what an app holds to what is behind it.
import { idOf } from "../document/doc-handle.ts";
import type { DocId } from "../document/doc-id.ts";
import type { DocumentRecord } from "../document/document-record.ts";
import { giveWay } from "../give-way.ts";
import type { DerivedRows } from "../local/derived-rows.ts";
import { unlessAborted, type WaitOptions } from "../unless-aborted.ts";
import type { DatabaseParts } from "./database-parts.ts";
import type { PastDoc } from "./history.ts";
import { OpenDatabase } from "./open-database.ts";
import type { ReadableDatabase } from "./readable-database.ts";

/** @throws CoreError CLOSED */
export function partsOf(database: ReadableDatabase<object>): DatabaseParts {
  if (!(database instanceof OpenDatabase)) throw notOpened();
  return OpenDatabase.partsOf(database);
}

/** The same once all documents are loaded. @throws CoreError CLOSED */
export async function loadedPartsOf(database: ReadableDatabase<object>): Promise<DatabaseParts> {
  const { loading } = partsOf(database);
  if (!loading.isDone) await loading.whole();
  return partsOf(database);
}

/** Resolves when what a database shows is what its entries say, as `verified` tells. @throws CoreError CLOSED; the signal's reason */
export async function whenVerified(database: ReadableDatabase<object>, { signal }: WaitOptions = {}): Promise<void> {
  await unlessAborted(partsOf(database).loading.verified(), signal);
}

/**
 * The id of the document that `createDocument` makes for this `id` of the app's choice, under this key of the directory (default: that of
 * `openDB`, or that of the tenant): the same on every device, also before the document is there. @throws CoreError KEY_UNKNOWN | CLOSED
 */
export function docIdNamed(
  database: ReadableDatabase<object>,
  name: string,
  { key }: { readonly key?: string } = {},
): DocId {
  if (!(database instanceof OpenDatabase)) throw notOpened();
  return database.idNamed(name, key);
}

/** @throws CoreError DOC_NOT_FOUND */
export function recordOf({ documents }: DatabaseParts, doc: PastDoc<object> | DocId): DocumentRecord {
  return documents.require(idOf(doc));
}

/**
 * Rows of this name that belong to a database, for whoever derives something from it: null when somebody has taken them already, and for a
 * database as it was. @throws CoreError CLOSED
 */
export function derivedRowsOf(database: Pick<ReadableDatabase<object>, "name">, name: string): DerivedRows | null {
  return database instanceof OpenDatabase ? OpenDatabase.partsOf(database).derived.take(name) : null;
}

/**
 * The names under which something derived from a database is kept on this device, each with whether somebody has the rows now (`derivedRowsOf`);
 * none for a database as it was. @throws CoreError CLOSED
 */
export async function derivedNamesOf(
  database: Pick<ReadableDatabase<object>, "name">,
): Promise<ReadonlyMap<string, { readonly isTaken: boolean }>> {
  return database instanceof OpenDatabase ? OpenDatabase.partsOf(database).derived.names() : new Map();
}

/**
 * Removes what is kept under some names, on this device alone. @returns false, with nothing done, where somebody has rows of one of them
 * @throws CoreError CLOSED
 */
export async function dropDerivedRows(
  database: Pick<ReadableDatabase<object>, "name">,
  names: readonly string[],
): Promise<boolean> {
  return database instanceof OpenDatabase ? OpenDatabase.partsOf(database).derived.drop(names) : true;
}

/** Resolves once whoever waits has had a turn, for who is about to read much of a database that nobody asks for yet. @throws CoreError CLOSED */
export async function othersFirst(database: Pick<ReadableDatabase<object>, "name">): Promise<void> {
  if (!(database instanceof OpenDatabase)) return;
  await giveWay(OpenDatabase.partsOf(database).platform);
}

const notOpened = (): TypeError => new TypeError("not a database that was opened here");
