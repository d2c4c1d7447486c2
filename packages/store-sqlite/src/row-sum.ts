// Checksums of rows. They find what a failing disk changes, not what an attacker changes: what comes from peers is signed, what is
// local is sealed.
import zlib from "node:zlib";

// One call of crc32 for a row, not one for each column: short columns are gathered here first.
const scratch = new Uint8Array(512);
const view = new DataView(scratch.buffer);

/**
 * CRC-32 (as in RFC 1952) of these columns in order, as a signed integer, which SQLite keeps in four bytes. A number counts as the 8
 * bytes of a double; bytes are preceded by their length, null by -1, both as such numbers.
 */
export function rowSum(...columns: readonly (number | Uint8Array | null)[]): number {
  let sum = 0;
  let filled = 0;
  for (const column of columns) {
    if (filled + 8 > scratch.length) {
      sum = zlib.crc32(scratch.subarray(0, filled), sum);
      filled = 0;
    }
    view.setFloat64(filled, typeof column === "number" ? column : (column?.length ?? -1));
    filled += 8;
    if (typeof column === "number" || column === null) continue;
    if (filled + column.length <= scratch.length) {
      scratch.set(column, filled);
      filled += column.length;
      continue;
    }
    sum = zlib.crc32(column, zlib.crc32(scratch.subarray(0, filled), sum));
    filled = 0;
  }
  return zlib.crc32(scratch.subarray(0, filled), sum) | 0;
}
