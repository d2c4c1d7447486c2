import * as Automerge from "@automerge/automerge";
import fc from "fast-check";
import { expect, test } from "vitest";
import { counter } from "../../src/automerge/counter.ts";
import { decodeProjection, encodeProjection } from "../../src/cold/projection.ts";

const roundTrip = (data: object): unknown => {
  const bytes = encodeProjection(data);
  return bytes === null ? null : decodeProjection(bytes);
};

test("whatever a document shows comes back as it was, frozen, or is left to its entries", () => {
  const leaf = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.double(),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.date({ noInvalidDate: false }),
    fc.uint8Array(),
  );
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof({ maxDepth: 5 }, leaf, fc.array(tie("tree")), fc.dictionary(fc.string(), tie("tree"))),
  }));
  fc.assert(
    fc.property(fc.dictionary(fc.string(), tree), (data) => {
      const read = roundTrip(data);
      if (hasProto(data)) {
        expect(read).toBeNull();
        return;
      }
      expect(read).toEqual(data);
      expect(Object.isFrozen(read)).toBe(true);
    }),
    { numRuns: 300 },
  );
});

test("numbers that JSON has no word for, half surrogates, and keys that are like what stands for them", () => {
  const data = {
    "0": [Number.NaN, Number.POSITIVE_INFINITY, -0, 2 ** 53, 2 ** 63],
    half: "\ud800 and \udfff",
    list: [["bytes", "00"], { date: "5" }],
  };
  expect(roundTrip(data)).toEqual(data);
});

test("a counter counts as far as it did", () => {
  const counters = [counter(3), new Automerge.Counter(-4), counter(2 ** 62)];
  const read = roundTrip({ of: counters }) as { of: readonly { value: number }[] };
  expect(read.of.map(({ value }) => value)).toEqual([3, -4, 2 ** 62]);
});

test("D6 D12 a key __proto__, what is nested too deep, and what only Automerge knows, are left to the entries", () => {
  const nested = Array.from({ length: 200 }).reduce<object>((inner) => ({ inner }), {});
  expect(encodeProjection(nested)).toBeNull();
  expect(encodeProjection(JSON.parse('{"a":{"__proto__":{"isAdmin":true}}}') as object)).toBeNull();
  expect(encodeProjection({ text: new Automerge.ImmutableString("fixed") })).toBeNull();
  for (const huge of [undefined, 2n ** 63n]) expect(encodeProjection({ huge: { value: huge } })).toBeNull();
});

test("D12 what is large, or would be said at a length that nobody could hold, is left to the entries before it is written", () => {
  expect(encodeProjection({ text: "x".repeat(60_000) })).not.toBeNull();
  expect(encodeProjection({ text: "x".repeat(70_000) })).toBeNull();
  expect(encodeProjection({ text: "é".repeat(40_000) })).toBeNull();
  expect(encodeProjection({ bytes: new Uint8Array(30_000) })).not.toBeNull();
  expect(encodeProjection({ bytes: new Uint8Array(40_000) })).toBeNull();
  const dates = Array.from({ length: 20_000 }, () => new Date(0));
  expect(encodeProjection({ ["k".repeat(600_000)]: dates })).toBeNull();
  expect(encodeProjection({ ["k".repeat(60_000)]: [new Date(0), new Date(0)] })).toBeNull();
  const keys = Array.from({ length: 60 }).reduce<object>((inner) => ({ ["k".repeat(1_000)]: inner }), { dates });
  expect(encodeProjection(keys)).toBeNull();
});

function hasProto(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return Object.hasOwn(value, "__proto__") || Object.values(value).some(hasProto);
}
