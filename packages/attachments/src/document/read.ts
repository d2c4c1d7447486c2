// Files of documents are listed and read.
import type { DocId, PastDoc, ReadableDatabase, Tenant } from "@selkie/core";
import { free } from "../content/free.ts";
import { AttachmentError } from "../errors.ts";
import { type Attachment, attachedTo, requireAttached, type StoredAttachment, shown } from "./attached.ts";
import { TenantFiles } from "./tenant-files.ts";

/** A database as it is, as it was, or read through others. */
export type AttachmentDatabase<T extends object> = Pick<ReadableDatabase<T>, "getDocument"> & {
  readonly tenant: Tenant;
};

/** How a file is read. */
export interface ReadingOptions {
  /** Bytes `from` (inclusive) to `to` (exclusive), cut at the end; default: all. */
  readonly range?: readonly [from: number, to: number];
  /** Ends it with its reason. */
  readonly signal?: AbortSignal;
  /** Gets the bytes that were given out so far. */
  readonly onProgress?: (bytes: number) => void;
}

/** The attachments of a document. @throws CoreError DOC_NOT_FOUND | DOC_PURGED | CLOSED */
export async function listAttachments<T extends object>(
  database: AttachmentDatabase<T>,
  doc: PastDoc<T> | DocId,
): Promise<readonly Attachment[]> {
  return attachedTo(await dataOf(database, doc)).map(shown);
}

/**
 * The bytes of an attachment, by name or id; of several of one name those of the lowest id. What is not on this device is fetched from who
 * is connected: whole blobs, which stay here, when half of the attachment or more is read, and else the chunks that are needed. No byte is
 * given out that its author did not attach. A reader of mode `byob` has its own memory filled, which is faster for a large file and leaves nothing
 * to be collected.
 *
 * The stream fails with an AttachmentError ATTACHMENT_NOT_FOUND | ATTACHMENT_DAMAGED | ATTACHMENT_LOCKED | ATTACHMENT_UNREACHABLE, a CoreError
 * DOC_NOT_FOUND | DOC_PURGED | CLOSED, or the signal's reason.
 * @throws AttachmentError RANGE_INVALID
 */
export function readAttachment<T extends object>(
  database: AttachmentDatabase<T>,
  doc: PastDoc<T> | DocId,
  nameOrId: string,
  io: ReadingOptions = {},
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const [from, to] = io.range ?? [0, Number.MAX_SAFE_INTEGER];
  if (!(Number.isSafeInteger(from) && Number.isSafeInteger(to) && 0 <= from && from <= to))
    throw new AttachmentError("RANGE_INVALID", "a range is two whole numbers, 0 <= from <= to");
  return streamOf(bytesOf(database, doc, nameOrId, { ...io, range: [from, to] }));
}

interface Reading extends ReadingOptions {
  readonly range: readonly [from: number, to: number];
}

async function* bytesOf<T extends object>(
  database: AttachmentDatabase<T>,
  doc: PastDoc<T> | DocId,
  nameOrId: string,
  { range: [from, to], signal, onProgress }: Reading,
): AsyncGenerator<Uint8Array, void> {
  signal?.throwIfAborted();
  const attachment = requireReadable(await dataOf(database, doc), nameOrId);
  const files = TenantFiles.of(database.tenant);
  const keep = 2 * (Math.min(to, attachment.size) - from) >= attachment.size;
  let [start, given] = [0, 0];
  for (const manifest of attachment.manifests) {
    const end = start + manifest.length;
    if (from < end && start < to) {
      const reader = await files.reader(idOf(doc), manifest, { keep, signal });
      for await (const piece of reader.read(Math.max(0, from - start), to - start)) {
        signal?.throwIfAborted();
        given += piece.length;
        yield piece;
        onProgress?.(given);
      }
    }
    start = end;
  }
}

/** @throws AttachmentError ATTACHMENT_NOT_FOUND | ATTACHMENT_DAMAGED */
export function requireReadable(data: object, nameOrId: string): StoredAttachment {
  const attachment = requireAttached(data, nameOrId);
  if (attachment.isDamaged)
    throw new AttachmentError("ATTACHMENT_DAMAGED", "what stands in the document is no attachment");
  return attachment;
}

/** A stream of bytes: nothing is read before it is asked for, but for what is read ahead. */
function streamOf(pieces: AsyncGenerator<Uint8Array, void>): ReadableStream<Uint8Array<ArrayBuffer>> {
  let piece = new Uint8Array();
  let at = 0;
  return new ReadableStream({
    type: "bytes",
    pull: async (controller) => {
      while (at === piece.length) {
        const next = await pieces.next();
        if (next.done === true) {
          controller.close();
          controller.byobRequest?.respond(0);
          return;
        }
        [piece, at] = [ownMemory(next.value), 0];
      }
      const request = controller.byobRequest;
      if (request?.view == null) {
        controller.enqueue(piece.subarray(at));
        [piece, at] = [new Uint8Array(), 0];
        return;
      }
      const { buffer, byteOffset, byteLength } = request.view;
      const taken = piece.subarray(at, at + byteLength);
      new Uint8Array(buffer, byteOffset, byteLength).set(taken);
      at += taken.length;
      request.respond(taken.length);
      if (at < piece.length) return;
      free(piece);
      [piece, at] = [new Uint8Array(), 0];
    },
    cancel: async () => {
      await pieces.return();
    },
  });
}

/** A stream takes the memory of what it is given. */
function ownMemory({ buffer, byteOffset, length }: Uint8Array): Uint8Array<ArrayBuffer> {
  if (buffer instanceof ArrayBuffer) return new Uint8Array(buffer, byteOffset, length);
  return new Uint8Array(new Uint8Array(buffer, byteOffset, length));
}

export async function dataOf<T extends object>(
  database: Pick<AttachmentDatabase<T>, "getDocument">,
  doc: PastDoc<T> | DocId,
): Promise<object> {
  return (await database.getDocument(idOf(doc))).getData();
}

export const idOf = (doc: PastDoc<object> | DocId): DocId => (typeof doc === "string" ? doc : doc.id);
