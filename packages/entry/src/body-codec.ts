// The body of one entry, as a store keeps it beside the place, the id and the signature (docs/spec/entry.md section 7).
import { ByteReader } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import type { Entry } from "./entry.ts";
import { EntryError } from "./entry-error.ts";
import { type EntryPlace, readRecord, writeRecord } from "./entry-record.ts";

export type { EntryPlace };

/** What a store keeps of an entry: type, flag, key tags, salt and parts. Place and signature are kept apart. */
export function encodeEntryBody(entry: Entry): Uint8Array {
  return viewEntryBody(entry).slice();
}

/** The same in memory that the next call writes to: for whoever copies it at once. */
export function viewEntryBody(entry: Entry): Uint8Array {
  writer.clear();
  writeRecord(writer, entry, { table: [], signature: null });
  return writer.view();
}

/** Used by one call after the other. */
const writer = new ByteWriter(4096);

/**
 * Reads a body back to the entry that stands at `at`, without its signature. The parts are views of `body`.
 *
 * @throws EntryError whenever the bytes are not exactly the body of some entry
 */
export function decodeEntryBody(body: Uint8Array, at: EntryPlace): Entry {
  const reader = new ByteReader(body);
  const entry = readRecord(reader, { database: at.database, writer: at.writer, seq: at.seq, prev: at.prev }, []);
  if (entry.signature !== null) throw new EntryError("BAD_FLAGS", "a body holds no signature");
  reader.end();
  return entry;
}
