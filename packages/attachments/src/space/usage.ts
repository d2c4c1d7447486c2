import { type DocId, scanDocuments, type WaitOptions } from "@selkie/core";
import { toHex } from "@selkie/entry";
import { attachedTo, type StoredAttachment } from "../document/attached.ts";
import { TenantFiles } from "../document/tenant-files.ts";
import { chunksOfAttachment, isUnreadable, type ScannedDatabase } from "./referred.ts";

/** What the attachments of a database take. */
export interface AttachmentUsage {
  readonly attachments: number;
  /** As they are read. */
  readonly bytes: number;
  /** Sealed, each chunk once. */
  readonly storedBytes: number;
  /** Of those: bytes of chunks that stand in more than one place. */
  readonly sharedBytes: number;
  /** Of those: bytes that are on this device. */
  readonly localBytes: number;
  /** Attachments that cannot be looked at: damaged, under a key that is not here, or with tables that nobody in reach has. */
  readonly unreadable: number;
}

interface Stored {
  readonly bytes: number;
  readonly isHere: boolean;
  places: number;
}

/**
 * What the attachments of a database take; of its current documents, without what only their history refers to. Tables that are not here
 * are fetched.
 * @throws CoreError CLOSED; the signal's reason
 */
export async function attachmentUsage<T extends object>(
  database: ScannedDatabase<T>,
  { signal }: WaitOptions = {},
): Promise<AttachmentUsage> {
  const files = TenantFiles.of(database.tenant);
  const stored = new Map<string, Stored>();
  const found = { attachments: 0, bytes: 0, unreadable: 0 };
  for await (const document of scanDocuments(database, signal === undefined ? {} : { signal }))
    for (const attachment of attachedTo(document.getData())) {
      found.attachments += 1;
      found.bytes += attachment.size;
      if (attachment.isDamaged || !(await addChunks(stored, files, document.id, attachment, signal)))
        found.unreadable += 1;
    }
  const sum = (counts: (one: Stored) => boolean): number => {
    let total = 0;
    for (const one of stored.values()) if (counts(one)) total += one.bytes;
    return total;
  };
  const storedBytes = sum(() => true);
  return {
    ...found,
    storedBytes,
    sharedBytes: sum(({ places }) => places > 1),
    localBytes: sum(({ isHere }) => isHere),
  };
}

/** @returns false when it cannot be looked at */
async function addChunks(
  stored: Map<string, Stored>,
  files: TenantFiles,
  id: DocId,
  attachment: StoredAttachment,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const here = new Map<string, boolean>();
  try {
    for await (const { reader, level, index, row } of chunksOfAttachment(files, id, attachment, { signal })) {
      const blob = toHex(row.blob);
      const isHere = here.get(blob) ?? (await files.room.blobs.has(row.blob));
      here.set(blob, isHere);
      const place = `${blob}/${row.slot}`;
      const known = stored.get(place);
      if (known === undefined) stored.set(place, { bytes: reader.sealedLength(level, index), isHere, places: 1 });
      else known.places += 1;
    }
    return true;
  } catch (error) {
    if (isUnreadable(error)) return false;
    throw error;
  }
}
