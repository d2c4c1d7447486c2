import { toHex } from "@selkie/entry";
import { actorIn, type DocumentRecord } from "../document/document-record.ts";
import { CoreError } from "../errors.ts";
import type { DatabaseParts } from "./database-parts.ts";

/** What to do with a document: run an edit on its data, or mark it deleted. */
export type Edit = ((data: object) => void | Promise<void>) | "delete" | "undelete";

/** Makes one local change of a document: durable when it resolves, nothing of it left when it rejects. */
export async function editDocument(parts: DatabaseParts, record: DocumentRecord, edit: Edit): Promise<void> {
  const placed = await record.edits.run(() => place(parts, record, edit));
  await placed?.durable;
}

/** One edit at a time in a document, up to its place in the journal. */
async function place(
  parts: DatabaseParts,
  record: DocumentRecord,
  edit: Edit,
): Promise<{ durable: Promise<void> } | null> {
  const { platform, documents, chain, writes, shelf, keyId } = parts;
  if (edit === "delete" && record.deleted) return null;
  if (typeof edit === "function" && record.deleted) throw new CoreError("DOC_DELETED", "the document is deleted");
  const automerge = await shelf.automerge();
  const writer = await chain.writer();
  const actor = actorIn(platform.crypto, record, writer);
  const kind = typeof edit === "string" ? edit : "change";
  record.busy = true;
  try {
    const live = shelf.live(automerge, record);
    const made =
      typeof edit === "string"
        ? { change: automerge.emptyChange(live, actor), result: undefined }
        : automerge.editDocument(live, actor, edit);
    await made.result;
    // An edit after an `await` lands outside the change; bare Automerge would drop it silently.
    if (automerge.hasLooseEdits(live))
      throw new CoreError("CHANGE_CLOSED", "the document was edited after the change callback had awaited");
    if (made.change === null) {
      automerge.endEdit(live);
      return null;
    }
    const change = documents.own(record, writer, kind, made.change);
    live.heads = [toHex(change.hash)]; // it follows on everything the document holds
    record.keyId ??= keyId();
    const placed = await writes.journal({ record, kind, counter: null, change, keyId: record.keyId });
    automerge.endEdit(live);
    shelf.show(automerge, record);
    return placed;
  } catch (error) {
    await shelf.reload(record);
    throw error;
  } finally {
    await shelf.release(record);
  }
}
