// What of an index lies in the sealed local state: a head, and segments of about a hundred rows. ADR 48, ADR 91.
import { ByteReader, ByteWriter, EntryError, fromHex, toHex } from "@selkie/entry";
import { type Covered, readCovered, writeCovered } from "../cold/covered.ts";
import { CoreError } from "../errors.ts";
import type { RowKind } from "../local/local-state.ts";
import { stretchIdBytes } from "./cursor.ts";

/** Counts up with whatever is noted: no two rows of an index have the same stamp. */
export type Stamped<Note> = Note & { readonly stamp: number };

/** The stamps that one run of a program gave, from `from` to the next stretch. */
export interface Stretch {
  /** Random, in hex. */
  readonly id: string;
  readonly from: number;
}

/** A moment when an index said what the documents were. */
export interface Mark extends Covered {
  /** The stamp that was given last. */
  readonly newest: number;
  /** The number of the segment that it is in. */
  readonly segment: number;
  /** How many rows counted. */
  readonly size: number;
}

export interface IndexHead {
  /** Random, in hex: what was written before it begins is of another. */
  readonly generation: string;
  /** Ascending. */
  readonly stretches: readonly Stretch[];
  /** The ids of the keys that this device has held, in hex. */
  readonly keys: ReadonlySet<string>;
  readonly mark: Mark | null;
}

/** What the rows of an index are, beside their stamps. */
export interface RowFormat<Note> {
  readonly kind: RowKind;
  /** About as many as a row takes. */
  readonly bytes: number;
  write(writer: ByteWriter, note: Note): void;
  /** @throws CoreError LOCAL_STATE_DAMAGED; EntryError for what is too short */
  read(reader: ByteReader): Note;
}

export const generationBytes = 8;
const FORMAT = 2;
const keyIdBytes = 16;

export function encodeHead({ generation, stretches, keys, mark }: IndexHead): Uint8Array {
  const writer = new ByteWriter().u8(FORMAT).bytes(fromHex(generation)).uleb(stretches.length);
  for (const { id, from } of stretches) writer.bytes(fromHex(id)).uleb(from);
  writer.uleb(keys.size);
  for (const key of keys) writer.bytes(fromHex(key));
  if (mark === null) return writer.u8(0).finish();
  writer.u8(1).uleb(mark.newest).uleb(mark.segment).uleb(mark.size);
  writeCovered(writer, mark);
  return writer.finish();
}

/** @throws CoreError LOCAL_STATE_DAMAGED */
export function decodeHead(bytes: Uint8Array): IndexHead {
  return decode(bytes, (reader) => {
    const generation = toHex(reader.bytes(generationBytes));
    const stretches: Stretch[] = [];
    for (let left = reader.uleb(); left > 0; left--)
      stretches.push({ id: toHex(reader.bytes(stretchIdBytes)), from: reader.uleb() });
    const keys = new Set<string>();
    for (let left = reader.uleb(); left > 0; left--) keys.add(toHex(reader.bytes(keyIdBytes)));
    return { generation, stretches, keys, mark: reader.u8() === 0 ? null : readMark(reader) };
  });
}

export function encodeRows<Note>(
  format: RowFormat<Note>,
  generation: string,
  rows: readonly Stamped<Note>[],
): Uint8Array {
  const writer = new ByteWriter(32 + rows.length * format.bytes);
  writer.u8(FORMAT).bytes(fromHex(generation)).uleb(rows.length);
  for (const row of rows) format.write(writer.uleb(row.stamp), row);
  return writer.finish();
}

/** @throws CoreError LOCAL_STATE_DAMAGED also for those of another generation */
export function decodeRows<Note>(
  format: RowFormat<Note>,
  generation: string,
  bytes: Uint8Array,
): readonly Stamped<Note>[] {
  return decode(bytes, (reader) => {
    if (toHex(reader.bytes(generationBytes)) !== generation) throw damaged();
    const rows: Stamped<Note>[] = [];
    for (let left = reader.uleb(); left > 0; left--) {
      const stamp = reader.uleb();
      rows.push({ ...format.read(reader), stamp });
    }
    return rows;
  });
}

function readMark(reader: ByteReader): Mark {
  const [newest, segment, size] = [reader.uleb(), reader.uleb(), reader.uleb()];
  return { newest, segment, size, ...readCovered(reader) };
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

export const damaged = (cause?: unknown): CoreError =>
  new CoreError("LOCAL_STATE_DAMAGED", "a piece of an index is not one, or does not fit the others", { cause });
