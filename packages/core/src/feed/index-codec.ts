// What of an index lies in the sealed local state: a head, and segments of about a hundred rows. ADR 48.
import { ByteReader, ByteWriter, EntryError, fromHex, toHex } from "@selkie/entry";
import { CoreError } from "../errors.ts";
import { stretchIdBytes } from "./cursor.ts";

/** Counts up with whatever is noted: no two rows of an index have the same stamp. */
export type Stamped<Note> = Note & { readonly stamp: number };

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
const keyIdBytes = 16;

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

/** @param bytes about as many as a row takes */
export function encodeRows<Note>(
  rows: readonly Stamped<Note>[],
  bytes: number,
  write: (writer: ByteWriter, note: Note) => void,
): Uint8Array {
  const writer = new ByteWriter(16 + rows.length * bytes).u8(FORMAT).uleb(rows.length);
  for (const row of rows) write(writer.uleb(row.stamp), row);
  return writer.finish();
}

/** @throws CoreError LOCAL_STATE_DAMAGED */
export function decodeRows<Note>(bytes: Uint8Array, read: (reader: ByteReader) => Note): readonly Stamped<Note>[] {
  return decode(bytes, (reader) => {
    const rows: Stamped<Note>[] = [];
    for (let left = reader.uleb(); left > 0; left--) {
      const stamp = reader.uleb();
      rows.push({ ...read(reader), stamp });
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

export const damaged = (cause?: unknown): CoreError =>
  new CoreError("LOCAL_STATE_DAMAGED", "a piece of an index is not one", { cause });
