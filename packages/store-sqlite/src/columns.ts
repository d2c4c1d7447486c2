// Columns as they come back from a file that may be damaged: any type, any length.
import { StoreError } from "@selkie/store";

/** A row as read: nothing is known of its columns. */
export type RawRow = Readonly<Record<string, unknown>>;

/** What a row that does not fit its checksum or its place is answered with; the guard (guard.ts) then repairs the tables. */
export function damagedRow(): StoreError {
  return new StoreError("STORE_CORRUPT", "a row does not fit its checksum or its place");
}

/** The column as a safe integer. */
export function integerOf(value: unknown): number {
  if (typeof value === "number" && Number.isSafeInteger(value)) return value;
  throw damagedRow();
}

/** The column as bytes of this length, in a plain view: Buffer's own slice() shares memory where Uint8Array's copies. */
export function bytesOf(value: unknown, length?: number): Uint8Array {
  if (!(value instanceof Uint8Array) || (length !== undefined && value.length !== length)) throw damagedRow();
  return new Uint8Array(value.buffer, value.byteOffset, value.length);
}
