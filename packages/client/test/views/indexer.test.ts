// An app's own index: what it holds equals what its map gives of all documents, and a new version is made behind the one before.
import {
  type Database,
  type DocId,
  defineIndexer,
  type Index,
  type IndexerDefinition,
  openIndex,
  ViewError,
} from "@selkie/client";
import fc from "fast-check";
import { expect, test } from "vitest";
import { found } from "../support/company.ts";

interface Item {
  region: string | null;
  tags: string[];
  amount: number;
}

const item = fc.record<Item>({
  region: fc.constantFrom("a", "b", "ä", "B", "", null),
  tags: fc.array(fc.constantFrom("x", "y", "z"), { maxLength: 3 }),
  amount: fc.constantFrom(0, -1, 0.1, 0.2, 1e15, 7),
});
const act = fc.record({
  at: fc.nat(20),
  database: fc.nat(1),
  data: fc.option(item, { freq: 5 }),
  isReopened: fc.integer({ min: 0, max: 4 }).map((one) => one === 0),
});

const byTag: IndexerDefinition<Item> = {
  name: "by tag",
  version: 1,
  map: ({ tags, region, amount }) => tags.map((tag) => ({ key: [tag, region], value: { amount } })),
  order: [{ sort: "desc" }],
  totals: { amount: "sum" },
};

const saidOf = async (index: Index, options: Parameters<Index["range"]>[0] = {}) =>
  (await Array.fromAsync(index.range(options))).map(({ key, value, origin }) =>
    JSON.stringify([key, value, origin.id]),
  );

/** What the index is to say, by a plain sort. */
function expected(models: readonly ReadonlyMap<DocId, Item>[]): readonly string[] {
  const rank = (region: string | null) => (region === null ? "" : `!${region}`);
  const all = models.flatMap((model) =>
    [...model].flatMap(([id, { tags, region, amount }]) =>
      [...new Set(tags)].map((tag) => ({ tag, region, amount, id })),
    ),
  );
  const sorted = all.sort((a, b) =>
    a.tag !== b.tag
      ? a.tag < b.tag
        ? 1
        : -1
      : rank(a.region) !== rank(b.region)
        ? rank(a.region) < rank(b.region)
          ? -1
          : 1
        : a.id < b.id
          ? -1
          : 1,
  );
  return sorted.map(({ tag, region, amount, id }) => JSON.stringify([[tag, region], { amount }, id]));
}

test("an index holds what its map gives of all documents, after any changes on two databases, however often it is closed meanwhile", async () => {
  await using alice = await found();
  let story = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(act, { maxLength: 12 }), async (acts) => {
      story++;
      const databases = [
        await alice.tenant.openDB<Item>(`one ${story}`),
        await alice.tenant.openDB<Item>(`two ${story}`),
      ] as const;
      const models = [new Map<DocId, Item>(), new Map<DocId, Item>()] as const;
      let index = await openIndex(databases, defineIndexer(byTag));
      await index.caughtUp();
      for (const { at, database, data, isReopened } of acts) {
        if (isReopened) {
          await index[Symbol.asyncDispose]();
          index = await openIndex(databases, defineIndexer(byTag));
          await index.caughtUp();
        }
        const [db, model] = database === 0 ? [databases[0], models[0]] : [databases[1], models[1]];
        await play(db, model, { at, data });
        const truth = expected(models);
        expect(await saidOf(index)).toEqual(truth);
        expect(await saidOf(index, { reverse: true })).toEqual(truth.toReversed());
        for (const tag of ["x", "y"]) {
          const own = truth.filter((line) => line.startsWith(`[["${tag}"`));
          expect(await saidOf(index, { from: [tag], to: [tag] })).toEqual(own);
          expect(await index.count({ from: [tag], to: [tag] })).toBe(own.length);
        }
        const y = truth.filter((line) => line.startsWith('[["y",null]'));
        expect((await index.get(["y", null])).length).toBe(y.length);
      }
      const paged: string[] = [];
      for (let after: string | undefined; ; ) {
        const page = await Array.fromAsync(index.range(after === undefined ? { limit: 2 } : { limit: 2, after }));
        paged.push(...page.map(({ key, value, origin }) => JSON.stringify([key, value, origin.id])));
        after = page.at(-1)?.place;
        if (page.length < 2) break;
      }
      expect(paged).toEqual(expected(models));
      await index[Symbol.asyncDispose]();
      for (const database of databases) await database[Symbol.asyncDispose]();
    }),
    { numRuns: process.env["SELKIE_TEST_FULL"] === "1" ? 300 : 20 },
  );
});

test("a new version is made in the background, told how far it is, while the one before answers; a break leaves that one as it is", async () => {
  await using alice = await found();
  await using items = await alice.tenant.openDB<Item>("items");
  await items.createDocuments(Array.from({ length: 1_200 }, (_, n) => ({ region: `r ${n % 3}`, tags: [], amount: n })));
  const version = (number: number): IndexerDefinition<Item> => ({
    name: "by region",
    version: number,
    map: ({ region, amount }) => ({ key: [`${number}`, region], value: { amount } }),
    totals: { amount: "sum" },
  });
  {
    await using first = await openIndex(items, defineIndexer(version(1)));
    expect(await first.reduce()).toEqual({ entries: 1_200, totals: { amount: 719_400 } });
  }
  const breaking = new AbortController();
  {
    await using broken = await openIndex(items, defineIndexer(version(2)), {
      signal: breaking.signal,
      onProgress: () => breaking.abort(new RangeError("enough")),
    });
    await expect(broken.caughtUp()).rejects.toThrow(RangeError);
    expect(broken.version).toBe(1);
    expect((await broken.get(["1", "r 1"])).length).toBe(400);
  }
  const told: number[] = [];
  const asked: Promise<readonly [number, number]>[] = [];
  {
    await using second = await openIndex(items, defineIndexer(version(2)), {
      onProgress: (documents) => {
        told.push(documents);
        if (told.length > 1) return;
        const [of, count] = [second.version, second.count({ from: ["1"], to: ["1"] })];
        asked.push(count.then((entries) => [of, entries]));
      },
    });
    expect(second.version).toBe(1);
    await second.caughtUp();
    expect(second.version).toBe(2);
    expect(await Promise.all(asked)).toEqual([[1, 1_200]]);
    expect((await second.get(["2", "r 1"])).length).toBe(400);
    expect(await second.count({ from: ["1"], to: ["1"] })).toBe(0);
  }
  expect(told.at(-1)).toBe(1_200);
  await using again = await openIndex(items, defineIndexer(version(2)), {
    onProgress: () => expect.fail("it is kept"),
  });
  expect(again.version).toBe(2);
  expect(await again.count()).toBe(1_200);
});

test("whoever asks an index that is made for the first time waits for it, and has the reason when it was broken off", async () => {
  await using alice = await found();
  await using items = await alice.tenant.openDB<Item>("items");
  await items.createDocuments([{ region: "a", tags: ["x"], amount: 1 }]);
  const stopping = new AbortController();
  const broken = await openIndex(items, defineIndexer(byTag), { signal: stopping.signal });
  stopping.abort(new RangeError("enough"));
  await expect(broken.count()).rejects.toThrow(RangeError);
  await broken[Symbol.asyncDispose]();
  await expect(broken.count()).rejects.toMatchObject({ code: "CLOSED" });
  const index = await openIndex(items, defineIndexer(byTag));
  expect(await index.count()).toBe(1);
  await index[Symbol.asyncDispose]();
});

test("D13 what a map can't make of a document, or makes too much of, is named, and leaves that document out alone", async () => {
  await using alice = await found();
  await using items = await alice.tenant.openDB<Item>("items");
  const ids = await items.createDocuments([
    { region: "throws", tags: [], amount: 1 },
    { region: "many", tags: [], amount: 2 },
    { region: "long", tags: [], amount: 3 },
    { region: "none", tags: [], amount: 4 },
    { region: "large", tags: [], amount: 5 },
    { region: "fine", tags: [], amount: 6 },
  ]);
  const map: IndexerDefinition<Item>["map"] = ({ region, amount }) => {
    if (region === "throws") throw new RangeError("odd");
    if (region === "many") return Array.from({ length: 1_001 }, (_, n) => ({ key: [n] }));
    if (region === "long") return { key: ["x".repeat(5_000)] };
    if (region === "none") return { key: [] };
    if (region === "large") return { key: [1], value: "x".repeat(4_000_000) };
    return { key: [region, Number.NaN, -0, 2n ** 70n, new Date(Number.NaN), Uint8Array.of(1)], value: amount };
  };
  {
    await using index = await openIndex(items, defineIndexer({ name: "odd", version: 1, map }));
    await index.caughtUp();
    expect((await Array.fromAsync(index.range())).map(({ origin }) => origin.id)).toEqual([ids[5]]);
    expect(index.failures.map(({ origin }) => origin?.id).sort()).toEqual(ids.slice(0, 5).toSorted());
    expect(
      index.failures.filter(({ error }) => error instanceof ViewError && error.code === "INDEX_ENTRY_INVALID").length,
    ).toBe(4);
  }
  await using kept = await openIndex(items, defineIndexer({ name: "odd", version: 1, map }));
  const [entry = expect.fail("it is kept")] = await Array.fromAsync(kept.range());
  expect(entry.key).toEqual(["fine", Number.NaN, -0, 2n ** 70n, new Date(Number.NaN), Uint8Array.of(1)]);
  expect((await kept.get(entry.key)).length).toBe(1);
});

test("an indexer of expressions is made again when one of them is another; what is no indexer is refused", async () => {
  await using alice = await found();
  await using items = await alice.tenant.openDB<Item>("items");
  await items.createDocuments([
    { region: "a", tags: [], amount: 1 },
    { region: "b", tags: [], amount: 2 },
  ]);
  const stored = (key: string) =>
    defineIndexer<Item>({
      name: "stored",
      version: 1,
      map: { key: [key], value: { n: "amount" }, where: "amount > 1" },
    });
  for (const [key, says] of [
    ["region", "b"],
    ["amount * 2", 4],
  ] as const) {
    await using index = await openIndex(items, stored(key));
    await index.caughtUp();
    expect((await Array.fromAsync(index.range())).map((entry) => [entry.key, entry.value])).toEqual([
      [[says], { n: 2 }],
    ]);
  }
  const map = { key: ["region"] };
  for (const wrong of [
    { name: "", version: 1, map },
    { name: "x", version: 0, map },
    { name: "x", version: 1.5, map },
    { name: "x", version: 1, map: { key: [] } },
    { name: "x", version: 1, map, order: [{ language: "no language" }] },
  ])
    expect(() => defineIndexer(wrong)).toThrow(expect.objectContaining({ code: "INDEXER_INVALID" }));
});

async function play(
  database: Database<Item>,
  model: Map<DocId, Item>,
  { at, data }: { readonly at: number; readonly data: Item | null },
): Promise<void> {
  const id = [...model.keys()][at];
  if (id === undefined) {
    if (data !== null) model.set((await database.createDocument(data)).id, data);
  } else if (data === null) {
    await database.deleteDocument(id);
    model.delete(id);
  } else {
    await database.changeDoc(id, (draft) => void Object.assign(draft.getData(), structuredClone(data)));
    model.set(id, data);
  }
}
