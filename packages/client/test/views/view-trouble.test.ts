// What goes wrong while a view is open: damaged pages, feeds that fail, and views that are closed in the middle.
import {
  applyPatches,
  createClient,
  createView,
  type Database,
  type FeedOptions,
  parseDocId,
  type Row,
  type View,
  type ViewDefinition,
} from "@selkie/client";
import type { Store } from "@selkie/store";
import { beforeAll, expect, test } from "vitest";
import { found } from "../support/company.ts";
import { pagesIn, spoiled } from "../support/kept-pages.ts";
import { cheapKeyBag, MemoryPlace, PASSWORD } from "../support/places.ts";

interface Item {
  group: string;
  n: number;
}

const definition: ViewDefinition<Item> = {
  name: "by group",
  columns: [
    { name: "group", value: "group", category: true },
    { name: "n", value: "n", sort: "asc", total: "sum" },
  ],
};
const items = Array.from({ length: 300 }, (_, n) => ({ group: `group ${n % 7}`, n }));

/** Where a view of the items was kept. */
let place: MemoryPlace;

beforeAll(async () => {
  place = new MemoryPlace(await cheapKeyBag());
  await using client = await createClient({ store: place, password: PASSWORD });
  const tenant = await client.createTenant("acme-corp", { user: "CN=alice/O=acme" });
  const database = await tenant.openDB<Item>("items");
  await database.createDocuments(items);
  await using _view = await createView(database, definition);
});

/** The database again, on a copy of the disk. */
async function reopened(wrap?: (store: Store) => Store) {
  const client = await createClient({ store: place.copy().again(wrap), password: PASSWORD });
  const database = await (await client.openTenant("acme-corp")).openDB<Item>("items");
  return { database, [Symbol.asyncDispose]: () => client[Symbol.asyncDispose]() };
}

test("P-9 who subscribes to a view of which every page is damaged, or reads it while it is made again, gets all rows", async () => {
  await using device = await reopened((store) => spoiled(store, "gone", 0));
  await using view = await createView(device.database, definition);
  const told = Promise.withResolvers<readonly Row[]>();
  view.subscribe((patches) => told.resolve(applyPatches([], patches)));
  const reads = await Promise.all([1, 2, 3].map(() => Array.fromAsync(view.rows())));
  await using anew = await createView(device.database, { ...definition, name: "anew" });
  const truth = await Array.fromAsync(anew.rows());
  for (const rows of [...reads, await told.promise]) expect(rows).toEqual(truth);
  expect(view.failures).toEqual([]);
});

test("a feed that failed once holds up neither a kept view nor those who subscribed to it", async () => {
  await using device = await reopened();
  const { database } = device;
  const feed = failing(database);
  feed.isBroken = true;
  await using view = await createView(database, definition);
  await expect(view.caughtUp()).rejects.toThrow("no feed");
  feed.isBroken = false;
  await view.caughtUp();
  const heard = await following(view);
  await database.createDocument({ group: "group 1", n: 1_000 });
  await heard.until(({ values }) => values["n"] === 1_000);
  expect(heard.rows()).toEqual(await Array.fromAsync(view.rows()));
});

test("where the feed of one database fails, what came of another is told", async () => {
  await using alice = await found();
  const one = await alice.tenant.openDB<Item>("one");
  const two = await alice.tenant.openDB<Item>("two");
  await using view = await createView([one, two], definition);
  const heard = await following(view);
  const feed = failing(two);
  feed.isBroken = true;
  await one.createDocument({ group: "group 1", n: 1 });
  await expect(Array.fromAsync(view.rows())).rejects.toThrow("no feed");
  feed.isBroken = false;
  const rows = await Array.fromAsync(view.rows());
  expect(rows.length).toBe(3);
  expect(heard.rows()).toEqual(rows);
});

test("nobody hears anything once they said so, or the view is closed", async () => {
  await using alice = await found();
  const database = await alice.tenant.openDB<Item>("items");
  const document = await database.createDocument({ group: "group 1", n: 1 });
  for (const isClosed of [false, true]) {
    for (let turns = 0; turns < 60; turns += 2) {
      await using view = await createView(database, { ...definition, name: "memory" });
      let [calls, isOver] = [0, false];
      const off = view.subscribe(() => {
        if (isOver) calls++;
      });
      await Array.fromAsync(view.rows());
      await database.changeDoc(document.id, (draft) => {
        draft.getData().n += 1;
      });
      const reading = Array.fromAsync(view.rows()).catch(() => []); // it may be closed first
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      isOver = true;
      if (isClosed) await view[Symbol.asyncDispose]();
      else off();
      await reading;
      expect(calls).toBe(0);
    }
  }
});

test("a view that is closed twice leaves the one that is open under its name alone", async () => {
  const stores: Store[] = [];
  await using device = await reopened((store) => {
    stores.push(store);
    return store;
  });
  const { database } = device;
  const view = await createView(database, definition);
  await view[Symbol.asyncDispose]();
  await using second = await createView(database, definition);
  await view[Symbol.asyncDispose]();
  const before = (await Promise.all(stores.map(pagesIn))).flat();
  {
    await using third = await createView(database, { ...definition, where: "n < 10" });
    expect((await Array.fromAsync(third.rows())).at(-1)?.documents).toBe(10);
  }
  expect((await Promise.all(stores.map(pagesIn))).flat()).toEqual(before); // the name was not free
  expect((await Array.fromAsync(second.rows())).at(-1)?.documents).toBe(300);
});

test("of documents that were deleted nothing is kept, also where none is left", async () => {
  const stores: Store[] = [];
  await using device = await reopened((store) => {
    stores.push(store);
    return store;
  });
  const kept = async () => (await Promise.all(stores.map(pagesIn))).flat().length;
  const { database } = device;
  const few = { ...definition, name: "few", where: "n < 3" };
  const before = await kept();
  await (await createView(database, few))[Symbol.asyncDispose]();
  expect(await kept()).toBeGreaterThan(before);
  {
    await using view = await createView(database, few);
    const rows = await Array.fromAsync(view.rows());
    for (const { origin } of rows) if (origin !== undefined) await database.deleteDocument(parseDocId(origin.id));
    await view.caughtUp();
    expect((await Array.fromAsync(view.rows())).length).toBe(1);
  }
  expect(await kept()).toBe(before);
});

test("a view that could not be made holds no name", async () => {
  const stores: Store[] = [];
  await using device = await reopened((store) => {
    stores.push(store);
    return store;
  });
  await using alice = await found();
  const closed = await alice.tenant.openDB<Item>("closed");
  await closed[Symbol.asyncDispose]();
  const other = { ...definition, name: "other" };
  await expect(createView([device.database, closed], other)).rejects.toMatchObject({ code: "CLOSED" });
  const before = (await Promise.all(stores.map(pagesIn))).flat().length;
  await (await createView(device.database, other))[Symbol.asyncDispose]();
  expect((await Promise.all(stores.map(pagesIn))).flat().length).toBeGreaterThan(before);
});

/** Makes the change feed of a database fail at will. */
function failing(database: Database<Item>): { isBroken: boolean } {
  const state = { isBroken: false };
  const feed = database.iterateChangesSince.bind(database);
  async function* given(cursor: string | null, options?: FeedOptions) {
    if (state.isBroken && options?.live !== true) throw new Error("no feed");
    yield* feed(cursor, options);
  }
  Object.defineProperty(database, "iterateChangesSince", { value: given });
  return state;
}

/** Somebody who has heard all rows, and hears what changes of them. */
async function following(view: View) {
  let rows: readonly Row[] = [];
  let heard = Promise.withResolvers<void>();
  view.subscribe((patches) => {
    rows = applyPatches(rows, patches);
    heard.resolve();
    heard = Promise.withResolvers();
  });
  await heard.promise;
  return {
    rows: () => rows,
    until: async (holds: (row: Row) => boolean) => {
      while (!rows.some(holds)) await heard.promise;
    },
  };
}

test("a database is in a view once, and in another as it was", async () => {
  await using device = await reopened();
  const { database } = device;
  const twice = { code: "VIEW_INVALID" };
  await expect(createView([database, database], definition)).rejects.toMatchObject(twice);
  const again = await database.tenant.openDB<Item>("items");
  await expect(createView([database, again], definition)).rejects.toMatchObject(twice);
});

test("what is in a row is a copy: who changes it changes no view", async () => {
  await using alice = await found();
  const lists = await alice.tenant.openDB<{ tags: string[]; at: Date }>("lists");
  await lists.createDocument({ tags: ["a", "b"], at: new Date(0) });
  await using view = await createView(lists, {
    name: "lists",
    columns: [
      { name: "at", value: "at", category: true },
      { name: "tags", value: "tags", total: "max" },
    ],
  });
  const before = JSON.stringify(await Array.fromAsync(view.rows()));
  for await (const { values } of view.rows()) {
    const { tags, at } = values;
    if (Array.isArray(tags)) tags.push("c");
    if (at instanceof Date) at.setTime(1);
  }
  expect(JSON.stringify(await Array.fromAsync(view.rows()))).toBe(before);
});
