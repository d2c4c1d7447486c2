import fc from "fast-check";
import { expect, test } from "vitest";
import { indexColumns } from "../../src/indexer/index-plan.ts";
import { partOrder } from "../../src/indexer/key-order.ts";
import type { Value } from "../../src/value/value.ts";
import { type Entry, entryOrder, NO_CATEGORY, type Standing } from "../../src/view/entry.ts";
import { sortByLead } from "../../src/view/sort-by-lead.ts";
import { sortEntries } from "../../src/view/sort-entries.ts";

const text = fc.constantFrom("a", "A", "ä", "b", "", "Z");
const part = fc.oneof({ weight: 4, arbitrary: text }, fc.constantFrom<Value>(null, true, 0, 1, Number.NaN, ["a"]));
const number = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: -9, max: 9 }) },
  fc.constantFrom(0.5, -0.5, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2 ** 53),
);
const rarely = (other: Value): fc.Arbitrary<Value> => fc.oneof({ weight: 200, arbitrary: number }, fc.constant(other));
const keys: readonly fc.Arbitrary<Value>[] = [
  ...[number.map((one) => [one]), fc.tuple(number, number), fc.tuple(fc.constant(false), rarely(null))],
  ...[fc.tuple(text, number), fc.tuple(fc.constant(false), text, number), fc.tuple(fc.boolean(), number)],
  text.map((one) => [one]),
  fc.tuple(text, part),
  fc.tuple(fc.constant(false), text, part),
  fc.tuple(fc.boolean(), text),
  fc.array(part, { maxLength: 3 }),
];
const above: readonly Standing[] = [{ sort: [["a"]], id: "above" }];
const entries = fc.constantFrom(...keys).chain((key) =>
  fc.array(fc.tuple(key, fc.nat(20)), { maxLength: 120, size: "max" }).map((drawn) =>
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

test("so are those that several columns sort", () => {
  const column = fc.tuple(orders, fc.boolean()).map(([order, idsFall]) => {
    return { isSorted: true, compare: partOrder(order), total: null, idsFall };
  });
  const word = fc.string({ maxLength: 3 });
  const one = fc.constantFrom(text, word, number, rarely(Number.NaN), rarely(5n), rarely("5"), part);
  fc.assert(
    fc.property(
      fc.tuple(column, column),
      fc.tuple(one, one).chain((each) => fc.array(fc.tuple(...each), { maxLength: 120, size: "max" })),
      (columns, drawn) => {
        const all = drawn.map((sort, at): Entry => ({ path: NO_CATEGORY, sort, id: String(at), values: [] }));
        expect(sortEntries(columns, all)).toEqual(all.toSorted(entryOrder(columns)));
      },
    ),
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
