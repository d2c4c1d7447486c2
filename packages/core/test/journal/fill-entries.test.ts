import fc from "fast-check";
import { expect, test } from "vitest";
import { mostWorkIn, PartWork } from "../../src/automerge/part-work.ts";
import { ENTRY_BYTES, ENTRY_PARTS, fillEntries } from "../../src/journal/fill-entries.ts";

/** A part of one change. */
function part(ops: number, bytes = 300): { readonly bytes: number; readonly work: PartWork } {
  const work = new PartWork();
  work.add(1, ops, 0);
  return { bytes, work };
}

const many = (count: number, ops: number) => Array.from({ length: count }, () => part(ops));

test("D12 no entry that a writer makes holds more than its readers take", () => {
  const sizes = fc.tuple(fc.integer({ min: 1, max: 100_000 }), fc.integer({ min: 1, max: 1_000_000 }));
  fc.assert(
    fc.property(fc.array(sizes, { maxLength: 300 }), (drawn) => {
      const parts = drawn.map(([ops, bytes]) => part(ops, bytes));
      const entries = fillEntries(parts);
      expect(entries.flat()).toEqual(parts);
      for (const entry of entries) {
        expect(entry.length).toBeLessThanOrEqual(ENTRY_PARTS);
        const bytes = entry.reduce((sum, { bytes: some }) => sum + some, 0);
        expect(entry.length === 1 || bytes <= ENTRY_BYTES).toBe(true);
        for (const { work } of entry) expect(work.total).toBeLessThanOrEqual(mostWorkIn(entry.length));
      }
    }),
  );
});

test("records go a hundred to an entry, as do texts of a page", () => {
  expect(fillEntries(many(10_000, 6)).length).toBe(100);
  expect(fillEntries(many(1_000, 900)).length).toBe(10);
});

test("a text of 100,000 letters has an entry to itself, and those before and behind it go together", () => {
  const entries = fillEntries([...many(3, 6), part(100_000), ...many(3, 6)]);
  expect(entries.map(({ length }) => length)).toEqual([3, 1, 3]);
});
