import { toHex } from "@selkie/entry";

/** A document's id: 32 hex digits of its 16 bytes. */
export type DocId = string & { readonly DocId: unique symbol };

export function docIdOf(id: Uint8Array): DocId {
  return toHex(id) as DocId;
}
