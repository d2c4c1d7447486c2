import fc from "fast-check";
import { expect, it } from "vitest";
import { compareValues } from "../../src/value/order.ts";

const value = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<unknown>(null, true, false, 0, -0, Number.NaN, 1n, 1, 2n ** 64n, Number.POSITIVE_INFINITY),
    fc.constantFrom<unknown>(
      new Date(0),
      new Date(5),
      new Date(Number.NaN),
      new Uint8Array(),
      new Uint8Array([1]),
      new Uint8Array([1, 2]),
    ),
    fc.string({ maxLength: 2 }),
    fc.integer({ min: -3, max: 3 }),
    fc.array(tie("value"), { maxLength: 2 }),
    fc.dictionary(fc.constantFrom("a", "b"), tie("value")),
  ),
})).value;

it("values are in one order: every two are in it, and it is the same from both sides and through a third", () => {
  fc.assert(
    fc.property(value, value, value, (a, b, c) => {
      expect(Math.sign(compareValues(a, b))).toBe(0 - Math.sign(compareValues(b, a)));
      expect(compareValues(a, a)).toBe(0);
      if (compareValues(a, b) <= 0 && compareValues(b, c) <= 0) expect(compareValues(a, c)).toBeLessThanOrEqual(0);
    }),
    { numRuns: 5_000 },
  );
});

it("kinds follow one another, and each is sorted within", () => {
  const sorted = [
    null,
    false,
    true,
    Number.NaN,
    -1,
    0,
    2,
    10n,
    new Date(0),
    new Date(1),
    "",
    "B",
    "a",
    new Uint8Array([1]),
    [],
    [1],
    [1, 2],
    [2],
    {},
    { a: 1 },
    { a: 2 },
    { b: 0 },
  ];
  expect(sorted.toReversed().sort(compareValues)).toEqual(sorted);
  expect([...sorted.slice(9), ...sorted.slice(0, 9)].sort(compareValues)).toEqual(sorted);
});
