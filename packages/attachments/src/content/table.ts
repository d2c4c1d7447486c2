// A table: one row for each chunk of a content, in order.
import { type BlobHash, parseBlobHash } from "@selkie/entry";
import { AttachmentError } from "../errors.ts";
import { BLOB_SLOTS, ROW_BYTES } from "./layout.ts";

/** Where a chunk lies. */
export interface Row {
  /** 32 bytes. */
  readonly id: Uint8Array;
  readonly blob: BlobHash;
  /** 0 to 15. */
  readonly slot: number;
}

export function encodeRow({ id, blob, slot }: Row): Uint8Array {
  const row = new Uint8Array(ROW_BYTES);
  row.set(id);
  row.set(blob, 32);
  row[64] = slot;
  return row;
}

/** The row at this offset in bytes; its parts are views. @throws AttachmentError ATTACHMENT_DAMAGED */
export function decodeRow(table: Uint8Array, at: number): Row {
  const slot = table[at + 64];
  if (slot === undefined || slot >= BLOB_SLOTS)
    throw new AttachmentError("ATTACHMENT_DAMAGED", "a table's row is none");
  return { id: table.subarray(at, at + 32), blob: parseBlobHash(table.subarray(at + 32, at + 64)), slot };
}
