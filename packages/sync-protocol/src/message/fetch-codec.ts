// Parts that are asked for one by one, and the answer. docs/spec/sync.md section 3.6.
import { type ByteReader, type ByteWriter, limits, parseWriterKey } from "@selkie/entry";
import { SyncError } from "../sync-error.ts";
import { MAX_FETCHED } from "./bounds.ts";
import type { Fetch, PartPlace, Parts } from "./message.ts";

export function writeFetch(writer: ByteWriter, { handle, places }: Fetch): void {
  writer.uleb(handle).uleb(places.length);
  for (const place of places) writer.bytes(place.writer).uleb(place.seq).uleb(place.index);
}

/** @throws EntryError | SyncError for what cannot be read */
export function readFetch(reader: ByteReader): Fetch {
  const handle = reader.uleb();
  const places = readMany(reader, (): PartPlace => {
    // A copy: it outlives the message.
    const writer = parseWriterKey(reader.bytes(32).slice());
    return { writer, seq: reader.uleb(), index: reader.uleb(limits.partsPerEntry) };
  });
  return { type: "fetch", handle, places };
}

export function writeParts(writer: ByteWriter, { handle, parts }: Parts): void {
  writer.uleb(handle).uleb(parts.length);
  for (const part of parts) {
    writer.uleb(part?.length ?? 0);
    if (part !== null) writer.bytes(part);
  }
}

/** The parts are views of the frame. @throws EntryError | SyncError for what cannot be read */
export function readParts(reader: ByteReader): Parts {
  const handle = reader.uleb();
  const parts = readMany(reader, () => {
    const length = reader.uleb(limits.entryBytes);
    return length === 0 ? null : reader.bytes(length);
  });
  return { type: "parts", handle, parts };
}

function readMany<Item>(reader: ByteReader, read: () => Item): readonly Item[] {
  const count = reader.uleb(MAX_FETCHED);
  if (count === 0) throw new SyncError("BAD_MESSAGE", "no part at all");
  return Array.from({ length: count }, read);
}
