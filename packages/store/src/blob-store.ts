// The second face of a store: blobs of one tenant, named by the SHA-256 of their bytes.
import type { BlobHash } from "@selkie/entry";
import { StoreError } from "./store-error.ts";

/** Bytes `from` (inclusive) to `to` (exclusive) of a blob. */
export type ByteRange = readonly [from: number, to: number];

/** A blob that is stored, and its bytes. */
export interface StoredBlob {
  readonly hash: BlobHash;
  readonly size: number;
}

/** The blobs of one tenant. */
export interface BlobStore {
  /**
   * Stores the chunks, joined, under their hash. A chunk may be changed once the next is asked for. Durable when it resolves; storing a blob again is harmless and repairs it.
   *
   * @throws StoreError `BLOB_MISMATCH` when the bytes do not hash to `hash`, `STORE_FULL` when they do not fit; nothing is stored then
   */
  put(hash: BlobHash, chunks: AsyncIterable<Uint8Array>): Promise<void>;
  /**
   * Stores the chunks, joined, under the hash that they have, and answers it. Durable when it resolves; what is there already and whole
   * is not written again.
   *
   * @throws StoreError `STORE_FULL` when they do not fit; nothing of them is left then
   */
  add(chunks: AsyncIterable<Uint8Array>): Promise<BlobHash>;
  /**
   * The blob's bytes, or those of `range` (cut at the blob's end). The whole blob is hashed before the first byte is given out; a
   * damaged blob is dropped and reported as absent, so that it is fetched again. The memory of the pieces is the reader's.
   *
   * @throws StoreError `BAD_RANGE` unless 0 <= from <= to
   */
  get(hash: BlobHash, range?: ByteRange): Promise<AsyncIterable<Uint8Array> | undefined>;
  /** Whether a blob of that name is stored. Does not hash it. */
  has(hash: BlobHash): Promise<boolean>;
  /** Bytes of the blob of that name. Does not hash it. */
  sizeOf(hash: BlobHash): Promise<number | undefined>;
  /** All blobs, ascending by hash: a walk over what is there as it goes, no snapshot. Does not hash them. */
  list(): AsyncIterable<StoredBlob>;
  /** Deletes the blob if it is there. */
  remove(hash: BlobHash): Promise<void>;
}

/** Refuses a range that cannot be. @throws StoreError `BAD_RANGE` unless 0 <= from <= to, both integers */
export function checkRange([from, to]: ByteRange): void {
  if (Number.isSafeInteger(from) && Number.isSafeInteger(to) && 0 <= from && from <= to) return;
  throw new StoreError("BAD_RANGE", "a range is two integers, 0 <= from <= to");
}
