// The change feed through the public API alone: people, keys and restarts, in memory and on a real disk.
import { copyToKey, createClient, type Database } from "@selkie/client";
import { expect, test } from "vitest";
import { found, join, meet, restart } from "./support/company.ts";
import { notesOf, textsOf } from "./support/notes.ts";
import { newDirectory, PASSWORD } from "./support/places.ts";

interface Note {
  text: string;
}

/** What an app keeps that follows a database, and how far it has come. */
class Mirror {
  readonly #texts = new Map<string, string>();
  #cursor: string | null = null;

  get texts(): readonly string[] {
    return [...this.#texts.values()].sort();
  }

  /** @returns what came */
  async catchUp(notes: Database<Note>): Promise<readonly string[]> {
    const seen: string[] = [];
    for await (const { type, doc, cursor } of notes.iterateChangesSince(this.#cursor)) {
      const { text } = doc.getData();
      seen.push(text === undefined ? type : `${type} ${text}`);
      if (type === "deleted" || type === "hidden") this.#texts.delete(doc.id);
      else this.#texts.set(doc.id, text);
      this.#cursor = cursor;
    }
    return seen;
  }
}

test("follows what others write, what is shared and what is not shared any more, over restarts", async () => {
  await using alice = await found();
  const started = await join(alice, "bob", "editor");
  await alice.tenant.directory.createKey("board");
  const notes = await notesOf(alice);
  await notes.createDocument({ text: "secret" }, { key: "board" });
  const open = await notes.createDocument({ text: "open" });
  const mirror = new Mirror();
  await notesOf(started);
  await meet(alice, started);
  expect(await mirror.catchUp(await notesOf(started))).toEqual(["changed open"]);

  await alice.tenant.directory.shareKey("board", [started.name], { history: "full" });
  await meet(alice, started);
  expect(await mirror.catchUp(await notesOf(started))).toEqual(["revealed secret"]);
  await notes.createDocument({ text: "more" }, { key: "board" });
  await using bob = await restart(started);
  const ofBob = await notesOf(bob);
  await meet(alice, bob);
  expect(await mirror.catchUp(ofBob)).toEqual(["changed more"]);
  expect(mirror.texts).toEqual(await textsOf(bob));

  await alice.tenant.directory.changeUser(bob.name, { unshare: ["board"] });
  await notes.changeDoc(open, (draft) => {
    draft.getData().text = "still open";
  });
  await meet(alice, bob);
  const seen = await mirror.catchUp(ofBob);
  expect(seen.toSorted()).toEqual(["changed still open", "hidden more", "hidden secret"]);
  await alice.tenant.directory.shareKey("board", [bob.name], { history: "full" });
  await meet(alice, bob);
  expect((await mirror.catchUp(ofBob)).toSorted()).toEqual(["revealed more", "revealed secret"]);
  expect(mirror.texts).toEqual(await textsOf(bob));
});

test("D9 takes back what a revoked member wrote after its cut", async () => {
  await using alice = await found();
  await using bob = await join(alice, "bob", "editor");
  await using carol = await join(alice, "carol", "editor");
  const people = [alice, bob, carol];
  const [notes, ofBob, ofCarol] = await Promise.all(people.map(notesOf));
  if (notes === undefined || ofBob === undefined || ofCarol === undefined) return expect.fail("three people");
  const note = await notes.createDocument({ text: "hers" });
  await meet(alice, bob);
  await meet(alice, carol);
  await ofBob.changeDoc(await ofBob.getDocument(note.id), (draft) => {
    draft.getData().text = "his";
  });
  await ofBob.createDocument({ text: "all his" });
  await meet(bob, carol); // Alice has not heard of it
  const mirror = new Mirror();
  await mirror.catchUp(ofCarol);
  expect(mirror.texts).toEqual(["all his", "his"]);
  await alice.tenant.directory.revokeUser(bob.name);
  await meet(alice, carol);
  expect((await mirror.catchUp(ofCarol)).toSorted()).toEqual(["changed hers", "deleted"]);
  expect(mirror.texts).toEqual(["hers"]);
});

test("gives the revisions of a copy besides those of the document before", async () => {
  await using alice = await found();
  await alice.tenant.directory.createKey("board");
  const notes = await notesOf(alice);
  const note = await notes.createDocument({ text: "draft" });
  await notes.changeDoc(note, (draft) => {
    draft.getData().text = "final";
  });
  const copy = await copyToKey(notes, note, { key: "board" });
  const told = new Map<string, string[]>();
  for await (const { doc, revision } of notes.iterateChangesSince(null, { revisions: true }))
    told.set(doc.id, [...(told.get(doc.id) ?? []), revision.verification]);
  expect(told.get(note.id)).toHaveLength(2);
  expect(told.get(copy.id)?.filter((verification) => verification === "told")).toHaveLength(2);
});

test("goes on where it was, on a real disk", async () => {
  await using directory = await newDirectory();
  const mirror = new Mirror();
  const run = async (work: (notes: Database<Note>) => Promise<void>): Promise<void> => {
    await using client = await createClient({ store: directory.path, password: PASSWORD });
    const [known] = await client.tenants();
    const acme =
      known === undefined
        ? await client.createTenant("acme-corp", { user: "CN=alice/O=acme" })
        : await client.openTenant(known.id);
    await work(await acme.openDB<Note>("notes"));
  };
  await run(async (notes) => {
    await notes.createDocuments(Array.from({ length: 1_000 }, (_, at) => ({ text: `note ${at}` })));
    expect(await mirror.catchUp(notes)).toHaveLength(1_000);
  });
  await run(async (notes) => {
    const [first] = await notes.getAllDocumentIds();
    if (first === undefined) return expect.fail("documents");
    await notes.deleteDocument(first);
    await notes.createDocument({ text: "new" });
  });
  await run(async (notes) => {
    expect(await mirror.catchUp(notes)).toEqual(expect.arrayContaining(["deleted", "changed new"]));
    expect(mirror.texts).toHaveLength(1_000);
    expect(await mirror.catchUp(notes)).toEqual([]);
  });
});
