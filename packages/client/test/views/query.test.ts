// What queries give: rows in order, page by page, from an index where there is one, joined, grouped, live, and as of a time.
import {
  aggregate,
  type Database,
  declareIndexes,
  explain,
  liveQuery,
  type Query,
  type QueryRow,
  query,
  ViewError,
} from "@selkie/client";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { found, type Person } from "../support/company.ts";

interface Order {
  customer: string;
  region: string;
  amount: number;
  tags?: string[];
}

const REGIONS = ["APAC", "EMEA", "NA"] as const;
const amounts = (rows: readonly QueryRow<Order>[]) => rows.map(({ data }) => data.amount);

async function ordersOf(alice: Person, count: number): Promise<Database<Order>> {
  const orders = await alice.tenant.openDB<Order>("orders");
  await orders.createDocuments(
    Array.from({ length: count }, (_, n) => ({ customer: "", region: REGIONS[n % 3] ?? "", amount: n })),
  );
  return orders;
}

/** Resolves when rows have come of which something holds. */
function rowsThat(heard: { rows: readonly QueryRow<Order>[]; told: () => void }) {
  return async (holds: (rows: readonly QueryRow<Order>[]) => boolean): Promise<void> => {
    while (!holds(heard.rows)) {
      const { promise, resolve } = Promise.withResolvers<void>();
      heard.told = resolve;
      await promise;
    }
  };
}

test("a query gives what a plain filter, sort and slice of the same objects gives", async () => {
  await using alice = await found();
  let story = 0;
  const order = fc.record<Order>({
    customer: fc.constantFrom("x", "y"),
    region: fc.constantFrom(...REGIONS),
    amount: fc.integer({ min: 0, max: 5 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(order, { maxLength: 30 }), fc.integer({ min: 1, max: 9 }), async (plain, limit) => {
      await using orders = await alice.tenant.openDB<Order>(`orders ${++story}`);
      await using declared = await declareIndexes(orders, [{ name: "by region", on: ["region", "amount"] }]);
      const ids = await orders.createDocuments(plain);
      const all = plain.map((data, at) => ({ data, id: ids[at] ?? "" }));
      const expected = all
        .filter(({ data }) => data.region === "EMEA" && data.amount >= 2)
        .sort((a, b) => b.data.amount - a.data.amount || (a.id < b.id ? 1 : -1))
        .map(({ id }) => id);
      const asked: Query = {
        where: { region: "EMEA", amount: { gte: 2 } },
        orderBy: { value: "amount", sort: "desc" },
      };
      for (const isIndexed of [false, true]) {
        if (isIndexed) await declared.caughtUp();
        const rows = await query(orders, { ...asked, limit });
        expect(rows.map(({ origin }) => origin.id)).toEqual(expected.slice(0, limit));
        expect((await query(orders, asked)).map(({ origin }) => origin.id)).toEqual(expected);
      }
    }),
    { numRuns: 15 },
  );
});

test("explain tells which index answers, and how many documents were looked at", async () => {
  await using alice = await found();
  await using orders = await ordersOf(alice, 300);
  const asked: Query = { where: { region: "EMEA" }, orderBy: { value: "amount", sort: "desc" }, limit: 5 };
  const scanned = await explain(orders, asked);
  expect(scanned).toMatchObject({ rows: 5, databases: [{ index: null, isOrdered: false, documents: 300 }] });
  const declared = await declareIndexes(orders, [
    { name: "region", on: "region" },
    { name: "region and amount", on: ["region", { value: "amount", sort: "desc" }] },
    { name: "amount", on: "amount" },
  ]);
  await declared.caughtUp();
  const told = async (one: Query) => (await explain(orders, one)).databases[0];
  expect(await told(asked)).toMatchObject({ index: "region and amount", isOrdered: true, documents: 5 });
  expect(await told({ where: "region = 'EMEA'".replaceAll("'", '"') })).toMatchObject({
    index: "region",
    documents: 100,
  });
  expect(await told({ where: { amount: { gt: 290 } } })).toMatchObject({ index: "amount", documents: 9 });
  expect(await told({ where: { region: { in: ["NA", "APAC"] } }, orderBy: ["region"], limit: 3 })).toMatchObject({
    index: "region",
    isOrdered: true,
  });
  expect(await told({ where: { "amount + 1": 7 } })).toMatchObject({ index: null, documents: 300 });
  await declared[Symbol.asyncDispose]();
  expect(await told(asked)).toMatchObject({ index: null, documents: 300 });
});

test("pages follow one another while rows move, come and go", async () => {
  await using alice = await found();
  await using orders = await ordersOf(alice, 30);
  await using declared = await declareIndexes(orders, [{ name: "amount", on: "amount" }]);
  await declared.caughtUp();
  const asked: Query = { orderBy: "amount", limit: 5 };
  const first = await query(orders, asked);
  const [, , third, , last = expect.fail("there are five")] = first;
  await orders.deleteDocument(await idOf(orders, third));
  await orders.changeDoc(await idOf(orders, last), (draft) => {
    draft.getData().amount = 7.5;
  });
  await orders.createDocument({ customer: "", region: "", amount: 4.5 });
  await orders.createDocument({ customer: "", region: "", amount: 0.5 });
  expect(amounts(await query(orders, { ...asked, after: last.key }))).toEqual([4.5, 5, 6, 7, 7.5]);
});

test("D13 rows refer to documents of another database, each looked up once; what refers to itself costs no more", async () => {
  await using alice = await found();
  interface Person2 {
    name: string;
    boss: string;
  }
  await using people = await alice.tenant.openDB<Person2>("people");
  await using orders = await alice.tenant.openDB<Order>("orders");
  const ann = await people.createDocument({ name: "Ann", boss: "" });
  await people.changeDoc(ann, (draft) => {
    draft.getData().boss = ann.id;
  });
  const gone = await people.createDocument({ name: "Gone", boss: "" });
  await people.deleteDocument(gone);
  await orders.createDocuments(
    [ann.id, ann.id, gone.id, "no id", "0".repeat(64)].map((customer, amount) => ({ customer, region: "", amount })),
  );
  const join = {
    customer: { from: people, on: "customer" },
    boss: { from: people, on: "customer.boss" },
  };
  const asked = { join, orderBy: "amount", select: { name: "customer.name", boss: "boss.name", amount: "amount" } };
  expect((await query(orders, asked)).map(({ data }) => data)).toEqual([
    { name: "Ann", boss: "Ann", amount: 0 },
    { name: "Ann", boss: "Ann", amount: 1 },
    { name: null, boss: null, amount: 2 },
    { name: null, boss: null, amount: 3 },
    { name: null, boss: null, amount: 4 },
  ]);
  expect((await explain(orders, asked)).lookups).toBe(4);
  expect(amounts(await query<Order>(orders, { join, where: { "customer.name": "Ann", amount: { gt: 0 } } }))).toEqual([
    1,
  ]);
  expect(await aggregate(orders, { join, group: { name: "customer.name" } })).toMatchObject([
    { group: { name: null }, documents: 3 },
    { group: { name: "Ann" }, documents: 2 },
  ]);
  await using bob = await found();
  await using elsewhere = await bob.tenant.openDB<Person2>("people");
  await expect(query(orders, { join: { customer: { from: elsewhere, on: "customer" } } })).rejects.toMatchObject({
    code: "QUERY_INVALID",
  });
});

test("documents are grouped and summed up, over several databases, and as they were", async () => {
  await using alice = await found();
  await using orders = await ordersOf(alice, 9);
  await using more = await alice.tenant.openDB<Order>("more");
  const [first = expect.fail("it was created")] = await more.createDocuments([
    { customer: "", region: "EMEA", amount: 0.1 },
  ]);
  await using past = await alice.tenant.openDB<Order>("more", { at: (await more.getDocument(first)).getHeads() });
  await more.changeDoc(first, (draft) => {
    draft.getData().amount = 100;
  });
  const totals = {
    sum: { sum: "amount" },
    mean: { avg: "amount" },
    most: { max: "amount" },
    large: { count: "if(amount > 4, true, null)" },
    parities: { distinct: "amount % 2" },
  } as const;
  const asked = { group: ["region"], where: { region: { in: ["EMEA", "NA"] } }, totals };
  expect(await aggregate([orders, more], asked)).toEqual([
    { group: { region: "EMEA" }, documents: 4, totals: { sum: 112, mean: 28, most: 100, large: 2, parities: 2 } },
    { group: { region: "NA" }, documents: 3, totals: { sum: 15, mean: 5, most: 8, large: 2, parities: 2 } },
  ]);
  expect(await aggregate([orders, past], { totals: { sum: { sum: "amount" } } })).toEqual([
    { group: {}, documents: 10, totals: { sum: 36.1 } },
  ]);
  expect(amounts(await query<Order>([orders, past], { orderBy: "amount", limit: 2 }))).toEqual([0, 0.1]);
  expect(amounts(await query<Order>([orders, more], { orderBy: { value: "amount", sort: "desc" }, limit: 2 }))).toEqual(
    [100, 8],
  );
});

test("a live query tells its rows whenever they are others, here and elsewhere, and nothing else", async () => {
  await using alice = await found();
  await using orders = await ordersOf(alice, 30);
  for (const isDeclared of [false, true]) {
    await using declared = await declareIndexes(
      orders,
      isDeclared ? [{ name: "by amount", on: ["region", "amount"] }] : [],
    );
    await declared.caughtUp();
    const heard = { rows: [] as readonly QueryRow<Order>[], told: (): void => undefined, calls: 0 };
    const until = rowsThat(heard);
    const off = liveQuery<Order>(orders, { where: { region: "EMEA" }, orderBy: "amount", limit: 3 }, (rows) => {
      heard.rows = rows;
      heard.calls++;
      heard.told();
    });
    await until((rows) => rows.length === 3);
    expect(amounts(heard.rows)).toEqual([1, 4, 7]);
    const [one = expect.fail("there are three"), , three] = heard.rows;
    const other = await orders.createDocument({ customer: "", region: "NA", amount: 2 });
    const added = await orders.createDocument({ customer: "", region: "EMEA", amount: 2 });
    await until((rows) => amounts(rows).includes(2));
    expect(amounts(heard.rows)).toEqual([1, 2, 4]);
    expect(heard.rows[0]).toBe(one);
    expect(heard.calls).toBe(2);
    await orders.deleteDocument(added);
    await until((rows) => amounts(rows).includes(7));
    expect(heard.rows[2]).toEqual(three);
    off();
    await orders.deleteDocument(other);
    expect(amounts(await query<Order>(orders, { where: { region: "EMEA" }, orderBy: "amount", limit: 1 }))).toEqual([
      1,
    ]);
    expect(heard.calls).toBe(3);
  }
});

test("a live query follows what its rows refer to", async () => {
  await using alice = await found();
  await using people = await alice.tenant.openDB<{ name: string }>("people");
  await using orders = await alice.tenant.openDB<Order>("orders");
  const ann = await people.createDocument({ name: "Ann" });
  await orders.createDocument({ customer: ann.id, region: "", amount: 1 });
  const names: unknown[] = [];
  let told = (): void => undefined;
  const next = (): Promise<void> =>
    new Promise((resolve) => {
      told = resolve;
    });
  const first = next();
  const off = liveQuery(
    orders,
    { join: { customer: { from: people, on: "customer" } }, orderBy: "customer.name", select: ["customer.name"] },
    (rows) => {
      names.push(...rows.map(({ data }) => data["customer.name"]));
      told();
    },
  );
  onTestFinished(off);
  await first;
  const second = next();
  await people.changeDoc(ann, (draft) => {
    draft.getData().name = "Anna";
  });
  await second;
  expect(names).toEqual(["Ann", "Anna"]);
});

test("D13 what a document makes too costly leaves that document out; a query that is too large ends alone", async () => {
  await using alice = await found();
  await using orders = await alice.tenant.openDB<Order>("orders");
  const many = Array.from({ length: 25_000 }, () => "");
  await orders.createDocuments([
    { customer: "", region: "EMEA", amount: 1, tags: many },
    { customer: "", region: "EMEA", amount: 2, tags: ["x"] },
  ]);
  await using declared = await declareIndexes(orders, [{ name: "tags", on: ['join(tags, ",")', "amount"] }]);
  await declared.caughtUp();
  const asked: Query = { where: { 'join(tags, ",")': "x" }, orderBy: ["amount"] };
  expect(amounts(await query<Order>(orders, asked))).toEqual([2]);
  const left = await explain(orders, { where: 'join(tags, ",") != "y"' });
  expect(left).toMatchObject({ rows: 1, failures: [{ error: { code: "EXPRESSION_TOO_COSTLY" } }] });
  const sorted = await query<Order>(orders, { orderBy: ['join(tags, ",")', "amount"] });
  expect(amounts(sorted)).toEqual([1, 2]);
  expect((await explain(orders, { orderBy: ['join(tags, ",")', "amount"], limit: 2 })).databases[0]?.index).toBe(
    "tags",
  );

  await using wide = await alice.tenant.openDB<{ n: number }>("wide");
  await wide.createDocuments(Array.from({ length: 10_001 }, (_, n) => ({ n })));
  await expect(aggregate(wide, { group: ["n"] })).rejects.toMatchObject({ code: "QUERY_TOO_COSTLY" });
  expect((await aggregate(wide, { totals: { n: { distinct: "n" } } }))[0]?.totals).toEqual({ n: 10_001 });
  expect((await query(wide, { orderBy: "n", limit: 1 })).length).toBe(1);
});

test("what is no query is refused with what is wrong", async () => {
  await using alice = await found();
  await using orders = await ordersOf(alice, 3);
  for (const [wrong, code] of [
    [{ limit: 0 }, "QUERY_INVALID"],
    [{ limit: 1.5 }, "QUERY_INVALID"],
    [{ limit: 1e9 }, "QUERY_INVALID"],
    [{ where: { amount: { above: 1 } } }, "QUERY_INVALID"],
    [{ where: { or: { amount: 1 } } }, "QUERY_INVALID"],
    [{ where: { not: [] } }, "QUERY_INVALID"],
    [{ where: "amount >" }, "EXPRESSION_INVALID"],
    [{ where: { amount: Number.NaN } }, "EXPRESSION_INVALID"],
    [{ orderBy: { value: "amount", language: "no language" } }, "QUERY_INVALID"],
    [{ orderBy: Array.from({ length: 16 }, () => "amount") }, "QUERY_INVALID"],
    [{ after: "nowhere" }, "KEY_INVALID"],
    [{ after: '[[{"i":"x"}],"a",0]', orderBy: "amount" }, "KEY_INVALID"],
    [{ after: "[[],1,2]" }, "KEY_INVALID"],
  ] as const) {
    await expect(query(orders, wrong)).rejects.toMatchObject({ code });
    expect(() => liveQuery(orders, wrong, () => undefined)).toThrow(ViewError);
  }
  await expect(query([], {})).rejects.toMatchObject({ code: "QUERY_INVALID" });
  await expect(aggregate(orders, { totals: { n: { median: "amount" } as never } })).rejects.toMatchObject({
    code: "QUERY_INVALID",
  });
  await expect(query(orders, { signal: AbortSignal.abort(new RangeError("enough")) })).rejects.toThrow(RangeError);
});

async function idOf(orders: Database<Order>, row: QueryRow<Order> | undefined) {
  const ids = await orders.getAllDocumentIds();
  return ids.find((id) => id === row?.origin.id) ?? expect.fail("it is there");
}
