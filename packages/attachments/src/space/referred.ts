// Which chunks an attachment refers to, and where they lie.
import type { DocId, ReadableDatabase, Tenant } from "@selkie/core";
import type { ContentReader } from "../content/read-content.ts";
import type { RoomBlobsOptions } from "../content/room-blobs.ts";
import type { Row } from "../content/table.ts";
import type { StoredAttachment } from "../document/attached.ts";
import type { TenantFiles } from "../document/tenant-files.ts";
import { AttachmentError } from "../errors.ts";

/** A database whose documents are gone through. */
export type ScannedDatabase<T extends object> = Pick<ReadableDatabase<T>, "name" | "iterateChangesSince"> & {
  readonly tenant: Tenant;
};

/** One chunk of an attachment, or of a table of it. */
export interface ReferredChunk {
  readonly reader: ContentReader;
  readonly level: number;
  readonly index: number;
  readonly row: Row;
}

/**
 * All chunks of an attachment, those of tables first: tables that are not here are fetched.
 * @throws AttachmentError ATTACHMENT_DAMAGED | ATTACHMENT_LOCKED | ATTACHMENT_UNREACHABLE
 */
export async function* chunksOfAttachment(
  files: TenantFiles,
  id: DocId,
  { manifests }: Pick<StoredAttachment, "manifests">,
  options: Omit<RoomBlobsOptions, "keep"> = {},
): AsyncGenerator<ReferredChunk, void> {
  for (const manifest of manifests) {
    const reader = await files.reader(id, manifest, { keep: true, ...options });
    for (let level = reader.levels - 1; level >= 0; level--) {
      let index = 0;
      for await (const row of reader.rows(level, 0, reader.chunkCount(level)))
        yield { reader, level, index: index++, row };
    }
  }
}

/** Whether an error says that one attachment cannot be looked at, now or ever. */
export const isUnreadable = (error: unknown): boolean =>
  isOneOf(error, "ATTACHMENT_DAMAGED", "ATTACHMENT_LOCKED", "ATTACHMENT_UNREACHABLE");

/** Whether it is one of these. */
export const isOneOf = (error: unknown, ...codes: readonly AttachmentError["code"][]): boolean =>
  error instanceof AttachmentError && codes.includes(error.code);
