// Queries that come from somewhere else, keys of other queries, and indexes that are closed in the middle.
import {
  aggregate,
  createView,
  type Database,
  declareIndexes,
  defineIndexer,
  explain,
  liveQuery,
  openIndex,
  type Query,
  type QueryRow,
  query,
  ViewError,
} from "@selkie/client";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { found } from "../support/company.ts";

interface Item {
  owner?: string;
  n: number;
}

/** Five items, of which two are nobody's. */
async function items(): Promise<Database<Item>> {
  const alice = await found();
  onTestFinished(() => alice[Symbol.asyncDispose]());
  const database = await alice.tenant.openDB<Item>("items");
  await database.createDocuments([0, 1, 2, 3, 4].map((n) => (n < 2 ? { n } : { n, owner: `owner ${n}` })));
  return database;
}

const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    (result) => result,
    (error: unknown) => (error instanceof ViewError ? error.code : error),
  );

test("D13 conditions of a user find nothing by saying nothing, and are refused with a code where they are none", async () => {
  const database = await items();
  const count = async (where: unknown) => (await query(database, { where } as Query)).length;
  expect(await count(JSON.parse('{ "owner": ["field", "owner"] }'))).toBe(0); // a list, not an expression
  expect(await count(JSON.parse('{ "__proto__": 1, "constructor": "x" }'))).toBe(0);
  expect(await count({ owner: null })).toBe(2);
  for (const [where, code] of [
    [{ owner: {} }, "QUERY_INVALID"],
    [{ owner: undefined }, "QUERY_INVALID"],
    [{ owner: { eq: undefined } }, "QUERY_INVALID"],
    [{ or: [{ owner: {} }] }, "QUERY_INVALID"],
    [{ owner: { $ne: null } }, "QUERY_INVALID"],
    [{ owner: new Map([["eq", 1]]) }, "EXPRESSION_INVALID"],
    [{ owner: Uint8Array.of(1) }, "EXPRESSION_INVALID"],
    [new Map(), "EXPRESSION_INVALID"],
    [() => true, "EXPRESSION_INVALID"],
    [{ or: Array.from({ length: 10_000 }, () => ({ n: 1 })) }, "EXPRESSION_INVALID"],
  ] as const)
    expect(await codeOf(count(where))).toBe(code);
});

test("D13 what is no query, or no aggregation, is refused with a code", async () => {
  const database = await items();
  for (const wrong of [
    ...[null, undefined, "n", []],
    ...[0, -1, Number.NaN, 1.5, null, "5", 100_001].map((limit) => ({ limit })),
    ...[null, [null], 5, { value: "n", sort: "down" }, { value: "n", language: 5 }].map((orderBy) => ({ orderBy })),
    ...["n", null, [5], new Map()].map((select) => ({ select })),
    ...[null, { n: null }, { n: { from: null, on: "n" } }].map((join) => ({ join })),
  ])
    expect(await codeOf(query(database, wrong as Query))).toBe("QUERY_INVALID");
  for (const wrong of [
    { orderBy: { value: () => 1 } },
    { select: { n: () => 1 } },
    { select: { n: null }, orderBy: {} },
  ])
    expect(await codeOf(query(database, wrong as never))).toBe("EXPRESSION_INVALID");
  for (const wrong of [null, { group: "n" }, { totals: null }, { totals: { n: null } }, { totals: { n: "n" } }])
    expect(await codeOf(aggregate(database, wrong as never))).toBe("QUERY_INVALID");
  expect((await query([database, database], {})).length).toBe(5);
});

test("D13 limits and keys that are none are refused where an index, a view or a navigator is read", async () => {
  const database = await items();
  await using index = await openIndex(database, defineIndexer<Item>({ name: "n", version: 1, map: { key: ["n"] } }));
  await using view = await createView(database, { name: "n", columns: [{ name: "n", value: "n", sort: "asc" }] });
  const way = view.navigator();
  for (const limit of [-1, Number.NaN, 1.5, null, "5"] as number[])
    for (const rows of [index.range({ limit }), view.rows({ limit }), way.rows({ limit })])
      expect(await codeOf(Array.fromAsync<unknown>(rows))).toBe("QUERY_INVALID");
  expect(await Array.fromAsync<unknown>(index.range({ limit: 0 }))).toEqual([]);
  expect(await codeOf(index.get("n" as never))).toBe("KEY_INVALID");
  expect(await codeOf(index.count({ from: "n" as never }))).toBe("KEY_INVALID");
  expect(await codeOf(Array.fromAsync(index.range({ to: 5 as never })))).toBe("KEY_INVALID");
  for (const wrong of [
    { name: 5, version: 1, map: { key: ["n"] } },
    { name: "n", version: 1, map: null },
    { name: "n", version: 1, map: { key: "n" } },
    { name: "n", version: 1, map: { key: ["n"] }, order: [{ sort: "down" }] },
    { name: "n", version: 1, map: { key: ["n"] }, order: [null] },
    { name: "n", version: 1, map: { key: ["n"] }, order: [{ language: 5 }] },
  ])
    expect(() => defineIndexer(wrong as never)).toThrow(expect.objectContaining({ code: "INDEXER_INVALID" }));
});

test("pages of an index skip nothing and repeat nothing, whatever its keys are made of", async () => {
  const database = await items();
  const odd: readonly unknown[] = [
    ...[
      Number.NaN,
      -0,
      0,
      Number.POSITIVE_INFINITY,
      10n ** 30n,
      null,
      undefined,
      true,
      "",
      "\ud800",
      "\udc00a",
      "a\ud83d",
    ],
    ...["x".repeat(1_900), new Date(Number.NaN), new Date(0), Uint8Array.of(), [], [Number.NaN, [null]], {}, { a: -0 }],
  ];
  for (const language of [undefined, "de"]) {
    const map = ({ n }: Item) => odd.map((one) => ({ key: [one, n % 2] }));
    const order = [language === undefined ? { sort: "desc" as const } : { language }];
    await using index = await openIndex(
      database,
      defineIndexer<Item>({ name: `odd ${language}`, version: 1, map, order }),
    );
    const all = await Array.fromAsync(index.range());
    expect(all.length).toBe((odd.length - 2) * 5); // 0 and -0 are one key, null and undefined
    for (const reverse of [false, true])
      for (const limit of [1, 7]) {
        const paged: typeof all = [];
        for (let after: string | undefined; ; after = paged.at(-1)?.place) {
          const page = await Array.fromAsync(
            index.range(after === undefined ? { limit, reverse } : { limit, reverse, after }),
          );
          paged.push(...page);
          if (page.length < limit) break;
        }
        expect(paged).toEqual(reverse ? all.toReversed() : all);
      }
    for (const { key } of all) expect((await index.get(key)).length).toBeGreaterThan(0);
  }
});

test("a page goes on after a row of its own order alone, and a damaged key is refused", async () => {
  const database = await items();
  const [row] = await query(database, { orderBy: "n", limit: 1 });
  const after = row?.key ?? "";
  expect((await query(database, { orderBy: "n", after })).length).toBe(4);
  expect((await query(database, { orderBy: "n", after, where: { owner: null } })).length).toBe(1);
  for (const orderBy of [
    { value: "n", sort: "desc" as const },
    "owner",
    { value: "n", language: "de" },
    [],
    ["n", "n"],
  ])
    expect(await codeOf(query(database, { orderBy, after }))).toBe("KEY_INVALID");
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.json(),
        fc.string(),
        fc.tuple(fc.nat(after.length), fc.string({ maxLength: 2 })).map(([at, by]) => after.slice(0, at) + by),
        fc
          .tuple(fc.nat(after.length), fc.string({ maxLength: 2 }))
          .map(([at, by]) => after.slice(0, at) + by + after.slice(at + 1)),
      ),
      async (key) => {
        const said = await codeOf(query(database, { orderBy: "n", after: key }));
        expect(Array.isArray(said) || said === "KEY_INVALID").toBe(true);
      },
    ),
    { numRuns: 300 },
  );
});

test("a query whose index is closed while it reads answers without it", async () => {
  const database = await items();
  await database.createDocuments(Array.from({ length: 300 }, (_, n) => ({ n: n + 5 })));
  const asked: Query = { where: { n: { gte: 0 } }, orderBy: "n" };
  for (let turns = 0; turns < 400; turns += 8) {
    const declared = await declareIndexes(database, [{ name: "n", on: "n" }]);
    await declared.caughtUp();
    const [rows, told] = [query<Item>(database, asked), explain(database, asked)];
    const groups = aggregate(database, { where: { n: { gte: 0 } } });
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    await declared[Symbol.asyncDispose]();
    expect((await rows).map(({ data }) => data.n)).toEqual(Array.from({ length: 305 }, (_, n) => n));
    expect((await told).rows).toBe(305);
    expect((await groups)[0]?.documents).toBe(305);
  }
});

/** What a live query tells, and waits for. */
function hearing() {
  let rows: readonly QueryRow<Item>[] = [];
  let told = Promise.withResolvers<void>();
  return {
    listener: (now: readonly QueryRow<Item>[]) => {
      rows = now;
      told.resolve();
      told = Promise.withResolvers();
    },
    until: async (holds: (rows: readonly QueryRow<Item>[]) => boolean) => {
      while (!holds(rows)) await told.promise;
    },
  };
}

test("a live query goes on when the index that it follows is closed", async () => {
  const database = await items();
  const declared = await declareIndexes(database, [{ name: "n", on: "n" }]);
  await declared.caughtUp();
  const { listener, until } = hearing();
  const errors: unknown[] = [];
  onTestFinished(liveQuery(database, { orderBy: "n" }, listener, { onError: (error) => errors.push(error) }));
  await until((rows) => rows.length === 5);
  await declared[Symbol.asyncDispose]();
  await database.createDocument({ n: 9 });
  await until((rows) => rows.length === 6);
  expect(errors).toEqual([]);
});

test("a live query whose listener threw tells it, and calls it again at the next change", async () => {
  const database = await items();
  const { listener, until } = hearing();
  const errors: unknown[] = [];
  const throwing = (rows: readonly QueryRow<Item>[]): void => {
    listener(rows);
    throw new RangeError("a listener");
  };
  onTestFinished(liveQuery(database, {}, throwing, { onError: (error) => errors.push(error) }));
  await until((rows) => rows.length === 5);
  await database.createDocument({ n: 9 });
  await until((rows) => rows.length === 6);
  expect(errors.every((error) => error instanceof RangeError)).toBe(true);
});

test("a live query that was ended before it began calls nobody", async () => {
  const database = await items();
  const calls: unknown[] = [];
  const onError = (error: unknown) => void calls.push(error);
  liveQuery(database, { signal: AbortSignal.abort() }, (rows) => calls.push(rows), { onError });
  const { listener, until } = hearing();
  onTestFinished(liveQuery(database, {}, listener));
  await until((rows) => rows.length === 5);
  expect(calls).toEqual([]);
});
