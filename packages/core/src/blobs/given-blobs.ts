// What this device gives of its blobs.
import { type BlobHash, concatBytes } from "@selkie/entry";
import type { BlobStore, ByteRange } from "@selkie/store";
import type { SessionOptions } from "@selkie/sync-protocol";

/** What the other side of a session may ask this device for. */
export function givenBlobs(blobs: BlobStore): NonNullable<SessionOptions["blobs"]> {
  return {
    read: async (_tenant, hash, range) => {
      const size = await blobs.sizeOf(hash);
      const bytes = await readBlob(blobs, hash, range);
      return size === undefined || bytes === null ? null : { size, bytes };
    },
  };
}

/** The bytes of a blob, or of a range of it; null when it is not here. */
export async function readBlob(blobs: BlobStore, hash: BlobHash, range?: ByteRange): Promise<Uint8Array | null> {
  const chunks = await blobs.get(hash, range);
  if (chunks === undefined) return null;
  const read: Uint8Array[] = [];
  for await (const chunk of chunks) read.push(chunk);
  return concatBytes(...read);
}
