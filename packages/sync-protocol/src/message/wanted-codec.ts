// Which parts a side wants: in `open`, and in `want`. docs/spec/sync.md section 3.5.
import { type ByteReader, type ByteWriter, parseKeyTag, type Wanted } from "@selkie/entry";
import { SyncError } from "../sync-error.ts";
import { MAX_RECIPIENTS, MAX_WANTED_TAGS } from "./bounds.ts";

const RECIPIENT_BYTES = 32;
const TAG_BYTES = 16;

/** Both lists, and whether contents stand for changes. */
export function writeWanted(writer: ByteWriter, { recipients, tags, contentsOnly }: Wanted): void {
  writer.uleb(recipients.length);
  for (const recipient of recipients) writer.bytes(recipient);
  writer.uleb(tags.length);
  for (const tag of tags) writer.bytes(tag);
  writer.u8(contentsOnly ? 1 : 0);
}

/** @throws EntryError for what cannot be read */
export function readWanted(reader: ByteReader): Wanted {
  const recipients = readMany(reader, MAX_RECIPIENTS, RECIPIENT_BYTES);
  const tags = readMany(reader, MAX_WANTED_TAGS, TAG_BYTES).map(parseKeyTag);
  return { recipients, tags, contentsOnly: readFlag(reader) };
}

/** @throws SyncError `BAD_MESSAGE` for what is neither 0 nor 1 */
export function readFlag(reader: ByteReader): boolean {
  const byte = reader.u8();
  if (byte > 1) throw new SyncError("BAD_MESSAGE", "a flag that is neither 0 nor 1");
  return byte === 1;
}

function readMany(reader: ByteReader, most: number, length: number): readonly Uint8Array[] {
  const count = reader.uleb(most);
  const names: Uint8Array[] = [];
  for (let i = 0; i < count; i++) names.push(reader.bytes(length));
  return names;
}
