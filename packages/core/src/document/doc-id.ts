import { fromHex, toHex } from "@selkie/entry";
import { CoreError } from "../errors.ts";
import { type DocumentPlace, documentIdBytes, stemBytes } from "../sealing/document-id.ts";

/** A document's id: 64 hex digits of its 32 bytes, of which the last 16 are the id of its key. */
export type DocId = string & { readonly DocId: unique symbol };

const docIdText = /^[0-9a-f]{64}$/;

/** The id in a text that was kept outside, such as a URL. @throws CoreError DOC_ID_MALFORMED */
export function parseDocId(text: string): DocId {
  if (!docIdText.test(text)) throw new CoreError("DOC_ID_MALFORMED", "a document's id is 64 hex digits, in lower case");
  return text as DocId;
}

/** Made in one piece: one that is joined from two takes twice the memory, in each of many documents. */
export function docIdOf({ stem, keyId }: DocumentPlace): DocId {
  return docIdAt(stem, 0, keyId);
}

/** The same with the stem that begins at `start` of these bytes. */
export function docIdAt(stems: Uint8Array, start: number, keyId: Uint8Array): DocId {
  for (let at = 0; at < stemBytes; at++) joined[at] = stems[start + at] ?? 0;
  joined.set(keyId, stemBytes);
  return docIdOfBytes(joined);
}

/** Filled and read by one call. */
const joined = new Uint8Array(documentIdBytes);

/** The same of its 32 bytes. */
export function docIdOfBytes(id: Uint8Array): DocId {
  return toHex(id) as DocId;
}

/** The 32 bytes of an id. */
export function bytesOfDocId(name: DocId): Uint8Array {
  return fromHex(name);
}

/** Which document an id names. */
export function placeOf(name: string): DocumentPlace {
  const id = fromHex(name);
  return { stem: id.subarray(0, stemBytes), keyId: id.subarray(stemBytes) };
}
