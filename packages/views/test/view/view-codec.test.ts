import fc from "fast-check";
import { expect, test } from "vitest";
import type { Value } from "../../src/value/value.ts";
import type { CategoryPath } from "../../src/view/entry.ts";
import { encodePaths, pathsIn } from "../../src/view/view-codec.ts";

const value = fc.constantFrom<Value>(null, "north", "south", 2024, 2025, true, 7n, new Date(5));
const step = fc.record({ column: fc.integer({ min: 0, max: 2 }), value });
const path: fc.Arbitrary<CategoryPath> = fc.array(step, { maxLength: 3 });
const alike: fc.Arbitrary<CategoryPath> = fc
  .tuple(value, value)
  .map((values) => values.map((of, column) => ({ column, value: of })));
/** Of documents in the same categories the paths are one object. */
const fewPaths = fc
  .tuple(fc.array(path, { minLength: 1, maxLength: 3 }), fc.array(fc.nat(2)))
  .map(([few, of]) => of.map((at) => few[at % few.length] ?? []));
const paths = fc.oneof(fc.array(path), fc.array(alike), fewPaths);

const said = (some: readonly CategoryPath[]): unknown =>
  JSON.parse(JSON.stringify(encodePaths(some.map((one) => ({ path: one })))));

test("paths are read as they were", () => {
  fc.assert(
    fc.property(paths, (some) => {
      expect(pathsIn(said(some), some.length)).toEqual(some);
    }),
    { numRuns: 1_000 },
  );
});

test("where most entries have their own path, what all say in a step is said once", () => {
  const sold = (year: number): CategoryPath => [
    { column: 0, value: "north" },
    { column: 1, value: year },
  ];
  const json = (some: readonly CategoryPath[]) => JSON.stringify(said(some)).match(/north/g)?.length;
  expect(json([2021, 2022, 2023, 2024].map(sold))).toBe(1);
  const one = sold(2024);
  expect(said([one, one, one, one])).toEqual([0, [[0, "north", 1, 2024]], [0, 0, 0, 0]]);
});
