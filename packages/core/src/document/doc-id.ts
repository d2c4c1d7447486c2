import { fromHex, toHex } from "@selkie/entry";
import { hexOf } from "../hex.ts";
import { type DocumentPlace, stemBytes } from "../sealing/document-id.ts";

/** A document's id: 64 hex digits of its 32 bytes, of which the last 16 are the id of its key. */
export type DocId = string & { readonly DocId: unique symbol };

export function docIdOf({ stem, keyId }: DocumentPlace): DocId {
  return (toHex(stem) + hexOf(keyId)) as DocId;
}

/** Which document an id names. */
export function placeOf(name: string): DocumentPlace {
  const id = fromHex(name);
  return { stem: id.subarray(0, stemBytes), keyId: id.subarray(stemBytes) };
}
