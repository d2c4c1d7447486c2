import type { Edit as DocumentEdit } from "../automerge/document.ts";
import { guardMessage } from "../automerge/values.ts";
import { actorIn, type DocumentRecord, editsOf } from "../document/document-record.ts";
import { CoreError } from "../errors.ts";
import type { DatabaseParts } from "./database-parts.ts";

/** What to do with a document: run an edit on its data, or mark it deleted. */
export type Edit = DocumentEdit<void | Promise<void>> | "delete" | "undelete";

/** Makes one local change of a document: durable when it resolves, nothing of it left when it rejects. */
export async function editDocument(
  parts: DatabaseParts,
  record: DocumentRecord,
  edit: Edit,
  message?: string,
): Promise<void> {
  if (message !== undefined) guardMessage(message);
  const placed = await editsOf(record).run(() => place(parts, record, edit, message));
  await placed?.durable;
}

/** One edit at a time in a document, up to its place in the journal. */
async function place(
  parts: DatabaseParts,
  record: DocumentRecord,
  edit: Edit,
  message: string | undefined,
): Promise<{ durable: Promise<void> } | null> {
  const { platform, ownChanges, writes, shelf } = parts;
  // Here and below nothing is awaited that is there: between two syncs to disk every turn is a cold one.
  const entered = writes.enter();
  if (entered !== undefined) await entered;
  try {
    parts.mayWrite(); // rights may have changed since the edit was asked for
    if (edit === "delete" && record.deleted) return null;
    if (edit === "undelete" && !record.deleted) return null;
    if (typeof edit === "function" && record.deleted) throw new CoreError("DOC_DELETED", "the document is deleted");
    writes.requireRight(record.keyId);
    const automerge = shelf.loaded ?? (await shelf.automerge());
    const writer = writes.writer ?? (await writes.begin());
    const actor = actorIn(platform.crypto, record, writer);
    const kind = typeof edit === "string" ? edit : "change";
    record.busy = true;
    const live = shelf.live(automerge, record);
    const made =
      typeof edit === "string"
        ? { change: automerge.emptyChange(live, actor), isPlain: false, result: undefined }
        : automerge.editDocument(live, actor, edit, message);
    if (made.result !== undefined) {
      await made.result;
      // An edit after an `await` lands outside the change; bare Automerge would drop it silently.
      if (automerge.hasLooseEdits(live))
        throw new CoreError("CHANGE_CLOSED", "the document was edited after the change callback had awaited");
    }
    if (made.change === null) {
      automerge.endEdit(live);
      return null;
    }
    const { change: bytes, isPlain } = made;
    const isTaken = isPlain && ownChanges.takePlain(record, writer, bytes);
    const chunk = isTaken ? undefined : ownChanges.take(record, writer, kind, bytes);
    const durable = writes.journal({ writer, record, kind, counter: null, bytes, chunk });
    automerge.endEdit(live);
    shelf.show(automerge, record);
    return { durable };
  } catch (error) {
    if (record.busy) await shelf.reload(record);
    throw error;
  } finally {
    writes.leave();
    const following = shelf.release(record);
    if (following !== undefined) await following;
  }
}
