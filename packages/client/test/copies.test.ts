// A document goes on under another key: whole clients, who hold some of the keys.
import { type CoreErrorCode, copyToKey, readersGained } from "@selkie/client";
import { describe, expect, test } from "vitest";
import { found, join, meet, type Person, restart } from "./support/company.ts";

interface Note {
  text: string;
}

const notesOf = ({ tenant }: Person) => tenant.openDB<Note>("notes");
const code = (code: CoreErrorCode) => ({ code });

/** Everybody meets everybody, twice over: what somebody gives another on the way arrives. */
async function meetAll(...people: readonly Person[]): Promise<void> {
  for (let round = 0; round < 2; round++)
    for (const [at, one] of people.entries()) for (const other of people.slice(at + 1)) await meet(one, other);
}

/** Alice, who founded; Bob, who has the board's key; Carol, who has not. */
async function begin(people: AsyncDisposableStack) {
  const alice = people.use(await found());
  const [bob, carol] = [
    people.use(await join(alice, "bob", "editor")),
    people.use(await join(alice, "carol", "editor")),
  ];
  await alice.tenant.directory.createKey("board", { share: [bob.name] });
  const [notes, ofBob, ofCarol] = [await notesOf(alice), await notesOf(bob), await notesOf(carol)];
  const everybody = [alice, bob, carol];
  await meetAll(...everybody);
  return { alice, bob, carol, notes, ofBob, ofCarol, everybody };
}

describe("a copy of a document under another key", () => {
  test("for fewer people: says nothing to the others, and the document stays what it was for all", async () => {
    await using people = new AsyncDisposableStack();
    const { bob, notes, ofBob, ofCarol, everybody } = await begin(people);
    const plan = await notes.createDocument({ text: "a plan" });
    await meetAll(...everybody);
    await ofBob.changeDoc(await ofBob.getDocument(plan.id), (draft) => {
      draft.getData().text = "Bob's plan";
    });
    expect(readersGained(ofBob, plan.id, { key: "board" })).toEqual([]);
    const copy = await copyToKey(ofBob, plan.id, { key: "board" });
    await meetAll(...everybody);
    const hers = await notes.getDocument(copy.id);
    await notes.changeDoc(hers, (draft) => {
      draft.getData().text = "the board's plan";
    });
    await meetAll(...everybody);
    expect((await ofBob.getDocument(copy.id)).getData()).toEqual({ text: "the board's plan" });
    expect(await ofCarol.findDocument(copy.id)).toBeUndefined();
    for (const database of [notes, ofBob, ofCarol])
      expect((await database.getDocument(plan.id)).getData()).toEqual({ text: "Bob's plan" });
    const again = people.use(await restart(bob));
    expect((await (await notesOf(again)).getDocument(copy.id)).getData()).toEqual({ text: "the board's plan" });
  });

  test("for more people: they are named, or it is not made; then they read all of it, and nothing else under the old key", async () => {
    await using people = new AsyncDisposableStack();
    const { carol, notes, ofBob, ofCarol, everybody } = await begin(people);
    const [plan, secret] = [
      await notes.createDocument({ text: "a plan" }, { key: "board" }),
      await notes.createDocument({ text: "a secret" }, { key: "board" }),
    ];
    await meetAll(...everybody);
    expect(readersGained(ofBob, plan.id)).toEqual([carol.name]);
    await expect(copyToKey(ofBob, plan.id)).rejects.toMatchObject(code("READERS_UNNAMED"));
    await expect(copyToKey(ofBob, plan.id, { readers: [everybody[0]?.name ?? ""] })).rejects.toMatchObject(
      code("READERS_UNNAMED"),
    );
    expect(await ofBob.getAllDocumentIds()).toHaveLength(2);
    const copy = await copyToKey(ofBob, plan.id, { readers: [carol.name] });
    await meetAll(...everybody);
    for (const database of [notes, ofBob, ofCarol]) {
      const doc = await database.getDocument(copy.id);
      expect([doc.getData(), doc.getHeads()]).toEqual([{ text: "a plan" }, plan.getHeads()]);
    }
    for (const { id } of [plan, secret]) expect(await ofCarol.findDocument(id)).toBeUndefined();
  });

  test("names who reads from now on under the old key, also where that is the new one: a copy holds what was before", async () => {
    await using people = new AsyncDisposableStack();
    const { alice, carol, notes, ofCarol, everybody } = await begin(people);
    const plan = await notes.createDocument({ text: "a plan" }, { key: "board" });
    await alice.tenant.directory.shareKey("board", [carol.name], { history: "from-now" });
    await meetAll(...everybody);
    expect(await ofCarol.findDocument(plan.id)).toBeUndefined();
    for (const key of [{}, { key: "board" }]) {
      expect(readersGained(notes, plan.id, key)).toEqual([carol.name]);
      await expect(copyToKey(notes, plan.id, key)).rejects.toMatchObject(code("READERS_UNNAMED"));
    }
    const copy = await copyToKey(notes, plan.id, { key: "board", readers: [carol.name] });
    await meetAll(...everybody);
    expect((await ofCarol.getDocument(copy.id)).getData()).toEqual({ text: "a plan" });
  });

  test("is made by who may write under both keys alone", async () => {
    await using people = new AsyncDisposableStack();
    const { alice, bob, notes, ofBob, ofCarol, everybody } = await begin(people);
    const [plan, open] = [
      await notes.createDocument({ text: "a plan" }, { key: "board" }),
      await notes.createDocument({ text: "for all" }),
    ];
    await meetAll(...everybody);
    await expect(copyToKey(ofCarol, open.id, { key: "board" })).rejects.toMatchObject(code("KEY_UNKNOWN"));
    await expect(copyToKey(ofCarol, plan.id)).rejects.toMatchObject(code("DOC_NOT_FOUND"));
    await alice.tenant.directory.changeUser(bob.name, { unshare: ["board"] });
    await meetAll(...everybody);
    const before = (await ofBob.getAllDocumentIds()).length;
    await expect(copyToKey(ofBob, plan.id)).rejects.toMatchObject(code("NOT_ENTITLED"));
    await expect(copyToKey(ofBob, open.id, { key: "board" })).rejects.toMatchObject(code("KEY_UNKNOWN"));
    expect(await ofBob.getAllDocumentIds()).toHaveLength(before);
  });
});
