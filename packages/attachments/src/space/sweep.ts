import { type DocId, scanDocuments, type Tenant, type WaitOptions } from "@selkie/core";
import { type BlobHash, parseBlobHash, toHex } from "@selkie/entry";
import { attachedTo } from "../document/attached.ts";
import { TenantFiles } from "../document/tenant-files.ts";
import { AttachmentError } from "../errors.ts";
import { chunksOfAttachment, isOneOf, type ScannedDatabase } from "./referred.ts";

export interface SweepOptions extends WaitOptions {
  /**
   * Whether relays are told, too, by an admin: they drop what this device dropped once the tenant's `purgeAfter` is over, and unless some device
   * says that it needs it. Default: false.
   */
  readonly relays?: boolean;
}

/** What a sweep freed. */
export interface SweptAttachments {
  /** Blobs that are gone from this device. */
  readonly blobs: number;
  readonly bytes: number;
  /** The relays that were told; those that are out of reach are told by the next sweep that frees something. */
  readonly relays: readonly string[];
  /** Attachments whose tables nobody in reach has: what they refer to cannot be known, so nothing was dropped. */
  readonly unreachable: number;
}

/**
 * Drops the blobs of this device that no current document of a tenant refers to: of attachments that were detached or replaced, of deleted or
 * purged documents, and of what was given up half-way. What only the history of a document refers to goes, too. It waits until nothing is
 * being attached.
 * @param databases all databases of one tenant that this device holds anything of
 * @throws AttachmentError SWEEP_INCOMPLETE for fewer; CoreError NOT_ADMIN | CLOSED; the signal's reason
 */
export async function sweepAttachments(
  databases: readonly ScannedDatabase<object>[],
  { relays = false, signal }: SweepOptions = {},
): Promise<SweptAttachments> {
  const files = TenantFiles.of(await tenantOf(databases));
  const { room, gate } = files;
  return await gate.sweep(
    () => look(files, databases, signal),
    async ({ unreferred, unreachable }, isAttached) => {
      const dropped = unreachable > 0 ? [] : unreferred.filter(({ hash }) => !isAttached(hash));
      const hashes = dropped.map(({ hash }) => hash);
      const told = relays && hashes.length > 0 ? await room.retire(hashes) : [];
      await room.drop(hashes);
      return {
        blobs: dropped.length,
        bytes: dropped.reduce((sum, { size }) => sum + size, 0),
        relays: told,
        unreachable,
      };
    },
    signal,
  );
}

async function tenantOf(databases: readonly ScannedDatabase<object>[]): Promise<Tenant> {
  const [first] = databases;
  if (first !== undefined && databases.every(({ tenant }) => tenant === first.tenant))
    if (await TenantFiles.of(first.tenant).room.isAll(databases)) return first.tenant;
  throw new AttachmentError("SWEEP_INCOMPLETE", "not all databases that this device holds of one tenant");
}

interface Looked {
  readonly unreferred: readonly StoredBlob[];
  readonly unreachable: number;
}

interface StoredBlob {
  readonly hash: BlobHash;
  readonly size: number;
}

async function look(
  files: TenantFiles,
  databases: readonly ScannedDatabase<object>[],
  signal?: AbortSignal,
): Promise<Looked> {
  // What is stored before documents are read: what is attached meanwhile is told by the gate.
  const stored = new Map<string, StoredBlob>();
  for await (const { hash, size } of files.room.blobs.list())
    stored.set(toHex(hash), { hash: parseBlobHash(hash.slice()), size });
  let unreachable = 0;
  for (const database of databases)
    for await (const { id, getData } of scanDocuments(database, signal === undefined ? {} : { signal }))
      if (!(await keep(files, stored, id, getData(), signal))) unreachable += 1;
  return { unreferred: [...stored.values()], unreachable };
}

/** @returns false when what the document refers to cannot be known yet */
async function keep(
  files: TenantFiles,
  stored: Map<string, StoredBlob>,
  id: DocId,
  data: object,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  let isKnown = true;
  for (const attachment of attachedTo(data)) {
    try {
      for await (const { row } of chunksOfAttachment(files, id, attachment, { signal })) stored.delete(toHex(row.blob));
    } catch (error) {
      // Nobody can ever read what is behind a damaged table, and this device not what is under a key it does not hold.
      if (isOneOf(error, "ATTACHMENT_UNREACHABLE")) isKnown = false;
      else if (!isOneOf(error, "ATTACHMENT_DAMAGED", "ATTACHMENT_LOCKED")) throw error;
    }
  }
  return isKnown;
}
