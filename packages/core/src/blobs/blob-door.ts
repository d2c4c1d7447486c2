import type { BlobHash } from "@selkie/entry";
import type { ByteRange } from "@selkie/store";

/** Where a relay takes blobs. */
export interface BlobDoor {
  /** The bytes of a blob, or those of `range`, cut at its end; null where it is not held. They are not checked. */
  get(hash: BlobHash, range: ByteRange, signal: AbortSignal | undefined): Promise<Uint8Array | null>;
  /** Those of up to {@link MOST_ASKED} that the relay does not hold, in order; it keeps the others. */
  missing(hashes: readonly BlobHash[]): Promise<readonly BlobHash[]>;
  /** The first {@link MOST_RETIRING} of those that the relay is about to drop, ascending, or of those behind one; fewer when there are no more. */
  retiring(after: BlobHash | null): Promise<readonly BlobHash[]>;
  /** Durable when it resolves. @throws CoreError QUOTA_EXCEEDED | RELAY_FULL | BLOBS_UNSENT */
  put(hash: BlobHash, bytes: Uint8Array): Promise<void>;
}

/** Hashes that a relay is asked about at once. */
export const MOST_ASKED = 512;

/** Hashes that a relay tells at once of what it is about to drop. */
export const MOST_RETIRING = 16_384;
