import { placeOf } from "../document/doc-id.ts";
import type { DocumentRecord } from "../document/document-record.ts";
import type { Documents } from "../document/documents.ts";
import type { Shelf } from "../document/shelf.ts";
import type { EarlyDocuments } from "./early-documents.ts";
import { headsIn } from "./heads.ts";

/**
 * Makes the handles of documents that were shown early those of the documents as their entries say, and moves those on that showed something
 * else. @returns these
 */
export async function handOver(
  early: Pick<EarlyDocuments, "close" | "shelf" | "documents">,
  documents: Documents,
  shelf: Shelf,
): Promise<readonly DocumentRecord[]> {
  const others: DocumentRecord[] = [];
  for (const [name, handle] of early.close()) {
    const shown = handle.deref();
    if (shown === undefined) continue;
    const record = documents.ensure(placeOf(name));
    record.handle = handle;
    const heads = headsIn(record.changes, documents.sha256);
    if (shown.isDeleted() !== record.deleted || shown.getHeads().join() !== heads.join()) others.push(record);
  }
  // Whoever edits one meanwhile goes on in the other, behind those who came first.
  for (const { name, edits } of early.documents.all()) documents.ensure(placeOf(name)).edits = edits;
  await early.shelf.close();
  await shelf.showAll(others.map((record) => [record, "reset"]));
  return others;
}
