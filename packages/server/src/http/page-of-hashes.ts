import { type BlobHash, compareBytes } from "@selkie/entry";

/** Hashes that are told at once. */
export const MOST_ON_PAGE = 16_384;

/** The first of these, or of those behind one of them. @param hashes ascending */
export function pageOf(hashes: readonly BlobHash[], after: BlobHash | null): readonly BlobHash[] {
  const left = after === null ? hashes : hashes.filter((hash) => compareBytes(hash, after) > 0);
  return left.slice(0, MOST_ON_PAGE);
}
