// Checksums of rows. They find what a failing disk changes, not what an attacker changes: what comes from peers is signed, what is
// local is sealed.
import zlib from "node:zlib";

/** CRC-32 (as in RFC 1952) of these columns in order, as SQLite's smallest integer. Each column is preceded by its length. */
export function rowSum(...columns: readonly (number | Uint8Array | null)[]): number {
  let sum = 0;
  for (const column of columns) sum = typeof column === "number" ? addNumber(sum, column) : addBytes(sum, column);
  return sum | 0;
}

const scratch = new Uint8Array(8);
const view = new DataView(scratch.buffer);

function addNumber(sum: number, value: number): number {
  view.setFloat64(0, value);
  return zlib.crc32(scratch, sum);
}

function addBytes(sum: number, bytes: Uint8Array | null): number {
  const counted = addNumber(sum, bytes?.length ?? -1);
  return bytes === null ? counted : zlib.crc32(bytes, counted);
}
