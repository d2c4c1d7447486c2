// Random stories of edits, purges, syncs and restarts on three devices, told against a naive model; and what a disk holds afterwards.
import { createClient, type Database, type DocId } from "@selkie/client";
import fc from "fast-check";
import { expect, test } from "vitest";
import { found, join, meet, type Person, restart } from "./support/company.ts";
import { filesIn, newDirectory, PASSWORD } from "./support/places.ts";

interface Note {
  said: Record<string, string>;
}

const notesOf = ({ tenant }: Person): Promise<Database<Note>> => tenant.openDB<Note>("notes");

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ what: fc.constant("edit" as const), who: fc.nat(2), doc: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant("purge" as const), who: fc.nat(1), doc: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant("meet" as const), who: fc.nat(2), doc: fc.constant(0) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant("restart" as const), who: fc.nat(2), doc: fc.constant(0) }) },
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

class Story {
  readonly people: Person[] = [];
  readonly docs: DocId[] = [];
  readonly purged = new Set<DocId>();
  readonly #said = new Map<DocId, Record<string, string>>();
  #nth = 0;

  static async begin(): Promise<Story> {
    const story = new Story();
    const alice = await found();
    await alice.tenant.settings.change({ purgeAfter: 0 });
    const notes = await notesOf(alice);
    for (let at = 0; at < 3; at++) story.docs.push((await notes.createDocument({ said: {} })).id);
    story.people.push(alice);
    for (const role of ["admin", "editor"] as const) {
      const person = await join(alice, `p${story.people.length}`, role);
      story.people.push(person);
      await notesOf(person);
    }
    await story.meetAll();
    await story.meetAll();
    return story;
  }

  personAt(at: number): Person {
    const person = this.people[at];
    if (person === undefined) throw new RangeError(`${at}`);
    return person;
  }

  async meetAll(): Promise<void> {
    for (const [a, b] of [
      [0, 1],
      [1, 2],
      [0, 2],
    ] as const)
      await meet(this.personAt(a), this.personAt(b));
  }

  async take({ what, who, doc }: Step): Promise<void> {
    const person = this.personAt(who);
    const id = this.docs[doc];
    if (id === undefined) throw new RangeError(`${doc}`);
    if (what === "meet") await meet(person, this.personAt((who + 1) % 3));
    else if (what === "restart") {
      this.people[who] = await restart(person);
      await notesOf(this.personAt(who));
    } else if (what === "purge") {
      await (await notesOf(person)).purgeDocHistory(id);
      this.purged.add(id);
    } else await this.#edit(person, id);
  }

  async #edit(person: Person, id: DocId): Promise<void> {
    const notes = await notesOf(person);
    const known = await notes.findDocument(id);
    if (known === undefined) return; // it knows of the purge
    const word = `word ${this.#nth++}`;
    try {
      await notes.changeDoc(known, (draft) => {
        draft.getData().said[word] = word;
      });
      this.#said.set(id, { ...this.#said.get(id), [word]: word });
    } catch (error) {
      expect(error).toMatchObject({ code: "DOC_PURGED" });
    }
  }

  /** What each document says in the end. */
  get model(): readonly unknown[] {
    return this.docs.map((id) => (this.purged.has(id) ? "DOC_PURGED" : { said: this.#said.get(id) ?? {} }));
  }

  async stateOf(person: Person): Promise<readonly unknown[]> {
    const notes = await notesOf(person);
    const datas = this.docs.map(async (id) => (await notes.getDocument(id)).getData());
    return Promise.all(datas.map((data) => data.catch((error: { code: string }) => error.code)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const person of this.people) await person[Symbol.asyncDispose]();
  }
}

/** The entries with holes, and of which parts. */
async function holesOf(person: Person): Promise<readonly string[]> {
  const runs = await Array.fromAsync((await notesOf(person)).getStore().scan());
  return runs.flatMap(({ entries }) =>
    entries.flatMap(({ id, parts }) =>
      parts.flatMap(({ type }, at) => (type === "hole" ? [`${id.join()} ${at}`] : [])),
    ),
  );
}

test("any story of edits, purges, syncs and restarts ends alike everywhere, as a naive model says, whatever came first", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 12 }), async (steps) => {
      await using story = await Story.begin();
      const alarms: string[] = [];
      for (const { tenant } of story.people) tenant.on("alarm", ({ code }) => alarms.push(code));
      for (const each of steps) await story.take(each);
      await story.meetAll();
      await story.meetAll();
      // Who purged once takes in what has come since.
      const notes = await notesOf(story.personAt(0));
      for (const id of story.purged) await notes.purgeDocHistory(id);
      await story.meetAll();
      const [first = [], ...others] = await Promise.all(story.people.map(holesOf));
      for (const holes of others) expect(holes.toSorted()).toEqual(first.toSorted());
      for (const person of story.people) expect(await story.stateOf(person)).toEqual(story.model);
      for (const at of [0, 1, 2]) await story.take({ what: "restart", who: at, doc: 0 });
      for (const person of story.people) expect(await story.stateOf(person)).toEqual(story.model);
      expect(alarms).toEqual([]);
    }),
    { seed: 8, numRuns: 5, endOnFailure: true },
  );
}, 60_000);

test("an edit under way when a document is purged is told to be too late, or late", async () => {
  await using story = await Story.begin();
  const [id] = story.docs as [DocId];
  const notes = await notesOf(story.personAt(0));
  const doc = await notes.getDocument(id);
  const edits = Array.from({ length: 5 }, (_, at) =>
    notes
      .changeDoc(doc, (draft) => {
        draft.getData().said[`${at}`] = "under way";
      })
      .then(
        () => "made",
        (error: { code: string }) => error.code,
      ),
  );
  const purging = notes.purgeDocHistory(id);
  const outcomes = new Set(await Promise.all(edits));
  await purging;
  outcomes.delete("made");
  outcomes.delete("DOC_PURGED");
  expect([...outcomes]).toEqual([]);
  expect(await notes.purgeDocHistory(id)).toMatchObject({ kept: null });
  expect(await notes.findDocument(id)).toBeUndefined();
  await story.meetAll();
  expect(await (await notesOf(story.personAt(2))).findDocument(id)).toBeUndefined();
});

test("B10 nothing of what was dropped is left in any file: no text, and no ciphertext", async () => {
  await using directory = await newDirectory();
  await using client = await createClient({ store: directory.path, password: PASSWORD });
  const acme = await client.createTenant("acme-corp", { user: "CN=alice/O=acme" });
  await acme.settings.change({ purgeAfter: 0 });
  let notes = await acme.openDB<{ text: string }>("notes");
  const doc = await notes.createDocument({ text: "a word that nobody is to find" });
  await Array.fromAsync(notes.iterateChangesSince(null));
  const other = await notes.createDocument({ text: "stays" });
  await notes[Symbol.asyncDispose](); // all is sealed then
  notes = await acme.openDB<{ text: string }>("notes");
  const runs = await Array.fromAsync(notes.getStore().scan());
  const sealed = runs.flatMap(({ entries }) =>
    entries.flatMap(({ parts }) =>
      parts.flatMap((part) =>
        part.type === "sealed" && part.kind === 1 ? [Buffer.from(part.ciphertext).toString("hex")] : [],
      ),
    ),
  );
  expect(sealed).toHaveLength(2);
  await notes.purgeDocHistory(doc.id);
  const files = (): readonly string[] => [...filesIn(directory.path).values()];
  const found = (hex: string): boolean => files().some((file) => file.includes(hex));
  const left = sealed.map((hex) => [hex.slice(0, 80), hex.slice(-80)].map(found));
  expect(left.filter((pieces) => pieces.includes(true))).toHaveLength(sealed.length - 1);
  expect(found(Buffer.from("nobody is to find").toString("hex"))).toBe(false);
  expect((await notes.getDocument(other.id)).getData()).toEqual({ text: "stays" });
});
