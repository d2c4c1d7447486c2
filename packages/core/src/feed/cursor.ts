import { ByteReader, ByteWriter, type DatabaseId, EntryError, equalBytes, fromHex, toHex } from "@selkie/entry";
import { CoreError } from "../errors.ts";

/** How far somebody has read a change feed. To be kept as it is, beside what was made of what was read. */
export type Cursor = string & { readonly Cursor: unique symbol };

/** What a cursor says. */
export interface CursorPlace {
  /** The stretch that the newest stamp was of when the cursor was handed out, in hex. */
  readonly stretch: string;
  /** That stamp. */
  readonly newest: number;
  /** All that was stamped up to here has been delivered. */
  readonly stamp: number;
}

/** What a cursor is of: the first byte says it, and the format. */
const FORMATS = { documents: 1, revisions: 2, pastDocuments: 3, pastRevisions: 4 } as const;
export type CursorKind = keyof typeof FORMATS;

export const stretchIdBytes = 16;
const databaseBytes = 32;

export function encodeCursor(database: DatabaseId, kind: CursorKind, { stretch, newest, stamp }: CursorPlace): Cursor {
  const writer = new ByteWriter(64).u8(FORMATS[kind]).bytes(database).bytes(fromHex(stretch)).uleb(newest).uleb(stamp);
  return toHex(writer.finish()) as Cursor;
}

/** @throws CoreError CURSOR_INVALID */
export function parseCursor(database: DatabaseId, kind: CursorKind, cursor: string): CursorPlace {
  try {
    const reader = new ByteReader(fromHex(cursor));
    if (reader.u8() !== FORMATS[kind]) throw invalid("not a cursor of this kind of feed");
    if (!equalBytes(reader.bytes(databaseBytes), database)) throw invalid("a cursor of another database");
    const stretch = toHex(reader.bytes(stretchIdBytes));
    const newest = reader.uleb();
    const stamp = reader.uleb(newest);
    reader.end();
    return { stretch, newest, stamp };
  } catch (cause) {
    if (!(cause instanceof EntryError)) throw cause;
    throw invalid("not a cursor", cause);
  }
}

const invalid = (message: string, cause?: unknown): CoreError => new CoreError("CURSOR_INVALID", message, { cause });
