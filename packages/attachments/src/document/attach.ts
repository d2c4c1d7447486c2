// Files are put into documents.
import type { Database, Doc, DocId } from "@selkie/core";
import { type BlobHash, toBase64url, toHex } from "@selkie/entry";
import type { BlobStore } from "@selkie/store";
import type { Source } from "../content/source.ts";
import { manifestBytes, type WrittenContent, writeContent } from "../content/write-content.ts";
import { AttachmentError } from "../errors.ts";
import { type Attachment, attachedTo, checkNames, propertyOf, requireAttached, shown } from "./attached.ts";
import { TenantFiles } from "./tenant-files.ts";

/** A file to be attached. */
export interface NewAttachment {
  /** 1 to 1,024 characters. What the document has under this name gives way to it. */
  readonly name: string;
  /** Default: `application/octet-stream`, or the type of a `Blob` or `File`. */
  readonly mediaType?: string;
  readonly content: Source;
  /** The attachment that this one derives from, by name or id: it goes when that one goes. It has another name. */
  readonly variantOf?: string;
  /** What it is to that one, `"thumbnail"` for example. */
  readonly variant?: string;
  /** False: no chunk of it is shared with another file, so that nothing can be learned from how much room it takes. Default: true. */
  readonly deduplicate?: boolean;
}

/** How a file is written. */
export interface WritingOptions {
  /** Ends it with its reason; nothing is attached then. */
  readonly signal?: AbortSignal;
  /** Gets the bytes that were read so far. */
  readonly onProgress?: (bytes: number) => void;
  /** As in {@link NewAttachment}. */
  readonly deduplicate?: boolean;
}

/**
 * Attaches a file to a document. It is durable on this device when it resolves; who is connected, or connects later, gets it.
 * @throws AttachmentError ATTACHMENT_INVALID | ATTACHMENT_NOT_FOUND for a `variantOf` that is not there | ATTACHMENT_TOO_LARGE | SOURCE_CHANGED | SOURCE_FAILED;
 * StoreError STORE_FULL; the signal's reason; what `changeDoc` throws
 */
export async function attach<T extends object, In>(
  database: Database<T, In>,
  doc: Doc<T> | DocId,
  file: NewAttachment,
  io: WritingOptions = {},
): Promise<Attachment> {
  const { name, content, variantOf, variant = null, deduplicate = true } = file;
  const mediaType =
    file.mediaType ?? (content instanceof Blob && content.type !== "" ? content.type : "application/octet-stream");
  checkNames(name, mediaType, variant);
  // Before a large file is read for nothing.
  const before = await dataOf(database, doc);
  if (variantOf !== undefined) requireAttached(before, variantOf);
  const id = toBase64url(TenantFiles.of(database.tenant).room.crypto.randomBytes(16));
  return await store(database, doc, content, { deduplicate, ...io }, (data, written) => {
    const main = variantOf === undefined ? null : requireAttached(data, variantOf).id;
    const replaced = attachedTo(data).filter((each) => each.name === name);
    const gone = replaced.map((each) => each.id);
    if (gone.length > 0) remove(data, gone);
    if (main !== null && !(propertyOf(main) in data))
      throw new AttachmentError("ATTACHMENT_INVALID", "a variant would take the place of what it derives from");
    const derived = { ...(main === null ? {} : { variantOf: main }), ...(variant === null ? {} : { variant }) };
    data[propertyOf(id)] = { name, mediaType, parts: [manifestBytes(written)], ...derived };
    const { length: size } = written.manifest;
    return { id, name, mediaType, size, variantOf: main, variant, isDamaged: false };
  });
}

/**
 * Puts more bytes behind those of an attachment, by name or id. Of devices that append at once all bytes are kept, those of one after those of the other.
 * @throws AttachmentError ATTACHMENT_NOT_FOUND | ATTACHMENT_DAMAGED, and as {@link attach}
 */
export async function append<T extends object, In>(
  database: Database<T, In>,
  doc: Doc<T> | DocId,
  nameOrId: string,
  content: Source,
  io: WritingOptions = {},
): Promise<Attachment> {
  const { id } = requireAttached(await dataOf(database, doc), nameOrId);
  return await store(database, doc, content, io, (data, written) => {
    const attachment = requireAttached(data, id);
    if (attachment.isDamaged)
      throw new AttachmentError("ATTACHMENT_DAMAGED", "what stands in the document is no attachment");
    const { parts } = data[propertyOf(id)] as { parts: Uint8Array[] };
    parts.push(manifestBytes(written));
    return { ...shown(attachment), size: attachment.size + written.manifest.length };
  });
}

/**
 * Takes an attachment out of a document, by name or id, with what derives from it. Its bytes stay on devices and at relays until
 * `sweepAttachments`.
 * @throws AttachmentError ATTACHMENT_NOT_FOUND; what `changeDoc` throws
 */
export async function detach<T extends object, In>(
  database: Database<T, In>,
  doc: Doc<T> | DocId,
  nameOrId: string,
): Promise<void> {
  await database.changeDoc(doc, (draft) => {
    const data = draft.getData() as Record<string, unknown>;
    remove(data, [requireAttached(data, nameOrId).id]);
  });
}

async function store<T extends object, In>(
  database: Database<T, In>,
  doc: Doc<T> | DocId,
  content: Source,
  { signal, onProgress, deduplicate = true }: WritingOptions,
  place: (data: Record<string, unknown>, written: WrittenContent) => Attachment,
): Promise<Attachment> {
  await database.changeDoc(doc, () => undefined); // who may not write it is told so before a large file is read for nothing
  const { room, known, gate } = TenantFiles.of(database.tenant);
  const id = typeof doc === "string" ? doc : doc.id;
  const attached = await gate.attach(
    async () => {
      const { crypto, blobs } = room;
      const keys = await room.sealingKeys(id);
      const sink = { add: (chunks: AsyncIterable<Uint8Array>) => blobs.add(chunks), has: wholeBlobs(blobs), known };
      const salt = deduplicate ? null : crypto.randomBytes(32);
      const written = await writeContent({ crypto, keys }, sink, content, { salt, signal, onProgress });
      // Before the document refers to them: after a crash in between somebody has blobs that nobody needs, never the other way round.
      await room.offer(written.blobs);
      let attachment: Attachment | undefined;
      await database.changeDoc(doc, (draft) => {
        attachment = place(draft.getData() as Record<string, unknown>, written);
      });
      if (attachment === undefined) throw new RangeError("a change was made without its callback");
      return { attachment, blobs: written.blobs };
    },
    ({ blobs }) => blobs,
  );
  return attached.attachment;
}

async function dataOf<T extends object, In>(database: Database<T, In>, doc: Doc<T> | DocId): Promise<object> {
  return (await database.getDocument(typeof doc === "string" ? doc : doc.id)).getData();
}

/** With what derives from these, and from that. */
function remove(data: Record<string, unknown>, ids: readonly string[]): void {
  const derived = Map.groupBy(attachedTo(data), ({ variantOf }) => variantOf);
  const gone = new Set(ids);
  for (const id of gone) {
    delete data[propertyOf(id)];
    for (const each of derived.get(id) ?? []) gone.add(each.id); // comes up in this loop
  }
}

/** Whether blobs are here and undamaged; each is hashed once. */
function wholeBlobs(blobs: BlobStore): (hash: BlobHash) => Promise<boolean> {
  const found = new Map<string, Promise<boolean>>();
  return (hash) => {
    const name = toHex(hash);
    const isWhole = found.get(name) ?? blobs.get(hash, [0, 1]).then((bytes) => bytes !== undefined);
    found.set(name, isWhole);
    return isWhole;
  };
}
