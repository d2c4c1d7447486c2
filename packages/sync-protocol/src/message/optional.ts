// A number that may be absent, as ULEB128: 0, or the number plus one.
import type { ByteReader, ByteWriter } from "@selkie/entry";

/** Writes 0 for null, else the number plus one. */
export function writeOptional(writer: ByteWriter, value: number | null): void {
  writer.uleb(value === null ? 0 : value + 1);
}

/** Mirrors {@link writeOptional}. @throws EntryError on malformed bytes */
export function readOptional(reader: ByteReader): number | null {
  const value = reader.uleb();
  return value === 0 ? null : value - 1;
}
