import { equalBytes } from "@selkie/entry";
import type { Edit as DocumentEdit, Edited, LiveDocument, Making } from "../automerge/document.ts";
import { guardMessage } from "../automerge/values.ts";
import type { AutomergeDocuments } from "../document/automerge-documents.ts";
import type { DocId } from "../document/doc-id.ts";
import { actorIn, type DocumentRecord, editsOf } from "../document/document-record.ts";
import { CoreError } from "../errors.ts";
import type { Draft } from "./database.ts";
import type { DatabaseParts } from "./database-parts.ts";
import type { LocalChange } from "./local-writes.ts";
import type { SchemaCheck } from "./schema-check.ts";

/** What to do with a document: run an edit on its data, or mark it deleted. */
export type Edit = DocumentEdit<void | Promise<void>> | "delete" | "undelete";

/** What an app's callback edits, checked by the database's schema. */
export function checkedEdit<T extends object>(
  check: Pick<SchemaCheck<T>, "changed">,
  id: DocId,
  change: (draft: Draft<T>) => void | Promise<void>,
): Edit {
  return (data, text) => {
    const going = change({ id, getData: () => data as T, text });
    try {
      check.changed(data); // what is edited after an await is refused anyway
    } catch (error) {
      going?.catch(() => undefined); // nobody waits for it
      throw error;
    }
    return going;
  };
}

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
  asked: DatabaseParts,
  known: DocumentRecord,
  edit: Edit,
  message: string | undefined,
): Promise<{ durable: Promise<void> } | null> {
  const { writes } = asked;
  // Here and below nothing is awaited that is there: between two syncs to disk every turn is a cold one.
  const fetching = asked.shelf.fetch(known);
  if (fetching !== undefined) await fetching;
  const entered = writes.enter();
  if (entered !== undefined) await entered;
  const parts = asked.now();
  const { platform, ownChanges, shelf } = parts;
  let record = known;
  try {
    parts.mayWrite(); // rights may have changed since the edit was asked for
    record = parts === asked ? known : parts.documents.require(known.name);
    parts.documents.requireAlive(record.name);
    if (isDone(record, edit)) return null;
    writes.requireRight(record.keyId);
    const automerge = shelf.loaded ?? (await shelf.automerge());
    const writer = writes.writer ?? (await writes.begin());
    const actor = actorIn(platform.crypto, record, writer);
    const kind = typeof edit === "string" ? edit : "change";
    record.busy = true;
    const live = record.live ?? shelf.live(automerge, record); // what is shown below is used
    const made = beginEdit(automerge, live, edit, { actor, sha256: platform.crypto.sha256, message });
    if (made.result !== undefined) await parts.waitFor(endOf(automerge, live, made.result));
    if (made.change !== null && parts.now() !== parts)
      return placeAmongAll(parts.now(), record.name, { writer, kind, bytes: made.change });
    if (made.change === null) {
      automerge.endEdit(live);
      return null;
    }
    const { change: bytes, isPlain } = made;
    const isTaken = isPlain && ownChanges.takePlain(record, writer, bytes);
    const chunk = isTaken ? undefined : ownChanges.take(record, writer, kind, bytes);
    const durable = writes.journal({ writer, record, kind, counter: null, bytes, chunk });
    automerge.endEdit(live);
    shelf.show(automerge, record, { patches: [], changes: [bytes] });
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

/** What was made in a document before all entries were read, once they are. @throws CoreError CHANGE_REFUSED | DOC_NOT_FOUND */
function placeAmongAll(
  { documents, ownChanges, writes, shelf }: DatabaseParts,
  name: DocId,
  { writer, kind, bytes }: Pick<LocalChange, "writer" | "kind" | "bytes">,
): { durable: Promise<void> } {
  if (writes.writer === null || !equalBytes(writes.writer, writer))
    throw new CoreError("CHANGE_REFUSED", "this device goes on in another chain: make the change again");
  const record = documents.require(name);
  const chunk = ownChanges.take(record, writer, kind, bytes);
  const durable = writes.journal({ writer, record, kind, counter: null, bytes, chunk });
  void shelf.apply(record, [bytes]);
  return { durable };
}

/** Whether a document is deleted, or not, as it is to be. @throws CoreError DOC_DELETED when it is to be edited */
export function isDone({ deleted }: DocumentRecord, edit: Edit): boolean {
  if (typeof edit === "string") return deleted === (edit === "delete");
  if (deleted) throw new CoreError("DOC_DELETED", "the document is deleted");
  return false;
}

/** Makes the change in the loaded document; `endOf` follows when it gives a result. */
export function beginEdit(
  automerge: AutomergeDocuments,
  live: LiveDocument,
  edit: Edit,
  by: Making,
): Edited<void | Promise<void>> {
  if (typeof edit === "function") return automerge.editDocument(live, by, edit);
  return { change: automerge.emptyChange(live, by.actor, by.message), isPlain: false, result: undefined };
}

/** @throws CoreError CHANGE_CLOSED for an edit after an `await`, which lands outside the change; bare Automerge would drop it silently */
export async function endOf(automerge: AutomergeDocuments, live: LiveDocument, result: Promise<void>): Promise<void> {
  await result;
  if (automerge.hasLooseEdits(live))
    throw new CoreError("CHANGE_CLOSED", "the document was edited after the change callback had awaited");
}
