import fc from "fast-check";
import { expect, it } from "vitest";
import { SimilarTerms } from "../../src/search/similar-terms.ts";
import { byCodeUnits } from "../../src/value/order.ts";

/** Levenshtein's distance, cell by cell. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(
        Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)),
      );
    row = next;
  }
  return row[b.length] ?? 0;
}

const term = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 8 });

it("similar terms are those that are so many edits away", () => {
  fc.assert(
    fc.property(term, fc.integer({ min: 0, max: 3 }), fc.array(term, { maxLength: 60 }), (to, most, others) => {
      const sorted = [...new Set(others)].sort(byCodeUnits);
      const similar = new SimilarTerms(to, most);
      expect(sorted.filter((other) => similar.includes(other))).toEqual(
        sorted.filter((other) => distance(to, other) <= most),
      );
    }),
    { numRuns: 500 },
  );
});
