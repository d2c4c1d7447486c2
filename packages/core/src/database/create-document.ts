import { actorOf } from "../automerge/actor.ts";
import { writeFirstChange } from "../automerge/first-change.ts";
import type { DocumentRecord } from "../document/document-record.ts";
import { CoreError } from "../errors.ts";
import { countedStem, namedStem } from "../sealing/document-id.ts";
import type { DatabaseParts } from "./database-parts.ts";

/** A document to create. */
export interface NewDocument {
  readonly data: object;
  /** The 16-byte id of the key to seal under. */
  readonly key: Uint8Array;
  /** What the app names it; null when every one is another. */
  readonly name: string | null;
}

/** Creates one document: durable when it resolves, nothing of it left when it rejects. @throws CoreError DOC_EXISTS */
export async function createDocument(parts: DatabaseParts, document: NewDocument): Promise<DocumentRecord> {
  const { record, durable } = await place(parts, document);
  try {
    await durable;
  } catch (error) {
    parts.documents.forget(record);
    throw error;
  }
  return record;
}

/** Makes its first change, up to its place in the journal. */
async function place(
  parts: DatabaseParts,
  { data, key, name }: NewDocument,
): Promise<{ readonly record: DocumentRecord; readonly durable: Promise<void> }> {
  const { platform, documents, ownChanges, chain, writes } = parts;
  const entered = writes.enter();
  if (entered !== undefined) await entered;
  try {
    parts.mayWrite(); // rights may have changed since the document was asked for
    const writer = writes.writer ?? (await writes.begin());
    const counter = name === null ? await chain.takeCounter() : null;
    const stem =
      counter === null
        ? namedStem(platform.crypto, parts.id, name ?? "")
        : countedStem(platform.crypto, writer, counter);
    const record = documents.ensure({ stem, keyId: key });
    if (record.changes.length > 0) throw new CoreError("DOC_EXISTS", "a document with this id exists");
    try {
      const change = writeFirstChange(actorOf(platform.crypto, writer, record.id, null), data, documents.sha256);
      const chunk = ownChanges.take(record, writer, "create", change);
      return {
        record,
        durable: writes.journal({ writer, record, kind: "create", counter, bytes: chunk.bytes, chunk }),
      };
    } catch (error) {
      documents.forget(record);
      throw error;
    }
  } finally {
    writes.leave();
  }
}
