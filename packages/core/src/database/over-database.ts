// What functions over a database begin with: from what an app holds to what is behind it.
import { idOf } from "../document/doc-handle.ts";
import type { DocId } from "../document/doc-id.ts";
import type { DocumentRecord } from "../document/document-record.ts";
import { unlessAborted, type WaitOptions } from "../unless-aborted.ts";
import type { DatabaseParts } from "./database-parts.ts";
import type { PastDoc } from "./history.ts";
import { OpenDatabase } from "./open-database.ts";
import type { ReadableDatabase } from "./readable-database.ts";

/** @throws CoreError CLOSED */
export function partsOf(database: ReadableDatabase<object>): DatabaseParts {
  if (!(database instanceof OpenDatabase)) throw new TypeError("not a database that was opened here");
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

/** @throws CoreError DOC_NOT_FOUND */
export function recordOf({ documents }: DatabaseParts, doc: PastDoc<object> | DocId): DocumentRecord {
  return documents.require(idOf(doc));
}
