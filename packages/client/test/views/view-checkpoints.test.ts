// A view over restarts: it goes on from what is kept of it, sealed, and shows the same as one that is made anew.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type Client,
  createClient,
  createView,
  type Database,
  type FeedOptions,
  type Row,
  type ViewDefinition,
} from "@selkie/client";
import type { Store } from "@selkie/store";
import { expect, test } from "vitest";
import { pagesIn, spoiled } from "../support/kept-pages.ts";
import { cheapKeyBag, MemoryPlace, newDirectory, PASSWORD } from "../support/places.ts";

interface Item {
  group: string;
  n: number;
}

const definition: ViewDefinition<Item> = {
  name: "canary view",
  columns: [
    { name: "group", value: "group", category: true },
    { name: "n", value: "n", sort: "asc", total: "sum" },
  ],
};
const MANY = 700;

const itemsOf = async (client: Client): Promise<Database<Item>> => {
  const tenant = await client.openTenant("acme-corp");
  return tenant.openDB<Item>("items");
};

/** How many documents the change feed has given from now on. */
function listening(items: Database<Item>): () => number {
  let count = 0;
  const feed = items.iterateChangesSince.bind(items);
  async function* counted(cursor: string | null, options?: FeedOptions) {
    for await (const item of feed(cursor, options)) {
      count++;
      yield item;
    }
  }
  Object.defineProperty(items, "iterateChangesSince", { value: counted });
  return () => count;
}

/** Every byte of every file. */
function bytesIn(directory: string): string {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  return files.map(({ parentPath, name }) => readFileSync(join(parentPath, name), "hex")).join();
}

const linesOf = async (rows: AsyncIterable<Row>): Promise<readonly string[]> =>
  (await Array.fromAsync(rows)).map(({ type, level, values, documents }) =>
    JSON.stringify([type, level, values, documents]),
  );

test("P-10 a view is opened from what was kept of it, follows what has changed since, and lies nowhere in clear", async () => {
  await using directory = await newDirectory();
  const open = () => createClient({ store: directory.path, password: PASSWORD });
  {
    await using client = await open();
    await client.createTenant("acme-corp", { user: "CN=alice/O=acme" });
    const items = await itemsOf(client);
    await items.createDocuments(Array.from({ length: MANY }, (_, n) => ({ group: `canary ${n % 7}`, n })));
    await using view = await createView(items, definition);
    expect((await linesOf(view.rows({ expand: 0 }))).length).toBe(8);
  }
  expect(bytesIn(directory.path)).not.toContain(Buffer.from("canary").toString("hex"));
  {
    await using client = await open();
    const items = await itemsOf(client);
    const delivered = listening(items);
    await using kept = await createView(items, definition);
    expect((await linesOf(kept.rows({ expand: 0 }))).length).toBe(8);
    await kept.caughtUp();
    expect(delivered()).toBe(0);
    const [first = expect.fail("there are documents")] = await items.getAllDocumentIds();
    await items.changeDoc(first, (draft) => {
      draft.getData().group = "another";
    });
    await items.createDocument({ group: "canary 1", n: -1 });
    await kept.caughtUp();
    const lines = await linesOf(kept.rows());
    expect(delivered()).toBeLessThan(10);
    await using other = await createView(items, { ...definition, name: "anew" });
    expect(lines).toEqual(await linesOf(other.rows()));
  }
  {
    await using client = await open();
    const items = await itemsOf(client);
    const delivered = listening(items);
    {
      await using again = await createView(items, definition);
      await again.caughtUp();
    }
    expect(delivered()).toBe(0);
    await using otherwise = await createView(items, { ...definition, name: "canary view", where: "n < 10" });
    expect((await linesOf(otherwise.rows())).at(-1)).toBe(JSON.stringify(["total", 0, { n: 44 }, 11]));
  }
});

test("P-9 where any page that was kept is damaged or gone, the view is made again and shows the same", async () => {
  const place = new MemoryPlace(await cheapKeyBag());
  const open = (wrap?: (store: Store) => Store) => createClient({ store: place.again(wrap), password: PASSWORD });
  {
    await using client = await createClient({ store: place, password: PASSWORD });
    await client.createTenant("acme-corp", { user: "CN=alice/O=acme" });
    const items = await itemsOf(client);
    await items.createDocuments(Array.from({ length: MANY }, (_, n) => ({ group: `group ${n % 7}`, n })));
    await using _view = await createView(items, definition);
  }
  let truth: readonly string[] | null = null;
  for (const spoil of [null, "flipped", "gone", "one of another"] as const) {
    for (const part of [0, 0.6]) {
      await using client = await open((store) => (spoil === null ? store : spoiled(store, spoil, part)));
      await using view = await createView(await itemsOf(client), definition);
      const lines = await linesOf(view.rows());
      truth ??= lines;
      expect(lines).toEqual(truth);
      await view.caughtUp();
      expect(await linesOf(view.rows())).toEqual(truth);
      expect(view.failures).toEqual([]);
    }
  }
});

test("what is purged is on no page that is kept of a view, also of one that nobody opens again", async () => {
  const place = new MemoryPlace(await cheapKeyBag());
  const stores: Store[] = [];
  const wrapped = place.again((store) => {
    stores.push(store);
    return store;
  });
  await using client = await createClient({ store: wrapped, password: PASSWORD });
  const kept = async () => (await Promise.all(stores.map(pagesIn))).flat().length;
  const tenant = await client.createTenant("acme-corp", { user: "CN=alice/O=acme" });
  await tenant.settings.change({ purgeAfter: 0 });
  const items = await itemsOf(client);
  const [first = expect.fail("documents were created")] = await items.createDocuments(
    Array.from({ length: 100 }, (_, n) => ({ group: "group", n })),
  );
  for (const name of ["open", "closed"])
    await (await createView(items, { ...definition, name }))[Symbol.asyncDispose]();
  const total = JSON.stringify(["total", 0, { n: 4_950 }, 99]);
  await using view = await createView(items, { ...definition, name: "open" });
  {
    await using other = await createView(items, { ...definition, name: "in memory" });
    expect(await kept()).toBeGreaterThan(4);
    await items.purgeDocHistory(first);
    expect(await kept()).toBe(0);
    expect((await linesOf(other.rows())).at(-1)).toBe(total);
  }
  expect(await kept()).toBe(0); // it was made of what is gone
  expect((await linesOf(view.rows())).at(-1)).toBe(total);
});
