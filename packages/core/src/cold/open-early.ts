import type { DirectoryView } from "../directory/directory-view.ts";
import { docIdOf } from "../document/doc-id.ts";
import { CoreError } from "../errors.ts";
import type { JournalRow } from "../journal/journal-row.ts";
import type { TenantContext } from "../tenant/tenant-context.ts";
import { basisOf } from "./basis.ts";
import { type EarlyContext, EarlyDocuments } from "./early-documents.ts";
import type { Pages } from "./pages.ts";
import { type TouchedContext, touchedSince } from "./touched.ts";

export interface OpenEarlyContext extends Pick<EarlyContext, "documents" | "author" | "writer" | "readSaved"> {
  readonly context: TenantContext;
  readonly view: DirectoryView;
  readonly entries: TouchedContext["entries"];
  readonly pages: Pages;
  /** What no entry holds yet. */
  readonly rows: readonly JournalRow[];
  /** Whether parts of an entry are missing that should be here. */
  isMissing: TouchedContext["isMissing"];
}

/** What projections show of a database before its entries are read; null when they are of no use. */
export async function openEarly(at: OpenEarlyContext): Promise<EarlyDocuments | null> {
  const { context, view, entries, pages, rows, isMissing } = at;
  const { platform, ring, parts } = context;
  const { head } = pages;
  const directory = view.digest();
  if (head === null || directory === null) return null;
  const tags = await ring.tags(entries.database);
  if (basisOf(platform.crypto, { directory, tags, parts }) !== head.basis) return null;
  const touched = await touchedSince({ crypto: platform.crypto, ring, entries, isMissing }, head);
  if (touched === null) return null;
  if (touched === "lost") {
    platform.report(
      new CoreError("ENTRIES_LOST", "this device held entries of the database that are not here any more"),
    );
    return null;
  }
  return new EarlyDocuments({
    ...{ pages, platform, documents: at.documents, documentMemory: context.documentMemory },
    ...{ author: at.author, writer: at.writer, readSaved: at.readSaved },
    touched: new Set([...touched, ...rows.map(docIdOf)]),
    // What a run before this one left may have to be made anew, under another writer, before anything follows on it.
    isEditable: rows.length === 0,
  });
}
