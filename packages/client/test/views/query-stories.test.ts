// Whatever happens to documents, a query says the same from an index as from a look at each document, page by page as in one go.
import {
  type Database,
  type DocId,
  declareIndexes,
  explain,
  type Query,
  type QueryRow,
  type QuerySource,
  query,
  type SortKey,
} from "@selkie/client";
import fc from "fast-check";
import { expect, test } from "vitest";
import { found } from "../support/company.ts";

interface Item {
  region: unknown;
  amount: unknown;
  at: Date;
}

const oddities: readonly unknown[] = [
  null,
  true,
  0,
  -0,
  1e15,
  Number.MAX_SAFE_INTEGER - 1,
  "\u{1f600}a",
  "a\u0000",
  "",
  "a",
  "ä",
  "Z",
  "x".repeat(3_000),
  `${"x".repeat(3_000)}y`,
  ["a", 1],
  { a: 1 },
  new Date(0),
  Uint8Array.of(1, 2),
];
const odd = fc.constantFrom(...oddities);
const item = fc.record<Item>({
  region: fc.oneof(fc.constantFrom("a", "b", "ä"), odd),
  amount: fc.oneof(fc.integer({ min: -2, max: 3 }), odd),
  at: fc.constantFrom(new Date(0), new Date(1e12)),
});
const act = fc.record({
  at: fc.nat(20),
  data: fc.option(item, { freq: 4 }),
  isPurged: fc.integer({ min: 0, max: 5 }).map((one) => one === 0),
  isReopened: fc.integer({ min: 0, max: 5 }).map((one) => one === 0),
});

const wheres: readonly NonNullable<Query["where"]>[] = [
  {},
  { region: "a" },
  { region: null },
  { region: "x".repeat(3_000) },
  { region: { in: ["a", "b", "b", null] } },
  { region: { startsWith: "x" } },
  { region: { gte: "a", lt: "ä" } },
  { amount: { gt: 0 } },
  { amount: { gte: 0, lt: 2 } },
  { amount: { lte: "Z" } },
  { amount: { gt: 1, lt: 0 } },
  { region: "a", amount: { gte: 1 } },
  { region: { in: ["b", "a"] }, amount: { lte: 2 } },
  { at: { gt: new Date(5) } },
  { or: [{ region: "a" }, { amount: 0 }], not: { amount: 1 } },
  'region = "a" and 1 <= amount and at > date("1970-01-01")',
  'lower(region) = "z"',
];
const orders: readonly (readonly SortKey[])[] = [
  [],
  ["amount"],
  [{ value: "amount", sort: "desc" }],
  ["region", "amount"],
  [
    { value: "region", sort: "desc" },
    { value: "amount", sort: "desc" },
  ],
  [{ value: "region", language: "de" }, "amount"],
  ["region", { value: "amount", sort: "desc" }],
  ["at", { value: "amount", sort: "desc" }],
  [{ value: "at", sort: "desc" }],
  ['substring(region, 0, 1) & "x"', { value: "number(amount) / 0", sort: "desc" }],
  ["missing", { value: "lower(region)", sort: "desc", language: "sv" }],
];
const indexes = [
  { name: "amount", on: "amount" },
  { name: "both", on: ["region", "amount"] },
  { name: "falling", on: ["region", { value: "amount", sort: "desc" as const }] },
  { name: "german", on: [{ value: "region", language: "de" }, "amount"] },
  { name: "at", on: [{ value: "at", sort: "desc" as const }] },
  { name: "lower", on: "lower(region)" },
];

/** The same database, of which nobody knows an index. */
const bare = (database: Database<Item>): QuerySource<Item> => ({
  name: database.name,
  tenant: database.tenant,
  iterateChangesSince: database.iterateChangesSince.bind(database),
  findDocument: database.findDocument.bind(database),
});

const said = (rows: readonly QueryRow<object>[]) => rows.map(({ key }) => key);

test("an answer from an index is that of a look at all documents, after any changes, deletions and purges", async () => {
  await using alice = await found();
  await alice.tenant.settings.change({ purgeAfter: 0 });
  let story = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(act, { minLength: 1, maxLength: 14 }),
      fc.array(fc.tuple(fc.nat(wheres.length - 1), fc.nat(orders.length - 1), fc.integer({ min: 1, max: 4 })), {
        minLength: 4,
        maxLength: 8,
      }),
      async (acts, asked) => {
        await using items = await alice.tenant.openDB<Item>(`items ${++story}`);
        let declared = await declareIndexes(items, indexes);
        await declared.caughtUp();
        const ids: DocId[] = [];
        for (const one of acts) {
          if (one.isReopened) {
            await declared[Symbol.asyncDispose]();
            declared = await declareIndexes(items, indexes);
          }
          await play(items, ids, one);
          for (const [where, order, limit] of asked) {
            const all: Query = { where: wheres[where] ?? {}, orderBy: orders[order] ?? [] };
            const truth = said(await query(bare(items), all));
            expect(said(await query(items, all))).toEqual(truth);
            expect(said(await query(items, { ...all, limit }))).toEqual(truth.slice(0, limit));
          }
        }
        for (const [where, order, limit] of asked) {
          const all: Query = { where: wheres[where] ?? {}, orderBy: orders[order] ?? [] };
          const truth = said(await query(bare(items), all));
          expect(await paged(items, all, limit)).toEqual(truth);
        }
        await declared[Symbol.asyncDispose]();
      },
    ),
    { numRuns: process.env["SELKIE_TEST_FULL"] === "1" ? 300 : 15 },
  );
});

test("each condition in each order is answered alike, and every index is used by one of them", async () => {
  await using alice = await found();
  await using items = await alice.tenant.openDB<Item>("items");
  const values = [...oddities, "a", "b", 1, 2];
  await items.createDocuments(
    values.flatMap((region, n) =>
      [0, 1, 5].map((by) => ({ region, amount: values[(n + by) % values.length], at: new Date(n % 3) })),
    ),
  );
  await using declared = await declareIndexes(items, indexes);
  await declared.caughtUp();
  const used = new Set<string | null>();
  for (const where of wheres)
    for (const orderBy of orders) {
      const truth = said(await query(bare(items), { where, orderBy }));
      expect(said(await query(items, { where, orderBy }))).toEqual(truth);
      expect(said(await query(items, { where, orderBy, limit: 7 }))).toEqual(truth.slice(0, 7));
      expect(await paged(items, { where, orderBy }, 2)).toEqual(truth);
      for (const { index } of (await explain(items, { where, orderBy, limit: 7 })).databases) used.add(index);
    }
  expect([...used].sort()).toEqual(["amount", "at", "both", "falling", "german", "lower", null]);
});

/** All that a query finds, page by page. */
async function paged(items: Database<Item>, asked: Query, limit: number): Promise<string[]> {
  const keys: string[] = [];
  for (let after: string | undefined; ; after = keys.at(-1)) {
    const page = await query(items, after === undefined ? { ...asked, limit } : { ...asked, limit, after });
    keys.push(...said(page));
    if (page.length < limit) return keys;
  }
}

async function play(
  items: Database<Item>,
  ids: DocId[],
  { at, data, isPurged }: { readonly at: number; readonly data: Item | null; readonly isPurged: boolean },
): Promise<void> {
  const id = ids[at];
  if (id === undefined) {
    if (data !== null) ids.push((await items.createDocument(data)).id);
  } else if (data !== null)
    await items.changeDoc(id, (draft) => void Object.assign(draft.getData(), structuredClone(data)));
  else {
    if (isPurged) await items.purgeDocHistory(id);
    else await items.deleteDocument(id);
    ids.splice(at, 1);
  }
}
