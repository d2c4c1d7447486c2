// Document ids. They lie inside sealed parts only: no relay sees one.
import { type DatabaseId, hash, type Verifier, type WriterKey } from "@selkie/entry";
import { CoreError } from "../errors.ts";

/** Bytes of a document id and of a branch id. */
export const documentIdBytes = 16;

/** The id of the `counter`-th document this writer creates: nobody else can make it, and nothing of it needs to be sent. */
export function documentIdOf(verifier: Verifier, writer: WriterKey, counter: number): Uint8Array {
  if (!Number.isSafeInteger(counter) || counter < 0)
    throw new CoreError("NAME_INVALID", "a document counter counts from 0");
  const number = new Uint8Array(8);
  new DataView(number.buffer).setBigUint64(0, BigInt(counter));
  return hash(verifier, "document-id", writer, number).slice(0, documentIdBytes);
}

/** The id of a document that the app names: every replica computes the same, so two devices that create it meet in it. */
export function namedDocumentId(verifier: Verifier, database: DatabaseId, name: string): Uint8Array {
  if (!name.isWellFormed()) throw new CoreError("NAME_INVALID", "a document name holds half a surrogate pair");
  return hash(verifier, "document-name", database, new TextEncoder().encode(name)).slice(0, documentIdBytes);
}
