// A manifest: what a document says about one content. Who wrote it is known from the change that it came in.
import { ByteReader, ByteWriter, EntryError } from "@selkie/entry";
import { AttachmentError } from "../errors.ts";
import { INLINE_TABLE_BYTES, levelLengths, MAX_CONTENT_BYTES, ROW_BYTES, tableLength } from "./layout.ts";
import { decodeRow } from "./table.ts";

const FORMAT = 1;
/** Current versions of a key that are used as one. */
const MAX_VERSIONS = 64;
/** Bytes of the longest manifest. */
const MAX_MANIFEST_BYTES: number = 1 + 1 + MAX_VERSIONS * 32 + 8 + 1 + 32 + INLINE_TABLE_BYTES;

/** One content: all of an attachment, or what was appended at a time. */
export interface Manifest {
  /** Ids of key versions, joined: 32 bytes each. */
  readonly version: Uint8Array;
  /** Bytes of the content. */
  readonly length: number;
  /** 32 bytes when its chunks are shared with nothing; null when equal chunks have one name. */
  readonly salt: Uint8Array | null;
  /** The table of the uppermost level. */
  readonly table: Uint8Array;
}

export function encodeManifest({ version, length, salt, table }: Manifest): Uint8Array {
  const writer = new ByteWriter(MAX_MANIFEST_BYTES)
    .u8(FORMAT)
    .u8(version.length / 32)
    .bytes(version)
    .u64(length);
  writer.u8(salt === null ? 0 : 1);
  if (salt !== null) writer.bytes(salt);
  return writer.bytes(table).finish();
}

/** @throws AttachmentError ATTACHMENT_DAMAGED unless it is what {@link encodeManifest} writes */
export function decodeManifest(bytes: Uint8Array): Manifest {
  try {
    return readManifest(new ByteReader(bytes));
  } catch (cause) {
    if (cause instanceof EntryError) throw new AttachmentError("ATTACHMENT_DAMAGED", "not a manifest", { cause });
    throw cause;
  }
}

function readManifest(reader: ByteReader): Manifest {
  if (reader.u8() !== FORMAT) throw damaged("of a format this version does not know");
  const versions = reader.u8();
  if (versions < 1 || versions > MAX_VERSIONS) throw damaged("names no key version, or too many");
  const version = reader.bytes(versions * 32);
  const length = reader.u64();
  if (length > MAX_CONTENT_BYTES) throw damaged("longer than a content can be");
  const salting = reader.u8();
  if (salting > 1) throw damaged("neither with a salt nor without");
  const salt = salting === 1 ? reader.bytes(32) : null;
  const table = reader.bytes(tableLength(levelLengths(length).at(-1) ?? 0));
  reader.end();
  for (let at = 0; at < table.length; at += ROW_BYTES) decodeRow(table, at);
  return { version, length, salt, table };
}

const damaged = (how: string): AttachmentError => new AttachmentError("ATTACHMENT_DAMAGED", `a manifest is ${how}`);
