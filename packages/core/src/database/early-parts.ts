import type { EarlyDocuments } from "../cold/early-documents.ts";
import type { DocId } from "../document/doc-id.ts";
import type { DatabaseParts } from "./database-parts.ts";

/**
 * The parts of a database whose entries are not read yet, for whoever makes a change of a document, or creates one; null where only the
 * entries tell of that document.
 */
export async function earlyParts(
  all: DatabaseParts,
  early: EarlyDocuments,
  name: DocId | null,
): Promise<DatabaseParts | null> {
  if (!early.isEditable || (name !== null && (await early.record(name)) === null)) return null;
  const { documents, ownChanges, shelf } = early;
  const parts: DatabaseParts = {
    ...{ ...all, documents, ownChanges, shelf },
    now: () => (early.isOver ? all : parts),
    waitFor: (work) => all.writes.outside(work),
  };
  return parts;
}
