// Where the bytes of a content lie: chunks, the blobs that hold them, and the tables that list them.
// @see docs/spec/attachments.md
import { AttachmentError } from "../errors.ts";

/** Plaintext bytes of every chunk but the last of a content. */
export const CHUNK_BYTES = 262_144;
/** Bytes of a sealed chunk beyond those of its padded plaintext. */
const TAG_BYTES = 16;
/** Bytes from one slot of a blob to the next. */
export const SLOT_BYTES: number = CHUNK_BYTES + TAG_BYTES;
/** Chunks of one blob. */
export const BLOB_SLOTS = 16;
/** Bytes of a row of a table. */
export const ROW_BYTES = 65;
/** Bytes of a table that stands in the manifest itself. */
export const INLINE_TABLE_BYTES = 4_096;
/** Bytes of the longest content. */
export const MAX_CONTENT_BYTES: number = 2 ** 48;

const SHORTEST_CHUNK = 4_096;
/** The last chunk ends at one of so many steps up to the next power of two. */
const PADDING_STEPS = 8;

/** Bytes of the last chunk with its padding, for 1 to 262,144 true ones. */
export function paddedLength(length: number): number {
  if (length <= SHORTEST_CHUNK) return SHORTEST_CHUNK;
  let power = SHORTEST_CHUNK;
  while (power < length) power *= 2;
  const step = power / PADDING_STEPS;
  return Math.ceil(length / step) * step;
}

/** Bytes of a chunk of so many true bytes as it lies in its blob. */
export function sealedLength(length: number): number {
  return paddedLength(length) + TAG_BYTES;
}

/** Chunks of a content of this length in bytes; none of an empty one. */
export function chunkCount(length: number): number {
  return Math.ceil(length / CHUNK_BYTES);
}

/** True bytes of the chunk of this index. */
export function chunkLength(length: number, index: number): number {
  return Math.min(CHUNK_BYTES, length - index * CHUNK_BYTES);
}

/**
 * Bytes of the content and of the tables above it: each lists the chunks of the one before it, and the table of the last stands in the
 * manifest.
 * @throws AttachmentError ATTACHMENT_TOO_LARGE
 */
export function levelLengths(length: number): readonly number[] {
  if (length > MAX_CONTENT_BYTES) throw new AttachmentError("ATTACHMENT_TOO_LARGE", "longer than 2^48 bytes");
  const lengths: number[] = [];
  for (let next = length; ; next = tableLength(next)) {
    lengths.push(next);
    if (tableLength(next) <= INLINE_TABLE_BYTES) return lengths;
  }
}

/** Bytes of the table that lists the chunks of a content of this length. */
export function tableLength(length: number): number {
  return chunkCount(length) * ROW_BYTES;
}
