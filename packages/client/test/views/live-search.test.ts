// Searches that are shown: rows are told again whenever they are others, whoever changed what they follow from.
import {
  type Database,
  type DeclaredSearch,
  declareSearch,
  liveSearch,
  parseDocId,
  type SearchRow,
  search,
} from "@selkie/client";
import { expect, onTestFinished, test } from "vitest";
import { found } from "../support/company.ts";

interface Note {
  text: string;
  done: boolean;
  ownerId?: string;
}

type Rows = readonly SearchRow<Note>[];

/** Notes about seals and others, and who has heard of them. */
async function world() {
  const alice = await found();
  onTestFinished(() => alice[Symbol.asyncDispose]());
  const notes = await alice.tenant.openDB<Note>("notes");
  const [seals = expect.fail("it was created")] = await notes.createDocuments([
    { text: "seals and the sea", done: false },
    { text: "tea", done: false },
  ]);
  const declared = await declareSearch(notes, { fields: ["text"] });
  return { alice, notes, seals, declared };
}

/** What was told last, and a wait until it is as said. */
function hearing() {
  let rows: Rows = [];
  let told = Promise.withResolvers<void>();
  const calls: Rows[] = [];
  return {
    calls,
    listener: (now: Rows) => {
      rows = now;
      calls.push(now);
      told.resolve();
      told = Promise.withResolvers();
    },
    until: async (holds: (rows: Rows) => boolean): Promise<Rows> => {
      while (!holds(rows)) await told.promise;
      return rows;
    },
  };
}

const texts = (rows: Rows): readonly string[] => rows.map(({ data }) => data.text);
const isOf = (count: number) => (rows: Rows) => rows.length === count;

async function edit(notes: Database<Note>, row: SearchRow<Note> | undefined, change: (note: Note) => void) {
  const { id } = row?.origin ?? expect.fail("it is shown");
  const doc = (await notes.findDocument(parseDocId(id))) ?? expect.fail("it is there");
  await notes.changeDoc(doc, (draft) => change(draft.getData()));
}

test("a live search tells what is found, as it comes, changes, stops to count and goes", async () => {
  const { notes, seals } = await world();
  const { listener, until } = hearing();
  onTestFinished(liveSearch(notes, "seals", { where: { done: false } }, listener));
  const [first] = await until(isOf(1));
  const more = await notes.createDocument({ text: "seals", done: false });
  const rows = await until(isOf(2));
  expect(rows).toEqual(await search(notes, "seals", { where: { done: false } }));
  expect(texts(rows)).toEqual(["seals", "seals and the sea"]);
  expect(rows[1]?.score).not.toBe(first?.score);
  await edit(notes, rows[0], (note) => {
    note.done = true;
  });
  expect(texts(await until(isOf(1)))).toEqual(["seals and the sea"]);
  await notes.changeDoc(more, (draft) => {
    draft.getData().done = false;
  });
  await until(isOf(2));
  await notes.deleteDocument(seals);
  expect(texts(await until(isOf(1)))).toEqual(["seals"]);
});

test("rows of a live search that stayed the same are the same objects, and nobody is called for others", async () => {
  const { notes } = await world();
  const { listener, until, calls } = hearing();
  onTestFinished(liveSearch(notes, "seals tea", { limit: 1 }, listener));
  onTestFinished(liveSearch(notes, "seals tea", {}, (rows) => both.listener(rows)));
  const both = hearing();
  const before = await both.until(isOf(2));
  await until(isOf(1));
  const told = calls.length;
  await edit(notes, before[1], (note) => {
    note.done = true;
  });
  const after = await both.until((rows) => rows.some(({ data }) => data.done));
  expect(after[0]).toBe(before[0]);
  expect(after[1]).not.toBe(before[1]);
  expect(calls.length).toBe(told);
});

test("a live search follows the databases that its rows refer to", async () => {
  const { alice, notes, seals } = await world();
  const people = await alice.tenant.openDB<{ name: string }>("people");
  const bob = await people.createDocument({ name: "Bob" });
  const doc = (await notes.findDocument(seals)) ?? expect.fail("it is there");
  await notes.changeDoc(doc, (draft) => {
    draft.getData().ownerId = bob.id;
  });
  const { listener, until } = hearing();
  const asked = { join: { owner: { from: people, on: "ownerId" } }, where: 'owner.name = "Robert"' };
  onTestFinished(liveSearch(notes, "seals", asked, listener));
  await people.changeDoc(bob, (draft) => {
    draft.getData().name = "Robert";
  });
  await until(isOf(1));
});

test("a live search is refused at once where there is none, ends with its signal, and tells that its index was closed", async () => {
  const { notes, declared } = await world();
  const none = (): void => expect.fail("nobody is told");
  expect(() => liveSearch(notes, "seals", { name: "another" }, none)).toThrow(
    expect.objectContaining({ code: "SEARCH_INVALID" }),
  );
  liveSearch(notes, "seals", { signal: AbortSignal.abort() }, none);
  const ended = new AbortController();
  const { listener, until, calls } = hearing();
  liveSearch(notes, "seals", { signal: ended.signal }, listener);
  await until(isOf(1));
  ended.abort();
  const told = calls.length;
  await notes.createDocument({ text: "seals", done: false });
  expect(await search(notes, "seals")).toHaveLength(2);
  expect(calls.length).toBe(told);
  await expectClosed(notes, declared);
});

async function expectClosed(notes: Database<Note>, declared: DeclaredSearch): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  const closing = declared[Symbol.asyncDispose]();
  expect(() => liveSearch(notes, "seals", {}, () => undefined, { onError: resolve })).toThrow(
    expect.objectContaining({ code: "SEARCH_INVALID" }),
  );
  await closing;
  await using again = await declareSearch(notes, { fields: ["text"] });
  await again.caughtUp();
  const stop = liveSearch(notes, "seals", {}, () => undefined, { onError: resolve });
  await again[Symbol.asyncDispose]();
  expect(await promise).toMatchObject({ code: "CLOSED" });
  stop();
}
