// Which parts a side wants: in `open`, and in `want`. docs/spec/sync.md section 3.5.
import { type ByteReader, type ByteWriter, parseKeyTag, type Wanted } from "@selkie/entry";
import { MAX_RECIPIENTS, MAX_WANTED_TAGS } from "./bounds.ts";

const RECIPIENT_BYTES = 32;
const TAG_BYTES = 16;

/** Both lists. */
export function writeWanted(writer: ByteWriter, { recipients, tags }: Wanted): void {
  writer.uleb(recipients.length);
  for (const recipient of recipients) writer.bytes(recipient);
  writer.uleb(tags.length);
  for (const tag of tags) writer.bytes(tag);
}

/** @throws EntryError for what cannot be read */
export function readWanted(reader: ByteReader): Wanted {
  const recipients = readMany(reader, MAX_RECIPIENTS, RECIPIENT_BYTES);
  return { recipients, tags: readMany(reader, MAX_WANTED_TAGS, TAG_BYTES).map(parseKeyTag) };
}

function readMany(reader: ByteReader, most: number, length: number): readonly Uint8Array[] {
  const count = reader.uleb(most);
  const names: Uint8Array[] = [];
  for (let i = 0; i < count; i++) names.push(reader.bytes(length));
  return names;
}
