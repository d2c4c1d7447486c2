// The columns a change may have. The specification byte is (column id << 4) | type; bit 3 marks a deflated column.
import type { ByteCursor } from "./byte-cursor.ts";
import { ChangeError } from "./change-error.ts";

/** Specification bytes of the columns of a change, in the order in which they stand. */
export const column = {
  objectActor: 0x01,
  objectCounter: 0x02,
  keyActor: 0x11,
  keyCounter: 0x13,
  keyText: 0x15,
  insert: 0x34,
  action: 0x42,
  valueMeta: 0x56,
  value: 0x57,
  predCount: 0x70,
  predActor: 0x71,
  predCounter: 0x73,
  expand: 0x94,
  markName: 0xa5,
} as const;

export type ColumnSpec = (typeof column)[keyof typeof column];

/** All columns in order; a column's index here is its bit in a packed change. */
export const columnOrder: readonly ColumnSpec[] = Object.values(column);

const indexBySpec: readonly (number | undefined)[] = columnOrder.reduce<(number | undefined)[]>(
  (indexes, spec, index) => indexes.with(spec, index),
  new Array<number | undefined>(256).fill(undefined),
);
const deflated = 0x08;

/** Where the columns of a change lie in its bytes: `starts[i]..starts[i + 1]` is column `columnOrder[i]`; empty when absent. */
export interface ColumnTable {
  readonly bytes: Uint8Array;
  readonly starts: Int32Array;
}

/** Where the data of a column starts in `table.bytes`. */
export function columnStart(table: ColumnTable, spec: ColumnSpec): number {
  return table.starts[indexBySpec[spec] ?? 0] ?? 0;
}

/** Where the data of a column ends; where it starts, when the column is not there. */
export function columnEnd(table: ColumnTable, spec: ColumnSpec): number {
  return table.starts[(indexBySpec[spec] ?? 0) + 1] ?? 0;
}

/** Used and given up by one call. */
const lengths = new Int32Array(columnOrder.length);

/**
 * Reads the specifications and lengths of all columns and steps over their data.
 *
 * SECURITY: a deflated column is refused before anything is inflated, and a column that Automerge would not write again is refused
 * because the change would lose it and its hash with it. Tests: gate-limits.test.ts "D4 ...", change-chunk.test.ts.
 */
export function readColumnTable(cursor: ByteCursor): ColumnTable {
  lengths.fill(0);
  let last = -1;
  for (let count = cursor.unsigned(); count > 0; count--) {
    const spec = cursor.unsigned();
    if ((spec & deflated) !== 0) throw new ChangeError("CHANGE_COMPRESSED", "a column is deflated");
    const index = indexBySpec[spec];
    if (index === undefined) throw new ChangeError("CHANGE_NOT_CANONICAL", "a column is unknown");
    if (index <= last) throw new ChangeError("CHANGE_NOT_CANONICAL", "columns are out of order");
    last = index;
    const length = cursor.unsigned();
    if (length === 0) throw new ChangeError("CHANGE_NOT_CANONICAL", "a column is empty");
    if (length > cursor.end - cursor.position) throw new ChangeError("CHANGE_MALFORMED", "a column is too long");
    lengths[index] = length;
  }
  return placeColumns(cursor, lengths);
}

/** The table of columns of these lengths, which start at the cursor; steps over them. */
export function placeColumns(cursor: ByteCursor, lengths: Int32Array): ColumnTable {
  const starts = new Int32Array(columnOrder.length + 1);
  for (let i = 0; i < columnOrder.length; i++) starts[i] = cursor.skip(lengths[i] ?? 0);
  starts[columnOrder.length] = cursor.position;
  return { bytes: cursor.bytes, starts };
}
