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
  early: EarlyDocuments,
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
  await shelf.showAll(others.map((record) => [record, "reset"]));
  return others;
}
