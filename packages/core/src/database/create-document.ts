import { fromHex, type WriterKey } from "@selkie/entry";
import { actorOf } from "../automerge/actor.ts";
import { writeFirstChange } from "../automerge/first-change.ts";
import type { DocumentRecord } from "../document/document-record.ts";
import type { Documents } from "../document/documents.ts";
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
  const { documents, record, durable } = await place(parts, document);
  try {
    await durable;
  } catch (error) {
    documents.forget(record);
    throw error;
  }
  return record;
}

/** Makes its first change, up to its place in the journal. */
async function place(
  asked: DatabaseParts,
  { data, key, name }: NewDocument,
): Promise<{ readonly documents: Documents; readonly record: DocumentRecord; readonly durable: Promise<void> }> {
  const { chain, writes } = asked;
  const entered = writes.enter();
  if (entered !== undefined) await entered;
  const parts = asked.now();
  const { documents, ownChanges } = parts;
  try {
    parts.mayWrite(); // rights may have changed since the document was asked for
    const writer = writes.writer ?? (await writes.begin());
    const counter = name === null ? await chain.takeCounter() : null;
    const record = documents.ensure({ stem: stemOf(parts, writer, { counter, name }), keyId: key });
    documents.requireAlive(record.name);
    if (record.changes.length > 0) throw docExists();
    try {
      const change = firstChange(documents, record, { writer, data });
      const chunk = ownChanges.take(record, writer, "create", change);
      return {
        documents,
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

/** The stem of a new document's id: from its name, or from its creator and a counter. */
export function stemOf(
  { platform, id }: Pick<DatabaseParts, "platform" | "id">,
  writer: WriterKey,
  { counter, name }: { readonly counter: number | null; readonly name: string | null },
): Uint8Array {
  return counter === null ? namedStem(platform.crypto, id, name ?? "") : countedStem(platform.crypto, writer, counter);
}

export function firstChange(
  { verifier, sha256 }: Documents,
  { name }: DocumentRecord,
  { writer, data }: { readonly writer: WriterKey; readonly data: object },
): Uint8Array {
  return writeFirstChange(actorOf(verifier, writer, fromHex(name), null), data, sha256);
}

export function docExists(): CoreError {
  return new CoreError("DOC_EXISTS", "a document with this id exists");
}
