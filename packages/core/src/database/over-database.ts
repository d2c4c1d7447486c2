// What functions over a database begin with: from what an app holds to what is behind it.
import type { Doc } from "../document/doc-handle.ts";
import type { DocId } from "../document/doc-id.ts";
import type { DocumentRecord } from "../document/document-record.ts";
import type { Database } from "./database.ts";
import type { DatabaseParts } from "./database-parts.ts";
import { OpenDatabase } from "./open-database.ts";

/** @throws CoreError CLOSED */
export function partsOf(database: Database<object>): DatabaseParts {
  if (!(database instanceof OpenDatabase)) throw new TypeError("not a database that was opened here");
  return OpenDatabase.partsOf(database);
}

/** @throws CoreError DOC_NOT_FOUND */
export function recordOf({ documents }: DatabaseParts, doc: Doc<object> | DocId): DocumentRecord {
  return documents.require(typeof doc === "string" ? doc : doc.id);
}
