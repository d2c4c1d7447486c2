// What of a document index lies in the sealed local state: a head, and segments of about a hundred rows. ADR 48.
import { ByteReader, ByteWriter, EntryError, fromHex, toHex } from "@selkie/entry";
import { type DocId, docIdOfBytes } from "../document/doc-id.ts";
import { CoreError } from "../errors.ts";
import { documentIdBytes } from "../sealing/document-id.ts";
import { stretchIdBytes } from "./cursor.ts";

/** What an app sees of a document, as the feed calls it. */
export type RowState = "changed" | "deleted" | "hidden" | "revealed";

/** What was last noted of a document. */
export interface IndexRow {
  readonly id: DocId;
  /** Counts up with whatever is noted: no two rows have the same. */
  readonly stamp: number;
  readonly state: RowState;
  /** Of its heads, in hex. */
  readonly digest: string;
}

/** The stamps that one run of a program gave, from `from` to the next stretch. */
export interface Stretch {
  /** Random, in hex. */
  readonly id: string;
  readonly from: number;
}

export interface IndexHead {
  /** Ascending. */
  readonly stretches: readonly Stretch[];
  /** The ids of the keys that this device has held, in hex. */
  readonly keys: ReadonlySet<string>;
}

const FORMAT = 1;
const STATES: readonly RowState[] = ["changed", "deleted", "hidden", "revealed"];
const keyIdBytes = 16;
export const digestBytes = 16;

export function encodeHead({ stretches, keys }: IndexHead): Uint8Array {
  const writer = new ByteWriter().u8(FORMAT).uleb(stretches.length);
  for (const { id, from } of stretches) writer.bytes(fromHex(id)).uleb(from);
  writer.uleb(keys.size);
  for (const key of keys) writer.bytes(fromHex(key));
  return writer.finish();
}

/** @throws CoreError LOCAL_STATE_DAMAGED */
export function decodeHead(bytes: Uint8Array): IndexHead {
  return decode(bytes, (reader) => {
    const stretches: Stretch[] = [];
    for (let left = reader.uleb(); left > 0; left--)
      stretches.push({ id: toHex(reader.bytes(stretchIdBytes)), from: reader.uleb() });
    const keys = new Set<string>();
    for (let left = reader.uleb(); left > 0; left--) keys.add(toHex(reader.bytes(keyIdBytes)));
    return { stretches, keys };
  });
}

export function encodeSegment(rows: readonly IndexRow[]): Uint8Array {
  const writer = new ByteWriter(16 + rows.length * 56).u8(FORMAT).uleb(rows.length);
  for (const { id, stamp, state, digest } of rows)
    writer.bytes(fromHex(id)).uleb(stamp).u8(STATES.indexOf(state)).bytes(fromHex(digest));
  return writer.finish();
}

/** @throws CoreError LOCAL_STATE_DAMAGED */
export function decodeSegment(bytes: Uint8Array): readonly IndexRow[] {
  return decode(bytes, (reader) => {
    const rows: IndexRow[] = [];
    for (let left = reader.uleb(); left > 0; left--) {
      const id = docIdOfBytes(reader.bytes(documentIdBytes));
      const stamp = reader.uleb();
      const state = STATES[reader.u8()];
      if (state === undefined) throw damaged();
      rows.push({ id, stamp, state, digest: toHex(reader.bytes(digestBytes)) });
    }
    return rows;
  });
}

function decode<Result>(bytes: Uint8Array, read: (reader: ByteReader) => Result): Result {
  try {
    const reader = new ByteReader(bytes);
    if (reader.u8() !== FORMAT) throw damaged();
    const result = read(reader);
    reader.end();
    return result;
  } catch (cause) {
    if (!(cause instanceof EntryError)) throw cause;
    throw damaged(cause);
  }
}

const damaged = (cause?: unknown): CoreError =>
  new CoreError("LOCAL_STATE_DAMAGED", "a piece of a document index is not one", { cause });
