import type { DocId, PastDoc } from "@selkie/core";
import { SLOT_BYTES } from "../content/layout.ts";
import { PieceReader } from "../content/piece-reader.ts";
import type { BlobSource } from "../content/read-content.ts";
import { RoomBlobSource } from "../content/room-blobs.ts";
import { type AttachmentDatabase, dataOf, idOf, requireReadable } from "../document/read.ts";
import { TenantFiles } from "../document/tenant-files.ts";
import { chunksOfAttachment, isOneOf, type ReferredChunk } from "./referred.ts";

/** What became of the chunks of an attachment. */
export interface VerifiedAttachment {
  /** Whether all of it is here or in reach, and as its author attached it. */
  readonly isWhole: boolean;
  /** Chunks that were looked at, those of its tables among them. */
  readonly chunks: number;
  /** Those that nobody in reach has. */
  readonly missing: number;
  /** Those that are not what its author attached. */
  readonly damaged: number;
}

export interface VerifyingOptions {
  readonly signal?: AbortSignal;
  /** Gets the chunks that were looked at so far. */
  readonly onProgress?: (chunks: number) => void;
}

/**
 * Reads all of an attachment, also what of it is not on this device, and holds every chunk against its name. Behind a table that is missing or
 * damaged nothing can be looked at.
 * @throws AttachmentError ATTACHMENT_NOT_FOUND | ATTACHMENT_DAMAGED when what stands in the document is none | ATTACHMENT_LOCKED; the signal's reason
 */
export async function verifyAttachment<T extends object>(
  database: AttachmentDatabase<T>,
  doc: PastDoc<T> | DocId,
  nameOrId: string,
  { signal, onProgress }: VerifyingOptions = {},
): Promise<VerifiedAttachment> {
  const files = TenantFiles.of(database.tenant);
  const attachment = requireReadable(await dataOf(database, doc), nameOrId);
  const source = new RoomBlobSource(files.room, { keep: true, signal });
  const found = { chunks: 0, missing: 0, damaged: 0 };
  const count = async (work: () => Promise<boolean>): Promise<void> => {
    try {
      if (!(await work())) found.damaged += 1;
    } catch (error) {
      if (isOneOf(error, "ATTACHMENT_DAMAGED")) found.damaged += 1;
      else if (isOneOf(error, "ATTACHMENT_UNREACHABLE")) found.missing += 1;
      else throw error;
    }
  };
  await count(async () => {
    for await (const chunk of chunksOfAttachment(files, idOf(doc), attachment, { signal })) {
      signal?.throwIfAborted();
      await count(() => isRight(source, chunk));
      found.chunks += 1;
      onProgress?.(found.chunks);
    }
    return true;
  });
  return { ...found, isWhole: found.missing + found.damaged === 0 };
}

async function isRight(source: BlobSource, { reader, level, index, row }: ReferredChunk): Promise<boolean> {
  const from = row.slot * SLOT_BYTES;
  const length = reader.sealedLength(level, index);
  const found = await source.read(row.blob, [from, from + length], true);
  await using sealed = new PieceReader(found);
  const bytes = await sealed.next(length);
  const opened = await reader.open(level, index, row, { bytes, isHashed: found.isHashed });
  return await reader.isNamed(level, index, row, opened);
}
