// What goes wrong with an index of texts, and what lies on the disk: damage, purges, hostile documents, texts that can't be had.
import {
  type Client,
  createClient,
  type Database,
  declareSearch,
  type SearchDeclaration,
  type SearchOptions,
  search,
} from "@selkie/client";
import type { Store } from "@selkie/store";
import { expect, test } from "vitest";
import { found } from "../support/company.ts";
import { pagesIn, spoiled } from "../support/kept-pages.ts";
import { cheapKeyBag, filesIn, MemoryPlace, newDirectory, PASSWORD } from "../support/places.ts";

interface Note {
  title: string;
  text?: string;
}

const declaration: SearchDeclaration<Note> = { fields: ["title", "text"] };
const MANY = 700;
const notes = Array.from({ length: MANY }, (_, n): Note => ({ title: `canary ${n % 7}`, text: `zanzibar ${n}` }));

const notesOf = async (client: Client): Promise<Database<Note>> =>
  (await client.openTenant("acme-corp")).openDB<Note>("notes");

const titles = async (database: Database<Note>, text: string, options?: SearchOptions): Promise<readonly string[]> =>
  (await search(database, text, options)).map(({ data }) => data.title);

const idsOf = async (database: Database<Note>, text: string, options?: SearchOptions): Promise<readonly string[]> =>
  (await search(database, text, options)).map(({ origin }) => origin.id);

/** How many documents are read for a declared search, in the order of the calls. */
async function readFor(database: Database<Note>, own: SearchDeclaration<Note> = declaration): Promise<number> {
  let read = 0;
  await using declared = await declareSearch(database, own, { onProgress: (documents) => (read = documents) });
  await declared.caughtUp();
  return read;
}

test("P-10 an index of texts is gone on with after a restart, made again when it is declared otherwise, and lies nowhere in clear", async () => {
  await using directory = await newDirectory();
  const open = () => createClient({ store: directory.path, password: PASSWORD });
  {
    await using client = await open();
    await client.createTenant("acme-corp", { user: "CN=alice/O=acme" });
    const database = await notesOf(client);
    await database.createDocuments(notes);
    await using _declared = await declareSearch(database, { ...declaration, name: "canary search" });
    expect(await titles(database, "canary 3", { name: "canary search", combine: "and" })).toHaveLength(100);
  }
  for (const [name, bytes] of filesIn(directory.path))
    for (const word of ["canary", "zanzibar"])
      expect(bytes.includes(Buffer.from(word).toString("hex")), `${word} in ${name}`).toBe(false);
  await using client = await open();
  const database = await notesOf(client);
  expect(await readFor(database, { ...declaration, name: "canary search" })).toBe(0);
  expect(await readFor(database, { name: "canary search", fields: ["text"] })).toBe(MANY);
  expect(await readFor(database, { name: "canary search", fields: ["text"], language: "ja" })).toBe(MANY);
});

test("P-9 where any page that was kept of an index of texts is damaged or gone, it is made again and finds the same", async () => {
  const place = new MemoryPlace(await cheapKeyBag());
  {
    await using client = await createClient({ store: place, password: PASSWORD });
    await client.createTenant("acme-corp", { user: "CN=alice/O=acme" });
    const database = await notesOf(client);
    await database.createDocuments(notes);
    await using _declared = await declareSearch(database, declaration);
    await search(database, "canary");
  }
  const asked = ["canary", "zanzibar 70", "canery"] as const;
  let truth: readonly (readonly string[])[] | null = null;
  for (const spoil of [null, "flipped", "gone", "one of another"] as const)
    for (const part of [0, 0.6]) {
      const wrap = (store: Store) => (spoil === null ? store : spoiled(store, spoil, part));
      await using client = await createClient({ store: place.copy().again(wrap), password: PASSWORD });
      const database = await notesOf(client);
      await using declared = await declareSearch(database, declaration);
      const found = await Promise.all(asked.map((text) => idsOf(database, text, { prefix: true, fuzzy: 0.2 })));
      truth ??= found;
      expect(found).toEqual(truth);
      expect(declared.failures).toEqual([]);
    }
});

test("what is purged is on no page that is kept of an index of texts, also of one that nobody opens again", async () => {
  const stores: Store[] = [];
  const place = new MemoryPlace(await cheapKeyBag(), {
    wrap: (store) => {
      stores.push(store);
      return store;
    },
  });
  await using client = await createClient({ store: place, password: PASSWORD });
  const kept = async () => (await Promise.all(stores.map(pagesIn))).flat().length;
  const tenant = await client.createTenant("acme-corp", { user: "CN=alice/O=acme" });
  await tenant.settings.change({ purgeAfter: 0 });
  const database = await notesOf(client);
  const [first = expect.fail("documents were created")] = await database.createDocuments(notes);
  await readFor(database, { ...declaration, name: "closed" });
  await readFor(database);
  await using _declared = await declareSearch(database, declaration);
  expect(await idsOf(database, "0")).toContain(first);
  expect(await kept()).toBeGreaterThan(4);
  await database.purgeDocHistory(first);
  expect(await kept()).toBe(0);
  expect(await idsOf(database, "0")).not.toContain(first);
});

test("P-9 D13 a document of which too much would be indexed is left out and named, and nobody else", async () => {
  await using alice = await found();
  await using database = await alice.tenant.openDB<Note>("notes");
  const texts: Readonly<Record<string, string>> = {
    words: Array.from({ length: 50_001 }, (_, n) => n.toString(36)).join(" "),
    long: "x".repeat(1_048_576),
    "a word": "y".repeat(500_000),
    accents: "e\u0301\u0302\u0303".repeat(100_000),
  };
  const named = [...Object.keys(texts), "fine", "__proto__ constructor"];
  await database.createDocuments(named.map((title) => ({ title })));
  await using declared = await declareSearch(database, {
    ...declaration,
    extract: async ({ title }) => ({ text: `seal ${texts[title] ?? ""}` }),
  });
  expect((await titles(database, "seal")).toSorted()).toEqual(["__proto__ constructor", "a word", "accents", "fine"]);
  expect(declared.failures).toMatchObject([
    { error: { code: "INDEX_ENTRY_INVALID" } },
    { error: { code: "INDEX_ENTRY_INVALID" } },
  ]);
  expect(await titles(database, "constructor")).toEqual(["__proto__ constructor"]);
  expect(await titles(database, "y".repeat(70))).toEqual(["a word"]);
});

test("D13 a search that is none, or would look at too much, is refused with a code, and that search alone", async () => {
  await using alice = await found();
  await using database = await alice.tenant.openDB<Note>("notes");
  await database.createDocuments([{ title: "a note", text: "of a few words" }]);
  await using _declared = await declareSearch(database, declaration);
  const refused = async (text: string, options: object, code: string) =>
    expect(search(database, text, options), JSON.stringify(options)).rejects.toMatchObject({ code });
  await refused("x".repeat(4_097), {}, "QUERY_TOO_COSTLY");
  await refused(Array.from({ length: 65 }, (_, n) => `w${n}`).join(" "), {}, "QUERY_TOO_COSTLY");
  for (const options of [{ fuzzy: 1 }, { fuzzy: Number.NaN }, { fields: ["other"] }, { combine: "nor" }, { limit: 0 }])
    await refused("note", options, "QUERY_INVALID");
  for (const options of [{ prefix: "first" }, { fuzzy: "much" }, { fields: "title" }])
    await refused("note", options, "QUERY_INVALID");
  const [row] = await search(database, "note");
  await refused("words", { after: row?.key }, "KEY_INVALID");
  await refused("note", { after: "no key" }, "KEY_INVALID");
  await refused("note", { name: "other" }, "SEARCH_INVALID");
  for (const fields of [[], ["a", "a"], { title: { boost: 0 } }, Array.from({ length: 17 }, (_, n) => `f${n}`)])
    await expect(declareSearch(database, { name: "odd", fields })).rejects.toMatchObject({ code: "SEARCH_INVALID" });
  await expect(declareSearch(database, declaration)).rejects.toMatchObject({ code: "SEARCH_INVALID" });
  const often = Array.from({ length: 64 }, (_, n) => String.fromCharCode(97 + (n % 26)).repeat(60 + (n >> 4))).join(
    " ",
  );
  expect(await search(database, often, { prefix: true, fuzzy: 0.9 })).toEqual([]);
  expect(await titles(database, "")).toEqual([]);
  expect(await titles(database, "note")).toEqual(["a note"]);
});

test("P-9 texts that an app takes from elsewhere are found; where they can't be had the rest is, and it is named until it can", async () => {
  await using alice = await found();
  const broken = new Set(["broken"]);
  const own: SearchDeclaration<Note> = {
    fields: ["title", "attachment"],
    extract: async ({ title }) => {
      if (broken.has(title)) throw new RangeError("no text");
      return { attachment: `the seal of ${title}`, title: "an alias" };
    },
  };
  const database = await alice.tenant.openDB<Note>("notes");
  await database.createDocuments(["whole", "broken", "other"].map((title) => ({ title })));
  {
    await using declared = await declareSearch(database, own);
    expect((await titles(database, "seal")).toSorted()).toEqual(["other", "whole"]);
    expect((await titles(database, "alias")).toSorted()).toEqual(["other", "whole"]);
    expect(await titles(database, "broken")).toEqual(["broken"]);
    expect(declared.failures).toMatchObject([{ error: { message: "no text" } }]);
  }
  broken.clear();
  await using declared = await declareSearch(database, own);
  expect((await titles(database, "broken")).length).toBe(1); // as it was kept
  await declared.caughtUp();
  expect(await titles(database, "seal")).toHaveLength(3);
  expect(declared.failures).toEqual([]);
});

test("texts that never come hold up nothing but the search: it is closed, and ended by a signal", async () => {
  await using alice = await found();
  const database = await alice.tenant.openDB<Note>("notes");
  await database.createDocument({ title: "seal" });
  const signals: AbortSignal[] = [];
  const own: SearchDeclaration<Note> = {
    fields: ["title"],
    extract: (_, { signal }) => {
      signals.push(signal);
      return new Promise(() => undefined);
    },
  };
  const closed = await declareSearch(database, own);
  const waits = expect(search(database, "seal")).rejects.toMatchObject({ code: "CLOSED" });
  await closed[Symbol.asyncDispose]();
  await waits;
  const giveUp = new AbortController();
  await using declared = await declareSearch(database, own, { signal: giveUp.signal });
  const waiting = expect(declared.caughtUp()).rejects.toThrow("given up");
  giveUp.abort(new Error("given up"));
  await waiting;
  expect(signals.every(({ aborted }) => aborted)).toBe(true);
  await database.createDocument({ title: "and on" });
});
