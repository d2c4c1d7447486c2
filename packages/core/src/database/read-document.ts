// What of a document its data does not show.
import type { LiveDocument } from "../automerge/document.ts";
import type { Path, TextMark } from "../automerge/draft-text.ts";
import type { AutomergeDocuments } from "../document/automerge-documents.ts";
import type { DocId } from "../document/doc-id.ts";
import { editsOf } from "../document/document-record.ts";
import type { PastDoc } from "./history.ts";
import { loadedPartsOf, recordOf } from "./over-database.ts";
import { OpenPastDatabase } from "./past-database.ts";
import type { ReadableDatabase } from "./readable-database.ts";

/** The marks of the text at a path, as `TextDraft.marks` gives them; none where there is no text. @throws CoreError DOC_NOT_FOUND | CLOSED */
export function marksOf<T extends object>(
  database: ReadableDatabase<T>,
  doc: PastDoc<T> | DocId,
  path: Path,
): Promise<readonly TextMark[]> {
  return readLive(database, doc, (automerge, live) => automerge.marksAt(live, path));
}

/**
 * What was assigned to the field or element at a path and was not known to whom assigned it last: more than one value is a conflict. The
 * one that shows comes first; to resolve it, assign what is meant. None where there is nothing.
 * @throws CoreError DOC_NOT_FOUND | CLOSED
 */
export function valuesAt<T extends object>(
  database: ReadableDatabase<T>,
  doc: PastDoc<T> | DocId,
  path: Path,
): Promise<readonly unknown[]> {
  return readLive(database, doc, (automerge, live) => automerge.valuesAt(live, path));
}

async function readLive<T extends object, R>(
  database: ReadableDatabase<T>,
  doc: PastDoc<T> | DocId,
  read: (automerge: AutomergeDocuments, live: LiveDocument) => readonly R[],
): Promise<readonly R[]> {
  if (database instanceof OpenPastDatabase) return database.readLoaded(typeof doc === "string" ? doc : doc.id, read);
  const parts = await loadedPartsOf(database);
  const record = recordOf(parts, doc);
  const automerge = await parts.shelf.automerge();
  // Between two edits: what one has done so far may come to nothing.
  return editsOf(record).run(async () => {
    await parts.shelf.fetch(record);
    return record.deleted ? [] : read(automerge, parts.shelf.live(automerge, record));
  });
}
