import { ByteReader, EntryError } from "@selkie/entry";

/** What a row of a cache says that begins with the number of its format; null for one of another format, and for one that does not decode. */
export function decodedRow<Result>(
  bytes: Uint8Array,
  format: number,
  read: (reader: ByteReader) => Result,
): Result | null {
  try {
    const reader = new ByteReader(bytes);
    if (reader.u8() !== format) return null;
    const result = read(reader);
    reader.end();
    return result;
  } catch (error) {
    if (!(error instanceof EntryError)) throw error;
    return null;
  }
}
