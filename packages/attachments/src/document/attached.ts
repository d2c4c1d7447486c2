// What a document's data says about its attachments. Anybody who may write the document may write this, whatever it is.
import { ATTACHMENTS } from "@selkie/core";
import { EntryError, fromBase64url } from "@selkie/entry";
import { MAX_CONTENT_BYTES } from "../content/layout.ts";
import { decodeManifest, type Manifest } from "../content/manifest.ts";
import { AttachmentError } from "../errors.ts";

const PREFIX = `${ATTACHMENTS}/`;
const ID_BYTES = 16;
const MAX_NAME = 1_024;
const MAX_MEDIA_TYPE = 255;
const MAX_PARTS = 65_536;

/** A file that belongs to a document. */
export interface Attachment {
  /** Stays the same while it is appended to; another one when a file of the same name takes its place. */
  readonly id: string;
  readonly name: string;
  readonly mediaType: string;
  /** Bytes. */
  readonly size: number;
  /** The id of the attachment that this one derives from, such as the picture of a thumbnail; null for one of its own. */
  readonly variantOf: string | null;
  /** What it is to that one, `"thumbnail"` for example. */
  readonly variant: string | null;
  /** What stands in the document is no attachment: it cannot be read, its size is 0, and its name may be empty. */
  readonly isDamaged: boolean;
}

/** One with what it is read from: a content for each time it was written or appended to. */
export interface StoredAttachment extends Attachment {
  readonly manifests: readonly Manifest[];
}

/** The property of a document in which an attachment stands: one of its own each, so that two devices that attach at once keep both. */
export const propertyOf = (id: string): string => `${PREFIX}${id}`;

/** All attachments of a document in order of their ids, damaged ones among them. */
export function attachedTo(data: object): readonly StoredAttachment[] {
  const found: StoredAttachment[] = [];
  for (const [property, value] of Object.entries(data))
    if (property.startsWith(PREFIX)) found.push(readStored(property.slice(PREFIX.length), value));
  return found.sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** By id, or else by name; of several of one name the first that is not damaged. @throws AttachmentError ATTACHMENT_NOT_FOUND */
export function requireAttached(data: object, nameOrId: string): StoredAttachment {
  const all = attachedTo(data);
  const found =
    all.find(({ id }) => id === nameOrId && isId(id)) ??
    all.find(({ name, isDamaged }) => name === nameOrId && !isDamaged) ??
    all.find(({ id, name }) => id === nameOrId || name === nameOrId);
  if (found === undefined) throw new AttachmentError("ATTACHMENT_NOT_FOUND", "the document has no such attachment");
  return found;
}

/** As apps see it. */
export function shown({ manifests: _, ...attachment }: StoredAttachment): Attachment {
  return attachment;
}

/** @throws AttachmentError ATTACHMENT_INVALID */
export function checkNames(name: string, mediaType: string, variant: string | null): void {
  const fits =
    isText(name, MAX_NAME) && isText(mediaType, MAX_MEDIA_TYPE) && (variant === null || isText(variant, MAX_NAME));
  if (fits) return;
  throw new AttachmentError(
    "ATTACHMENT_INVALID",
    "a name has 1 to 1,024 characters, a media type 1 to 255, none of them a control character",
  );
}

function readStored(id: string, value: unknown): StoredAttachment {
  const fields = isRecord(value) ? value : {};
  const { name, mediaType, parts, variantOf = null, variant = null } = fields;
  const none = { id, name: isText(name, MAX_NAME) ? name : "", mediaType: "", size: 0, variantOf: null, variant: null };
  const damaged = { ...none, isDamaged: true, manifests: [] };
  if (!isId(id) || !isText(name, MAX_NAME) || !isText(mediaType, MAX_MEDIA_TYPE)) return damaged;
  if ((variantOf !== null && !isId(variantOf)) || (variant !== null && !isText(variant, MAX_NAME))) return damaged;
  const manifests = manifestsOf(parts);
  if (manifests === null) return damaged;
  const size = manifests.reduce((sum, { length }) => sum + length, 0);
  if (size > MAX_CONTENT_BYTES) return damaged;
  return { id, name, mediaType, size, variantOf, variant, isDamaged: false, manifests };
}

function manifestsOf(parts: unknown): readonly Manifest[] | null {
  if (!Array.isArray(parts) || parts.length < 1 || parts.length > MAX_PARTS) return null;
  try {
    return parts.map((part: unknown) => decodeManifest(part instanceof Uint8Array ? part : new Uint8Array()));
  } catch (error) {
    if (error instanceof AttachmentError) return null;
    throw error;
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function isText(value: unknown, most: number): value is string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return typeof value === "string" && value.length > 0 && value.length <= most && !/[\u0000-\u001f\u007f]/.test(value);
}

function isId(value: unknown): value is string {
  try {
    return typeof value === "string" && value.length < 32 && fromBase64url(value).length === ID_BYTES;
  } catch (error) {
    if (error instanceof EntryError) return false;
    throw error;
  }
}
