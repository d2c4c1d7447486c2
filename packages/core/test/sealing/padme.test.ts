import { asPlaintext } from "@selkie/crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bundleFloor, pad, paddingFloor, padmeLength, readPadded } from "../../src/sealing/padme.ts";
import { codeOf } from "../codes.ts";

describe("padmeLength", () => {
  // Figures of the paper's formula, worked out by hand: E = floor(log2 L), S = floor(log2 E) + 1, the last E - S bits become zero.
  test.each([
    [0, 128],
    [1, 128],
    [128, 128],
    [129, 144],
    [144, 144],
    [145, 160],
    [255, 256],
    [257, 272],
    [1_000, 1_024],
    [1_025, 1_088],
    [65_537, 67_584],
    [1_000_000, 1_015_808],
  ])("%i bytes become %i", (length, padded) => {
    expect(padmeLength(length)).toBe(padded);
  });

  test("E1 wastes at most 12 % above the floor, and never falls", () => {
    let before = 0;
    for (let length = 0; length <= 70_000; length++) {
      const padded = padmeLength(length);
      expect(padded).toBeGreaterThanOrEqual(Math.max(length, before));
      if (length > paddingFloor && (padded - length) / length > 0.12) expect.fail(`${length} becomes ${padded}`);
      before = padded;
    }
  });

  test("E1 10^5 lengths of a corpus become no more than Padmé's own number of lengths", () => {
    const seen = new Set<number>();
    for (let item = 0; item < 100_000; item++) seen.add(padmeLength((item * 7_919) % 1_048_576));
    // Between 2^E and 2^(E+1) there are 2^S lengths, S = floor(log2 E) + 1; below the floor there is one.
    let bound = 1;
    for (let exponent = 7; exponent < 20; exponent++) bound += 2 ** (Math.floor(Math.log2(exponent)) + 1);
    expect(seen.size).toBeLessThanOrEqual(bound);
    expect(seen.size).toBeGreaterThan(bound / 2);
  });

  test("a bundle's floor is a padded length too", () => {
    expect(padmeLength(3, bundleFloor)).toBe(256);
    expect(padmeLength(300, bundleFloor)).toBe(padmeLength(300));
  });
});

describe("readPadded", () => {
  const read = (bytes: Uint8Array) => readPadded(asPlaintext(bytes), (reader) => reader.bytes(reader.uleb()));

  test("reads what pad wrote, for every length", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2_000 }), (content) => {
        const length = content.length < 128 ? [content.length] : [(content.length & 0x7f) | 0x80, content.length >> 7];
        expect(read(pad(new Uint8Array([...length, ...content])))).toEqual(content);
      }),
    );
  });

  test.each([
    ["a padding byte that is not zero", (bytes: Uint8Array) => bytes.with(127, 1)],
    ["one byte of padding too few", (bytes: Uint8Array) => bytes.slice(0, 127)],
    ["one byte of padding too many", (bytes: Uint8Array) => new Uint8Array([...bytes, 0])],
    ["the padding of a longer content", (bytes: Uint8Array) => new Uint8Array([...bytes, ...new Uint8Array(16)])],
    ["a content that goes beyond its end", (bytes: Uint8Array) => bytes.with(0, 200)],
    ["nothing", () => new Uint8Array()],
  ])("E1 refuses %s", (_, change) => {
    expect(codeOf(() => read(change(pad(Uint8Array.of(3, 1, 2, 3)))))).toBe("PART_MALFORMED");
  });
});
