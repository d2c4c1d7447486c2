import fc from "fast-check";
import { expect, test } from "vitest";
import { indexColumns } from "../../src/indexer/index-plan.ts";
import type { Value } from "../../src/value/value.ts";
import { type Entry, entryOrder, NO_CATEGORY, type Standing } from "../../src/view/entry.ts";
import { sortByLead } from "../../src/view/sort-by-lead.ts";
import { sortEntries } from "../../src/view/sort-entries.ts";

const text = fc.constantFrom("a", "A", "ä", "b", "", "Z");
const part = fc.oneof({ weight: 4, arbitrary: text }, fc.constantFrom<Value>(null, true, 0, 1, Number.NaN, ["a"]));
const keys: readonly fc.Arbitrary<Value>[] = [
  text.map((one) => [one]),
  fc.tuple(text, part),
  fc.tuple(fc.constant(false), text, part),
  fc.tuple(fc.boolean(), text),
  fc.array(part, { maxLength: 3 }),
  text,
  part,
];
const above: readonly Standing[] = [{ sort: [["a"]], id: "above" }];
const entries = fc.constantFrom(...keys).chain((key) =>
  fc.array(fc.tuple(key, fc.nat(20)), { maxLength: 60 }).map((drawn) =>
    drawn.map(([value, n], at): Entry => {
      const id = `${String(n).padStart(2, "0")} ${at}`;
      return { path: NO_CATEGORY, sort: [value], id, values: [], ...(n === 20 && at === 7 ? { above } : {}) };
    }),
  ),
);
const orders = fc.constantFrom(
  {},
  { sort: "desc" as const },
  { language: "de" },
  { language: "de", sort: "desc" as const },
);

test("many entries are put in the order in which each stands to each", () => {
  fc.assert(
    fc.property(entries, orders, orders, fc.boolean(), (drawn, first, second, idsFall) => {
      const columns = indexColumns({ version: 1, order: [first, second], totals: [], idsFall });
      const ids = (some: readonly Entry[]): readonly string[] => some.map(({ id }) => id);
      expect(ids(sortEntries(columns, drawn))).toEqual(ids(drawn.toSorted(entryOrder(columns))));
    }),
    { numRuns: 500 },
  );
});

test("entries that begin with few texts are not compared across these", () => {
  const columns = indexColumns({ version: 1, order: [{}, {}], totals: [], idsFall: false });
  const drawn = Array.from(
    { length: 1_000 },
    (_, n): Entry => ({ path: NO_CATEGORY, sort: [[`text ${n % 4}`, (n * 7) % 1_009]], id: String(n), values: [] }),
  );
  const within = entryOrder(columns);
  const compare = columns.at(-1)?.compare ?? expect.fail("a column");
  let across = 0;
  const sorted = sortByLead([...drawn], compare, (a, b) => {
    if (JSON.stringify(a.sort[0]).slice(0, 9) !== JSON.stringify(b.sort[0]).slice(0, 9)) across += 1;
    return within(a, b);
  });
  expect([sorted, across]).toEqual([drawn.toSorted(within), 0]);
});
