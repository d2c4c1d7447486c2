import { fromHex, sliceToHex } from "@selkie/entry";
import { CoreError } from "../errors.ts";
import { hexOf } from "../hex.ts";
import { type DocumentPlace, documentIdBytes, documentIdOf, stemBytes } from "../sealing/document-id.ts";

/** A document's id: 64 hex digits of its 32 bytes, of which the last 16 are the id of its key. */
export type DocId = string & { readonly DocId: unique symbol };

const docIdText = /^[0-9a-f]{64}$/;

/** The id in a text that was kept outside, such as a URL. @throws CoreError DOC_ID_MALFORMED */
export function parseDocId(text: string): DocId {
  if (!docIdText.test(text)) throw new CoreError("DOC_ID_MALFORMED", "a document's id is 64 hex digits, in lower case");
  return text as DocId;
}

export function docIdOf(place: DocumentPlace): DocId {
  return docIdOfBytes(documentIdOf(place));
}

/** The same with the stem that begins at `start` of these bytes. */
export function docIdAt(stems: Uint8Array, start: number, keyId: Uint8Array): DocId {
  return (sliceToHex(stems, start, start + stemBytes) + hexOf(keyId)) as DocId;
}

/** The same of the 32 bytes that begin at `start`. */
export function docIdOfBytes(bytes: Uint8Array, start = 0): DocId {
  return sliceToHex(bytes, start, start + documentIdBytes) as DocId;
}

/** The ids of the keys that ids end in: one array for each, so that whoever asks about one document after the other sees that the key is the same. */
export class KeyIds {
  readonly #byText = new Map<string, Uint8Array>();

  in(name: DocId): Uint8Array {
    const text = keyTextIn(name);
    const known = this.#byText.get(text);
    if (known !== undefined) return known;
    const keyId = fromHex(text); // not a view, which takes a buffer of its own
    this.#byText.set(text, keyId);
    return keyId;
  }
}

/** The id of the key that an id ends in, in hex. */
export function keyTextIn(name: DocId): string {
  return name.slice(2 * stemBytes);
}

/** What an id begins with: what names the document under its key. */
export function stemIn(name: DocId): Uint8Array {
  return fromHex(name.slice(0, 2 * stemBytes));
}

/** Which document an id names. */
export function placeOf(name: string): DocumentPlace {
  const id = fromHex(name);
  return { stem: id.subarray(0, stemBytes), keyId: id.subarray(stemBytes) };
}
