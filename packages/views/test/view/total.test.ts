import fc from "fast-check";
import { expect, test } from "vitest";
import type { Value } from "../../src/value/value.ts";
import { changedTotal, joinTotals, SUMMED_KINDS, type SummedKind, shownTotal, totalOf } from "../../src/view/total.ts";

const value = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.constantFrom<Value>(null, "a", "b", true, 5n, 0.1, 1e16, -1e16, Number.MAX_SAFE_INTEGER, 1e301, -0),
);
const values = fc.array(value, { maxLength: 12 });
const total = (kind: SummedKind, some: readonly Value[]) =>
  totalOf(
    kind,
    some.map((one) => ({ values: [one] })),
    0,
  );

test("a total that is changed is the total of what is there then", () => {
  fc.assert(
    fc.property(fc.constantFrom(...SUMMED_KINDS), values, values, values, (kind, gone, stay, come) => {
      const before = total(kind, [...gone, ...stay]);
      const changed = changedTotal(kind, before, total(kind, gone), total(kind, come));
      const now = total(kind, [...stay, ...come]);
      if (changed === null) expect(kind).toMatch(/^(min|max)$/);
      else expect([changed.count, shownTotal(kind, changed)]).toEqual([now.count, shownTotal(kind, now)]);
    }),
    { numRuns: 2_000 },
  );
});

test("one of which the greatest has gone is found anew", () => {
  const changed = (gone: readonly Value[]) =>
    changedTotal("max", total("max", [1, 2, 2]), total("max", gone), total("max", [0]));
  expect(changed([2])).toBeNull();
  expect(changed([1])?.extreme).toBe(2);
});

test("the total of stretches is that of all their values", () => {
  fc.assert(
    fc.property(fc.constantFrom(...SUMMED_KINDS), fc.array(values, { maxLength: 5 }), (kind, stretches) => {
      const joined = joinTotals(
        kind,
        stretches.map((some) => total(kind, some)),
      );
      const all = total(kind, stretches.flat());
      expect([joined.count, shownTotal(kind, joined)]).toEqual([all.count, shownTotal(kind, all)]);
    }),
    { numRuns: 500 },
  );
});
