import { readFileSync } from "node:fs";
import zlib from "node:zlib";
import { fromHex } from "@selkie/entry";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { rowSum } from "../src/row-sum.ts";

const vectors: { sums: { comment: string; columns: (number | string | null)[]; sum: number }[] } = JSON.parse(
  readFileSync(new URL("../../../docs/spec/vectors/store/row-sums.json", import.meta.url), "utf8"),
);
const seed = Number(process.env["SEED"] ?? 1);
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 70 }),
  fc.uint8Array({ minLength: 400, maxLength: 1_200, size: "max" }),
);
const columns = fc.array(fc.oneof(fc.integer(), bytes, fc.constant(null)), { maxLength: 80, size: "max" });

describe("rowSum", () => {
  it(`is the CRC-32 of all columns with their lengths, however long (seed ${seed})`, () => {
    const lengthed = (column: number | Uint8Array | null): Buffer => {
      const number = Buffer.alloc(8);
      number.writeDoubleBE(typeof column === "number" ? column : (column?.length ?? -1));
      return typeof column === "number" || column === null ? number : Buffer.concat([number, column]);
    };
    fc.assert(
      fc.property(columns, (row) => rowSum(...row) === (zlib.crc32(Buffer.concat(row.map(lengthed))) | 0)),
      { seed },
    );
  });

  it("gives the sums of the specification's vectors", () => {
    expect(vectors.sums.length).toBeGreaterThan(5);
    for (const { comment, columns: row, sum } of vectors.sums) {
      const parsed = row.map((column) => (typeof column === "string" ? fromHex(column) : column));
      expect(rowSum(...parsed), comment).toBe(sum);
    }
  });

  it("tells rows apart whose bytes only lie in other columns", () => {
    const [a, b, ab, none] = [Uint8Array.of(1), Uint8Array.of(2), Uint8Array.of(1, 2), new Uint8Array()];
    const sums = [
      rowSum(a, b),
      rowSum(ab, none),
      rowSum(none, ab),
      rowSum(ab),
      rowSum(b, a),
      rowSum(a, b, null),
      rowSum(a, b, 0),
    ];
    expect(new Set(sums).size).toBe(sums.length);
  });
});
