// Columns as they come back from a file that may be damaged: of whatever type and length.
import { compareBytes } from "@selkie/entry";
import { StoreError } from "@selkie/store";

/** A row as read: nothing is known of its columns. */
export type RawRow = Readonly<Record<string, unknown>>;

/**
 * A number to look for, in a statement that sorts by what comes after it, or takes the least. SQLite (3.54) plans such a statement anew
 * whenever a value is bound to a bare `?`, which takes several times as long as to look up.
 */
export const numberSought = "CAST(? AS INTEGER)";

/** The same for bytes. */
export const bytesSought = "CAST(? AS BLOB)";

/** What a row that does not fit its checksum or its place is answered with; the guard (guard.ts) then repairs the tables. */
export function damagedRow(): StoreError {
  return new StoreError("STORE_CORRUPT", "a row does not fit its checksum or its place");
}

/** SQLite's order of null, numbers and bytes (https://www.sqlite.org/datatype3.html#comparisons), for rows of equal columns. */
export function compareColumns(a: readonly unknown[], b: readonly unknown[]): number {
  for (const [index, column] of a.entries()) {
    const difference = compareColumn(column, b[index]);
    if (difference !== 0) return difference;
  }
  return 0;
}

function compareColumn(a: unknown, b: unknown): number {
  if (a instanceof Uint8Array && b instanceof Uint8Array) return compareBytes(a, b);
  if (typeof a === "number" && typeof b === "number") return a - b;
  return rankOf(a) - rankOf(b);
}

function rankOf(column: unknown): number {
  if (column instanceof Uint8Array) return 3;
  if (typeof column === "string") return 2;
  return typeof column === "number" ? 1 : 0;
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
