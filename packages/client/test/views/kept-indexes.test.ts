// Indexes over restarts: what is kept of them lies nowhere in clear, is gone on with, and is made again where it is damaged.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type Client,
  createClient,
  createView,
  type Database,
  declareIndexes,
  declareSearch,
  defineIndexer,
  dropKeptIndex,
  explain,
  keptIndexes,
  openIndex,
  parseDocId,
  query,
} from "@selkie/client";
import type { Store } from "@selkie/store";
import { expect, test } from "vitest";
import { pagesIn, type ReadFaults, type Spoil, spoiled, unreadable } from "../support/kept-pages.ts";
import { cheapKeyBag, MemoryPlace, newDirectory, PASSWORD } from "../support/places.ts";

interface Item {
  group: string;
  n: number;
}

const MANY = 700;
const rows = () => Array.from({ length: MANY }, (_, n) => ({ group: `canary ${n % 7}`, n }));
const byGroup = defineIndexer<Item>({
  name: "canary groups",
  version: 1,
  map: ({ group, n }) => ({ key: [group, n], value: { n } }),
  totals: { n: "sum" },
});
const declared = [{ name: "canary index", on: ["group", "n"] }];
const asked = { where: { group: "canary 3" }, orderBy: "n", limit: 2 };

const itemsOf = async (client: Client): Promise<Database<Item>> => {
  const tenant = await client.openTenant("acme-corp");
  return tenant.openDB<Item>("items");
};

/** What the indexes say, and how many documents were read to make them. */
async function look(items: Database<Item>) {
  let made = 0;
  const onProgress = (documents: number) => {
    made += documents;
  };
  await using index = await openIndex(items, byGroup, { onProgress });
  await using indexes = await declareIndexes(items, declared, { onProgress });
  await index.caughtUp();
  await indexes.caughtUp();
  const found = (await query<Item>(items, asked)).map(({ data }) => data.n);
  const used = (await explain(items, asked)).databases[0]?.index;
  const entries = (await Array.fromAsync(index.range())).length;
  const said = { entries, found, used, sum: await index.reduce({ from: ["canary 3"], to: ["canary 3"] }) };
  return { made, said, failures: [...index.failures, ...indexes.failures] };
}

const truth = { entries: MANY, found: [3, 10], used: "canary index", sum: { entries: 100, totals: { n: 34_950 } } };

test("P-10 indexes are gone on with after a restart, and lie nowhere in clear", async () => {
  await using directory = await newDirectory();
  const open = () => createClient({ store: directory.path, password: PASSWORD });
  {
    await using client = await open();
    await client.createTenant("acme-corp", { user: "CN=alice/O=acme" });
    const items = await itemsOf(client);
    await items.createDocuments(rows());
    expect((await look(items)).said).toEqual(truth);
  }
  const files = readdirSync(directory.path, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  const bytes = files.map(({ parentPath, name }) => readFileSync(join(parentPath, name), "hex")).join();
  expect(bytes).not.toContain(Buffer.from("canary").toString("hex"));
  await using client = await open();
  expect(await look(await itemsOf(client))).toMatchObject({ made: 0, said: truth });
});

test("P-9 where any page that was kept of an index is damaged or gone, it is made again and says the same", async () => {
  const place = new MemoryPlace(await cheapKeyBag());
  {
    await using client = await createClient({ store: place, password: PASSWORD });
    await client.createTenant("acme-corp", { user: "CN=alice/O=acme" });
    const items = await itemsOf(client);
    await items.createDocuments(rows());
    await look(items);
  }
  for (const how of ["flipped", "gone", "one of another"] satisfies readonly Spoil[])
    for (const part of [0, 0.6]) {
      const wrap = (store: Store) => spoiled(store, how, part);
      await using client = await createClient({ store: place.again(wrap), password: PASSWORD });
      expect((await look(await itemsOf(client))).said).toEqual(truth);
    }
});

test("an index that could not be opened holds no name", async () => {
  const place = new MemoryPlace(await cheapKeyBag());
  await using client = await createClient({ store: place, password: PASSWORD });
  const tenant = await client.createTenant("acme-corp", { user: "CN=alice/O=acme" });
  const closed = await tenant.openDB<Item>("closed");
  await closed[Symbol.asyncDispose]();
  const items = await itemsOf(client);
  await items.createDocuments(rows());
  await expect(openIndex([items, closed], byGroup)).rejects.toMatchObject({ code: "CLOSED" });
  expect((await look(items)).made).toBeGreaterThan(0);
  expect((await look(items)).made).toBe(0); // it was kept
});

test("what was left out is named again after a restart, as long as it can't be computed", async () => {
  const place = new MemoryPlace(await cheapKeyBag());
  const picky = defineIndexer<Item>({
    name: "picky",
    version: 1,
    map: ({ n }) => {
      if (n < 3) throw new RangeError(`${n} is too small`);
      return { key: [n] };
    },
  });
  const view = { name: "picky", columns: [{ name: "n", value: `length(${"lower(".repeat(9)}group${")".repeat(9)})` }] };
  const named = async (client: Client) => {
    const items = await itemsOf(client);
    let made = 0;
    const onProgress = (documents: number) => {
      made = documents;
    };
    await using index = await openIndex(items, picky, { onProgress });
    await index.caughtUp();
    await using shown = await createView(items, view);
    await shown.caughtUp();
    const said = [index.failures, shown.failures].map((failures) =>
      failures.map(({ origin, error }) => [origin?.id, String(error)]).toSorted(),
    );
    return { made, said };
  };
  let before: Awaited<ReturnType<typeof named>>["said"];
  {
    await using client = await createClient({ store: place, password: PASSWORD });
    await client.createTenant("acme-corp", { user: "CN=alice/O=acme" });
    const items = await itemsOf(client);
    await items.createDocuments([...rows(), { group: "a".repeat(90_000), n: 10 }]);
    before = (await named(client)).said;
    expect(before.map((failures) => failures.length)).toEqual([3, 1]);
  }
  await using client = await createClient({ store: place.again(), password: PASSWORD });
  expect(await named(client)).toEqual({ made: 0, said: before });
  const items = await itemsOf(client);
  const [[small = ""] = []] = before[0] ?? [];
  await items.changeDoc(await items.getDocument(parseDocId(small)), (draft) => {
    draft.getData().n = 9;
  });
  expect((await named(client)).said).toEqual([before[0]?.slice(1), before[1]]);
});

test("an index that holds nothing of a database is not made again", async () => {
  const place = new MemoryPlace(await cheapKeyBag());
  await using client = await createClient({ store: place, password: PASSWORD });
  await client.createTenant("acme-corp", { user: "CN=alice/O=acme" });
  const items = await itemsOf(client);
  await items.createDocuments(rows());
  const none = defineIndexer<Item>({ name: "none", version: 1, map: { key: ["n"], where: "n < 0" } });
  const made: number[] = [];
  for (let turn = 0; turn < 2; turn++) {
    await using index = await openIndex(items, none, { onProgress: (documents) => made.push(documents) });
    await index.caughtUp();
  }
  expect(made.length).toBeGreaterThan(0);
  expect(Math.max(...made)).toBe(MANY);
  expect(made.indexOf(MANY)).toBe(made.length - 1);
});

test("P-9 where a page could not be read while a document moved, nothing of the move stays by half", async () => {
  const place = new MemoryPlace(await cheapKeyBag());
  const twice = defineIndexer<Item>({ name: "twice", version: 1, map: ({ n }) => [{ key: [n] }, { key: ["-", n] }] });
  const keysOf = (n: number) => [[n], ["-", n]];
  {
    await using client = await createClient({ store: place, password: PASSWORD });
    await client.createTenant("acme-corp", { user: "CN=alice/O=acme" });
    const items = await itemsOf(client);
    await items.createDocuments(rows());
    await using index = await openIndex(items, twice);
    await index.caughtUp();
  }
  for (let failsAt = 1; failsAt <= 8; failsAt++) {
    const faults: ReadFaults = { reads: 0, failsAt: 0 };
    const wrap = (store: Store) => unreadable(store, faults);
    await using client = await createClient({ store: place.copy().again(wrap), password: PASSWORD });
    const items = await itemsOf(client);
    await using index = await openIndex(items, twice);
    await index.caughtUp();
    const [{ origin } = expect.fail("there are items")] = await query<Item>(items, { where: { n: 350 } });
    const set = (n: number) =>
      items.changeDoc(parseDocId(origin.id), (draft) => {
        draft.getData().n = n;
      });
    Object.assign(faults, { reads: 0, failsAt });
    await set(5_000);
    await index.get([5_000]).catch(() => []);
    faults.failsAt = 0;
    await set(-1);
    const entries = (await Array.fromAsync(index.range())).map(({ key }) => key);
    const truth = rows().flatMap(({ n }) => keysOf(n === 350 ? -1 : n));
    expect(entries.toSorted(byText)).toEqual(truth.toSorted(byText));
  }
});

const byText = (a: unknown, b: unknown): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);

test("what is kept is listed whether it is open or not, and what is dropped leaves nothing on the disk", async () => {
  const stores: Store[] = [];
  const place = new MemoryPlace(await cheapKeyBag()).again((store) => {
    stores.push(store);
    return store;
  });
  await using client = await createClient({ store: place, password: PASSWORD });
  await client.createTenant("acme-corp", { user: "CN=alice/O=acme" });
  const items = await itemsOf(client);
  await items.createDocuments(rows());
  const kept = async () => (await Promise.all(stores.map(pagesIn))).flat().length;
  expect([await keptIndexes(items), await kept()]).toEqual([[], 0]);
  await look(items);
  await using view = await createView(items, { name: "index b", columns: [{ name: "n", value: "n", sort: "asc" }] });
  await view[Symbol.asyncDispose]();
  await using words = await declareSearch(items, { name: "a view", fields: ["group"] });
  await words.caughtUp();
  expect(await keptIndexes(items)).toEqual([
    { type: "index", name: "canary groups", isOpen: false },
    { type: "index", name: "canary index", isOpen: false },
    { type: "search", name: "a view", isOpen: true },
    { type: "view", name: "index b", isOpen: false },
  ]);
  const [groups = expect.fail("it is kept")] = await keptIndexes(items);
  await using index = await openIndex(items, byGroup);
  await expect(dropKeptIndex(items, groups)).rejects.toMatchObject({ code: "INDEX_OPEN" });
  await index[Symbol.asyncDispose]();
  await words[Symbol.asyncDispose]();
  for (const one of await keptIndexes(items)) await dropKeptIndex(items, one);
  await dropKeptIndex(items, groups);
  expect([await keptIndexes(items), await kept()]).toEqual([[], 0]);
  const { made, said } = await look(items);
  expect([made >= 2 * MANY, said]).toEqual([true, truth]);
  const past = await (await client.openTenant("acme-corp")).openDB("items", { at: new Date() });
  expect(await keptIndexes(past)).toEqual([]);
});

test("what is purged is on no page that is kept of an index", async () => {
  const stores: Store[] = [];
  const place = new MemoryPlace(await cheapKeyBag()).again((store) => {
    stores.push(store);
    return store;
  });
  await using client = await createClient({ store: place, password: PASSWORD });
  const tenant = await client.createTenant("acme-corp", { user: "CN=alice/O=acme" });
  await tenant.settings.change({ purgeAfter: 0 });
  const items = await itemsOf(client);
  const [, , , third = expect.fail("documents were created")] = await items.createDocuments(rows());
  await look(items);
  const kept = async () => (await Promise.all(stores.map(pagesIn))).flat().length;
  expect(await kept()).toBeGreaterThan(4);
  await using index = await openIndex(items, byGroup);
  await items.purgeDocHistory(third);
  expect(await kept()).toBe(0);
  expect((await index.get(["canary 3", 3])).length).toBe(0);
  expect((await look(items)).said).toEqual({
    ...{ entries: MANY - 1, found: [10, 17], used: "canary index" },
    sum: { entries: 99, totals: { n: 34_947 } },
  });
});
