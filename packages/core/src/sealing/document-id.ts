// Document ids: the stem, which parts say, and the id of the key they are sealed under. Both lie inside sealed parts only: no relay sees one.
import { concatBytes, type DatabaseId, hash, type Verifier, type WriterKey } from "@selkie/entry";
import { CoreError } from "../errors.ts";

/** Bytes of a document's stem, and of a branch id. */
export const stemBytes = 16;

/** Bytes of a document id. */
export const documentIdBytes = 32;

/** Which document, by stem and key: what an id says. */
export interface DocumentPlace {
  /** The 16 bytes that parts say. */
  readonly stem: Uint8Array;
  /** The 16-byte id of the key that all its parts are sealed under. */
  readonly keyId: Uint8Array;
}

/**
 * The id of a document.
 * SECURITY: D11, P-11. What is sealed under another key than a document's is of another document, whatever arrives when
 * (document-keys.test.ts).
 */
export function documentIdOf({ stem, keyId }: DocumentPlace): Uint8Array {
  return concatBytes(stem, keyId);
}

/** A counter, 8 bytes, used and given up by one call. */
const number = new Uint8Array(8);

/** The stem of the `counter`-th document this writer creates: nobody else can make it, and nothing of it needs to be sent. */
export function countedStem(verifier: Verifier, writer: WriterKey, counter: number): Uint8Array {
  if (!Number.isSafeInteger(counter) || counter < 0)
    throw new CoreError("NAME_INVALID", "a document counter counts from 0");
  for (let rest = counter, at = 7; at >= 0; at--, rest = Math.floor(rest / 256)) number[at] = rest % 256;
  return hash(verifier, "document-id", writer, number).slice(0, stemBytes);
}

/** The stem of a document that the app names: every replica computes the same, so two devices that create it under one key meet in it. */
export function namedStem(verifier: Verifier, database: DatabaseId, name: string): Uint8Array {
  if (!name.isWellFormed()) throw new CoreError("NAME_INVALID", "a document name holds half a surrogate pair");
  return hash(verifier, "document-name", database, new TextEncoder().encode(name)).slice(0, stemBytes);
}
