// How many distinct values a column has in a category, of several databases together, against a count of what documents say.
import fc from "fast-check";
import { expect, test } from "vitest";
import { compareValues } from "../../src/value/order.ts";
import { sortValue } from "../../src/value/sort-value.ts";
import { DistinctCounts } from "../../src/view/distinct-counts.ts";
import { type CategoryPath, type Entry, pathOrder } from "../../src/view/entry.ts";
import { entriesOf } from "../../src/view/map-document.ts";
import { planView } from "../../src/view/plan-view.ts";
import { SourceIndex } from "../../src/view/source-index.ts";
import { memoryRows } from "../support/memory-rows.ts";

const plan = planView({
  name: "view",
  columns: [
    { name: "group", value: "group", category: true, total: "distinct" },
    { name: "half", value: "half", category: true, sort: "desc" },
    { name: "value", value: "value", sort: "asc", total: "distinct", language: "de" },
    { name: "sum", value: "half", total: "sum" },
  ],
});
const DISTINCT = [0, 2];
const SOURCES = 3;

const value = fc.constantFrom<unknown>(
  ...[
    null,
    undefined,
    true,
    0,
    -0,
    1,
    1n,
    Number.NaN,
    "",
    "a",
    "A",
    "ä",
    "a",
    [1, 2],
    [1],
    { a: 1, b: 2 },
    { b: 2, a: 1 },
  ],
  ...[new Date(0), new Uint8Array([1]), "x".repeat(1_024), "x".repeat(1_025), `${"x".repeat(1_023)}y`],
);
const group = fc.oneof(
  fc.constantFrom<unknown>("a", "a\\x", "b", 0, -0, null, "ä\\x\\y"),
  fc.array(value, { maxLength: 4 }),
);
const document = fc.record({ group, half: fc.nat(1), value });
const act = fc.record({
  source: fc.nat(SOURCES - 1),
  id: fc.nat(12).map(String),
  document: fc.option(document, { freq: 4 }),
  next: fc.constantFrom("look", "look", "look nowhere", "reopen", "fill"),
});

test("is that of a count of all documents, after any changes, reopened and made anew at any time", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(act, { maxLength: 40 }), async (acts) => {
      const rows = Array.from({ length: SOURCES }, () => memoryRows());
      const made = (source: number) =>
        new SourceIndex({ columns: plan.columns, definition: "one", rows: rows[source] ?? null });
      const indexes = rows.map((_, source) => made(source));
      const models = rows.map(() => new Map<string, readonly Entry[]>());
      const counts = new DistinctCounts(plan.columns, () =>
        indexes.map(({ distinct }) => distinct ?? expect.fail("it counts")),
      );
      for (const { source, id, document, next } of acts) {
        const entries = document === null ? [] : entriesOf(plan, document, { tenant: "t", database: "d", id });
        await indexes[source]?.move([[id, entries]]);
        models[source]?.set(id, entries);
        if (next === "reopen") {
          await indexes[source]?.save("cursor");
          indexes[source] = made(source);
          expect(await indexes[source]?.open()).toBe("cursor");
        }
        if (next === "fill") {
          indexes[source] = made(source);
          const filling = await indexes[source].filling();
          await filling.add([...(models[source] ?? [])]);
          await filling.finish();
        }
        if (next !== "look nowhere") await expectCounted(counts, models);
      }
      await expectCounted(counts, models);
    }),
    { numRuns: process.env["SELKIE_TEST_FULL"] === "1" ? 2_000 : 150 },
  );
});

test("a view that counts none keeps nothing for it", () => {
  const { columns } = planView({ name: "view", columns: [{ name: "a", value: "a", total: "count" }] });
  expect(new SourceIndex({ columns, definition: "one", rows: null }).distinct).toBe(null);
});

async function expectCounted(counts: DistinctCounts, models: readonly ReadonlyMap<string, readonly Entry[]>[]) {
  const entries = models.flatMap((model) => [...model.values()].flat());
  const order = pathOrder(plan.columns);
  const paths = entries.flatMap(({ path }) => path.map((_, level): CategoryPath => path.slice(0, level + 1)));
  for (const path of [[], ...paths]) {
    const within = entries.filter((entry) => order(entry.path.slice(0, path.length), path) === 0);
    const counted = DISTINCT.map((column) => {
      const values = within.map(({ values }) => sortValue(values[column])).filter((one) => one !== null);
      return values.sort(compareValues).filter((one, at) => at === 0 || compareValues(values[at - 1], one) !== 0)
        .length;
    });
    expect(await counts.of(path)).toEqual(counted);
  }
}
