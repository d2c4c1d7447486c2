import fc from "fast-check";
import { expect, test } from "vitest";
import {
  CHUNK_BYTES,
  chunkCount,
  INLINE_TABLE_BYTES,
  levelLengths,
  MAX_CONTENT_BYTES,
  paddedLength,
  ROW_BYTES,
} from "../../src/content/layout.ts";
import { codeOf } from "../support/codes.ts";

test.each([
  [1, 4_096],
  [4_096, 4_096],
  [4_097, 5_120],
  [8_192, 8_192],
  [8_193, 10_240],
  [100_000, 114_688],
  [262_143, 262_144],
  [262_144, 262_144],
])("a last chunk of %i bytes is padded to %i", (length, padded) => {
  expect(paddedLength(length)).toBe(padded);
});

test("C5 padding hides a length within an eighth of the next power of two, and always within 4 KiB", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: CHUNK_BYTES }), (length) => {
      const padded = paddedLength(length);
      expect(padded).toBeGreaterThanOrEqual(Math.max(length, 4_096));
      expect(padded).toBeLessThanOrEqual(CHUNK_BYTES);
      expect(padded - length).toBeLessThan(Math.max(4_096, 2 ** Math.ceil(Math.log2(length)) / 8));
      expect(paddedLength(padded)).toBe(padded);
    }),
  );
});

test("each table lists the chunks below it, and the uppermost fits its manifest", () => {
  fc.assert(
    fc.property(
      fc.maxSafeNat().map((n) => n % (MAX_CONTENT_BYTES + 1)),
      (length) => {
        const lengths = levelLengths(length);
        expect(lengths[0]).toBe(length);
        for (const [level, bytes] of lengths.entries())
          if (level > 0) expect(bytes).toBe(chunkCount(lengths[level - 1] ?? 0) * ROW_BYTES);
        expect(chunkCount(lengths.at(-1) ?? 0) * ROW_BYTES).toBeLessThanOrEqual(INLINE_TABLE_BYTES);
        expect(lengths.length).toBeLessThanOrEqual(5);
      },
    ),
  );
});

test("what is longer than a content can be is refused", async () => {
  expect(await codeOf(async () => levelLengths(MAX_CONTENT_BYTES + 1))).toBe("ATTACHMENT_TOO_LARGE");
});
