// Whatever happens to documents, a search finds what one MiniSearch finds that holds all of them in memory, with the same scores.
import {
  type Database,
  type DeclaredSearch,
  type DocId,
  declareSearch,
  type SearchDeclaration,
  type SearchOptions,
  type SearchRow,
  search,
} from "@selkie/client";
import fc from "fast-check";
import MiniSearch from "minisearch";
import { expect, test } from "vitest";
import { found, type Person, restart } from "../support/company.ts";

interface Note {
  title?: string;
  text?: string;
}

const words = fc.constantFrom(
  ...["sea", "seal", "seals", "sealed", "see", "sees", "key", "keys", "keg", "turkey", "relay", "relays", "delay"],
  ...["a", "an", "the", "7", "77", "entry", "entries", "sentry"],
);
const text = fc.array(words, { maxLength: 12 }).map((said) => said.join(" "));
const note: fc.Arbitrary<Note> = fc.record({ title: text, text }, { requiredKeys: [] });
const act = fc.record({
  database: fc.nat(1),
  at: fc.nat(12),
  note: fc.option(note, { freq: 4 }),
  more: fc.constantFrom("", "", "", "", "delete and undelete", "purge", "reopen", "restart"),
});
const asked = fc.tuple(
  fc.array(words, { minLength: 1, maxLength: 4 }).map((said) => said.join(" ")),
  fc.constantFrom<SearchOptions[]>(
    ...[{}, { prefix: true }, { fuzzy: true }, { combine: "and" as const }, { fields: ["title"] }],
    ...[{ prefix: "last" as const, combine: "and" as const }, { prefix: true, fuzzy: 0.3 }, { fuzzy: 0.5 }],
    { fields: ["text", "title"], prefix: true, fuzzy: 0.1, combine: "and" },
  ),
);

const declaration: SearchDeclaration<Note> = { fields: { title: { boost: 3 }, text: {} } };
const terms = (said: string): readonly string[] => said.split(" ").filter((term) => term !== "");

/** What MiniSearch says of all documents, by id. */
async function reference(notes: readonly Database<Note>[], said: string, options: SearchOptions) {
  const all: (Note & { id: string })[] = [];
  for (const database of notes)
    for await (const { type, doc } of database.iterateChangesSince(null))
      if (type === "changed" || type === "revealed") all.push({ ...doc.getData(), id: doc.id });
  const fields = ["title", "text"] as const;
  const how = { fields: [...fields], tokenize: (one: string) => [...terms(one)] };
  const index = new MiniSearch<Note & { id: string }>(how);
  index.addAll(all);
  // It keeps averages in passing, in which a document without the field counts by when it came
  const averageFieldLength = fields.map((field) => {
    const lengths = all.flatMap(({ [field]: own }) => (own === undefined ? [] : [new Set(terms(own)).size]));
    return lengths.length === 0 ? 0 : lengths.reduce((sum, length) => sum + length, 0) / lengths.length;
  });
  const exact = MiniSearch.loadJS<Note & { id: string }>({ ...index.toJSON(), averageFieldLength }, how);
  const { prefix = false, fuzzy = 0, combine = "or" } = options;
  const distinct = [...new Set(terms(said))];
  const last = terms(said).at(-1);
  const part = fuzzy === true ? 0.2 : Number(fuzzy);
  const results = exact.search(distinct.join(" "), {
    boost: { title: 3 },
    prefix: prefix === "last" ? (term: string) => term === last : prefix,
    fuzzy: (term) => Math.min(3, Math.round(term.length * part)) || false,
    combineWith: combine === "and" ? "AND" : "OR",
    ...(options.fields === undefined ? {} : { fields: [...options.fields] }),
  });
  return results
    .map(({ id, score }) => ({ id: String(id), score: Math.fround(score) }))
    .sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1));
}

const shown = (rows: readonly SearchRow<Note>[]) => rows.map(({ origin, score }) => ({ id: origin.id, score }));

interface Open {
  readonly person: Person;
  readonly notes: readonly Database<Note>[];
  readonly declared: readonly DeclaredSearch[];
}

async function open(person: Person, story: number): Promise<Open> {
  const notes: Database<Note>[] = [];
  const declared: DeclaredSearch[] = [];
  for (const name of [`notes ${story}`, `more ${story}`]) {
    const database = await person.tenant.openDB<Note>(name);
    notes.push(database);
    const own = await declareSearch(database, declaration);
    declared.push(own);
    await own.caughtUp(); // what was kept of it is shown before
  }
  return { person, notes, declared };
}

test("a search finds what one index in memory finds, with the same scores, after any changes, deletions, purges and restarts", async () => {
  let alice = await found();
  await alice.tenant.settings.change({ purgeAfter: 0 });
  let story = 0;
  const all = fc.tuple(
    fc.array(fc.tuple(note, fc.nat(1)), { maxLength: 15 }),
    fc.array(act, { minLength: 1, maxLength: 10 }),
    fc.array(asked, { minLength: 2, maxLength: 4 }),
  );
  await fc.assert(
    fc.asyncProperty(all, async ([first, acts, questions]) => {
      let now = await open(alice, ++story);
      const ids: [DocId[], DocId[]] = [[], []];
      for (const [data, at] of first) {
        const id = (await now.notes[at]?.createDocument(data))?.id;
        if (id !== undefined) ids[at === 0 ? 0 : 1].push(id);
      }
      for (const one of acts) {
        const database = now.notes[one.database];
        if (database === undefined) throw new RangeError("there are two databases");
        await play(database, ids[one.database === 0 ? 0 : 1], one);
        if (one.more === "reopen" || one.more === "restart") {
          for (const declared of now.declared) await declared[Symbol.asyncDispose]();
          if (one.more === "restart") alice = await restart(alice);
          else for (const notes of now.notes) await notes[Symbol.asyncDispose]();
          now = await open(alice, story);
        }
        for (const [said, options] of questions) {
          const truth = await reference(now.notes, said, options);
          expect(shown(await search(now.notes, said, options))).toEqual(truth);
          const [database] = now.notes;
          if (database !== undefined)
            expect(shown(await search(database, said, options))).toEqual(await reference([database], said, options));
        }
      }
      for (const [said, options] of questions) await expectPages(now.notes, said, options);
      for (const declared of now.declared) await declared[Symbol.asyncDispose]();
      for (const notes of now.notes) await notes[Symbol.asyncDispose]();
    }),
    { numRuns: process.env["SELKIE_TEST_FULL"] === "1" ? 60 : 12 },
  );
  await alice[Symbol.asyncDispose]();
});

/** Page by page as in one go. */
async function expectPages(notes: readonly Database<Note>[], said: string, options: SearchOptions): Promise<void> {
  const truth = shown(await search(notes, said, options));
  const paged: SearchRow<Note>[] = [];
  for (;;) {
    const after = paged.at(-1)?.key;
    const page = await search(notes, said, { ...options, limit: 2, ...(after === undefined ? {} : { after }) });
    paged.push(...page);
    if (page.length < 2) break;
  }
  expect(shown(paged)).toEqual(truth);
}

async function play(
  notes: Database<Note>,
  ids: DocId[],
  { at, note: data, more }: { readonly at: number; readonly note: Note | null; readonly more: string },
): Promise<void> {
  const id = ids[at];
  if (id === undefined) {
    if (data !== null) ids.push((await notes.createDocument(data)).id);
  } else if (more === "purge") {
    await notes.purgeDocHistory(id);
    ids.splice(at, 1);
  } else if (data === null || more === "delete and undelete") {
    await notes.deleteDocument(id);
    if (more === "delete and undelete") await notes.undeleteDocument(id);
    else ids.splice(at, 1);
  } else
    await notes.changeDoc(id, (draft) => {
      const own = draft.getData();
      delete own.title;
      delete own.text;
      Object.assign(own, data);
    });
}
