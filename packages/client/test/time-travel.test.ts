// Databases as they were, through the public API alone: people, keys and restarts. Only the date is set by hand.
import type { ReadableDatabase, When } from "@selkie/client";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { deviceOf, found, join, meet, type Person, restart } from "./support/company.ts";
import { notesOf } from "./support/notes.ts";

interface Note {
  text: string;
}

const START = Date.UTC(2026, 0, 1);
const minute = (count: number): Date => new Date(START + count * 60_000);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: START });
});
afterEach(() => {
  vi.useRealTimers();
});

const pastOf = ({ tenant }: Person, at: When) => tenant.openDB<Note>("notes", { at });

async function textsIn(notes: ReadableDatabase<Note>): Promise<readonly string[]> {
  const docs = await Promise.all((await notes.getAllDocumentIds()).map((id) => notes.getDocument(id)));
  return docs.map((doc) => doc.getData().text).sort();
}

async function textsAt(person: Person, at: When): Promise<readonly string[]> {
  await using past = await pastOf(person, at);
  return await textsIn(past);
}

test("everybody sees what there was of what they may read, also after a restart and a revocation", async () => {
  await using alice = await found();
  await using bob = await join(alice, "bob", "editor");
  const started = await join(alice, "carol", "editor");
  await alice.tenant.directory.createKey("board");
  const notes = await notesOf(alice);
  vi.setSystemTime(minute(10));
  const open = await notes.createDocument({ text: "open" });
  await notes.createDocument({ text: "secret" }, { key: "board" });
  await notesOf(started);
  await meet(alice, started);
  const ofBob = await notesOf(bob);
  await meet(alice, bob);
  vi.setSystemTime(minute(20));
  await ofBob.changeDoc(
    await ofBob.getDocument(open.id),
    (draft) => void Object.assign(draft.getData(), { text: "by bob" }),
  );
  await meet(alice, bob);
  vi.setSystemTime(minute(30));
  await notes.deleteDocument(open);
  await meet(alice, started);
  await using carol = await restart(started);
  await notesOf(carol);
  for (const [at, texts] of [
    [5, []],
    [15, ["open"]],
    [25, ["by bob"]],
    [35, []],
  ] as const) {
    expect(await textsAt(carol, minute(at))).toEqual(texts);
    const withSecret = at > 5 ? [...texts, "secret"] : texts;
    expect(await textsAt(alice, minute(at))).toEqual(withSecret);
  }
  // What Bob wrote before he was out stays: only what he writes from then on counts for nothing, whatever time it claims.
  await alice.tenant.directory.revokeDevice(await deviceOf(bob));
  vi.setSystemTime(minute(12));
  await ofBob.createDocument({ text: "back-dated" });
  await meet(carol, bob); // neither knows
  expect(await textsAt(carol, minute(15))).toEqual(["back-dated", "open"]);
  await meet(alice, carol);
  expect(await textsAt(carol, minute(15))).toEqual(["open"]);
  expect(await textsAt(carol, minute(25))).toEqual(["by bob"]);
});

test("what is shown stays until it is opened again, and the database goes on beside it", async () => {
  await using alice = await found();
  const notes = await notesOf(alice);
  const note = await notes.createDocument({ text: "one" });
  const past = await pastOf(alice, minute(5));
  const other = await pastOf(alice, note.getHeads());
  await notes.changeDoc(note, (draft) => void Object.assign(draft.getData(), { text: "two" }));
  expect([past.name, past.tenant, past.at]).toEqual(["notes", alice.tenant, minute(5)]);
  for (const each of [past, other]) expect(await textsIn(each)).toEqual(["one"]);
  await past[Symbol.asyncDispose]();
  await expect(past.getDocument(note.id)).rejects.toMatchObject({ code: "CLOSED" });
  expect(await textsIn(other)).toEqual(["one"]);
  expect(await textsIn(notes)).toEqual(["two"]);
  await notes[Symbol.asyncDispose]();
  await expect(other.getDocument(note.id)).rejects.toMatchObject({ code: "CLOSED" });
});

test("a database that is open only as it was is synced, and closed with the last who looks", async () => {
  await using alice = await found();
  await using bob = await join(alice, "bob", "editor");
  const notes = await notesOf(alice);
  const create = async (text: string) => {
    await notes.createDocument({ text });
    await meet(alice, bob);
  };
  const [first, second] = [await pastOf(bob, minute(0)), await pastOf(bob, minute(0))];
  await create("first");
  await first[Symbol.asyncDispose]();
  await first[Symbol.asyncDispose]();
  await create("second");
  await second[Symbol.asyncDispose]();
  await create("third");
  expect(await textsAt(bob, minute(1))).toEqual(["first", "second"]);
  for (const at of [new Date(Number.NaN), ["no hash"]])
    await expect(pastOf(bob, at)).rejects.toMatchObject({
      code: at instanceof Date ? "VALUE_UNSUPPORTED" : "HEADS_UNKNOWN",
    });
  for (const at of [5, null, "2026-01-01", {}, [5]]) {
    const refused = { code: "VALUE_UNSUPPORTED" };
    await expect(pastOf(bob, at as unknown as When)).rejects.toMatchObject(refused);
    await expect(notes.history.getAllDocumentIdsAt(at as unknown as When)).rejects.toMatchObject(refused);
  }
  const looking = await pastOf(bob, minute(0));
  const ofBob = await notesOf(bob);
  await looking[Symbol.asyncDispose]();
  await meet(alice, bob);
  expect(await textsIn(ofBob)).toEqual(["first", "second", "third"]);
});

test("what is purged is gone from every past, also while somebody looks", async () => {
  await using alice = await found();
  await alice.tenant.settings.change({ purgeAfter: 0 });
  const notes = await notesOf(alice);
  const docs = [await notes.createDocument({ text: "one" }), await notes.createDocument({ text: "two" })] as const;
  const heads = docs.flatMap((doc) => doc.getHeads());
  await using past = await pastOf(alice, minute(0));
  await using exact = await pastOf(alice, heads);
  for (const each of [past, exact]) expect(await Array.fromAsync(each.iterateChangesSince(null))).toHaveLength(2);
  const { id } = docs[1];
  await notes.purgeDocHistory(id);
  for (const each of [past, exact, await pastOf(alice, minute(9))]) {
    expect(await textsIn(each)).toEqual(["one"]);
    expect(await each.findDocument(id)).toBeUndefined();
    const purged = { code: "DOC_PURGED" };
    await expect(each.getDocument(id)).rejects.toMatchObject(purged);
    await expect(each.history.getDocumentAt(id, minute(0))).rejects.toMatchObject(purged);
    await expect(Array.fromAsync(each.history.changes(id))).rejects.toMatchObject(purged);
    expect(await Array.fromAsync(each.iterateChangesSince(null))).toHaveLength(1);
    expect(await Array.fromAsync(each.iterateChangesSince(null, { revisions: true }))).toHaveLength(1);
  }
  await expect(pastOf(alice, heads)).rejects.toMatchObject({ code: "HEADS_UNKNOWN" });
});
