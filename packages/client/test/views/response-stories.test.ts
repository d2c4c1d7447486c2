// Documents that answer others, on several databases: what is told of the rows is what they are, whatever happens to whom.
import { applyPatches, createView, type Database, type DocId, type Row, type ViewDefinition } from "@selkie/client";
import fc from "fast-check";
import { expect, test } from "vitest";
import { found, join, meet } from "../support/company.ts";

interface Note {
  group: string | string[];
  rank: number;
  parentId: string | null;
}

const definition: ViewDefinition<Note> = {
  name: "threads",
  columns: [
    { name: "group", value: "group", category: true },
    { name: "rank", value: "rank", sort: "asc", total: "sum" },
    { name: "ranks", value: "rank", total: "distinct" },
  ],
  where: "rank < 3",
  responseTo: "parentId",
};

const act = fc.record({
  at: fc.nat(12),
  database: fc.nat(1),
  isReopened: fc.integer({ min: 0, max: 7 }).map((one) => one === 0),
  data: fc.option(
    fc.record({
      group: fc.oneof(fc.constantFrom<string>("a", "b", "a\\x"), fc.constant<string[]>(["a", "b"])),
      rank: fc.nat(3),
      to: fc.option(fc.nat(8), { freq: 4 }),
    }),
    { freq: 5 },
  ),
});

test("a view with responses equals one that is made anew, and so do the rows that are told, after any changes on two databases", async () => {
  await using alice = await found();
  let story = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(act, { maxLength: 14 }), async (acts) => {
      story++;
      const open = (name: string) => alice.tenant.openDB<Note>(`${name} ${story}`);
      const databases = [await open("one"), await open("two")] as const;
      const ids: readonly DocId[][] = [[], []];
      let { view, heard } = await follow(databases);
      for (const { at, database, data, isReopened } of acts) {
        if (isReopened) {
          await view[Symbol.asyncDispose]();
          ({ view, heard } = await follow(databases));
        }
        const [db, known] = [databases[database] ?? databases[0], ids[database] ?? []];
        const id = known[at];
        const note = data && { group: data.group, rank: data.rank, parentId: known[data.to ?? -1] ?? null };
        if (id === undefined) {
          if (note !== null) known.push((await db.createDocument(note)).id);
        } else if (note === null) {
          await db.deleteDocument(id);
          known.splice(at, 1);
        } else await db.changeDoc(id, (draft) => void Object.assign(draft.getData(), structuredClone(note)));
        for (const { expand, rows } of heard) {
          const shown = await Array.fromAsync(view.rows({ expand }));
          expect(rows()).toEqual(shown);
        }
      }
      await using anew = await createView(databases, { ...definition, name: "anew" });
      const rows = await Array.fromAsync(view.rows());
      expect(rows).toEqual(await Array.fromAsync(anew.rows()));
      await expectWalked(view.navigator(), rows);
      await view[Symbol.asyncDispose]();
      for (const database of databases) await database[Symbol.asyncDispose]();
    }),
    { numRuns: process.env["SELKIE_TEST_FULL"] === "1" ? 300 : 20 },
  );
});

test("a response that comes before what it answers stands by itself, and moves beneath it when that comes", async () => {
  await using alice = await found();
  await using bob = await join(alice, "bob", "editor");
  const ofBob = await bob.tenant.openDB<Note>("notes");
  const question = await ofBob.createDocument({ group: "a", rank: 1, parentId: null });
  await meet(bob, alice);
  const ofAlice = await alice.tenant.openDB<Note>("notes");
  await using view = await createView(ofAlice, { ...definition, where: "rank < 3 or rank = 7" });
  const answer = await ofBob.createDocument({ group: "b", rank: 0, parentId: question.id });
  await meet(bob, alice);
  const linesOf = async () =>
    (await Array.fromAsync(view.rows())).map(({ level, values, origin, documents }) => [
      ...[level, origin === undefined ? (values["group"] ?? "all") : origin.id === question.id ? "question" : "answer"],
      documents,
    ]);
  const rank = (value: number) =>
    ofBob.changeDoc(question.id, (draft) => void Object.assign(draft.getData(), { rank: value }));
  const together = [
    [0, "a", 2],
    [1, "question", 1],
    [2, "answer", 1],
    [0, "all", 2],
  ];
  expect(await linesOf()).toEqual(together);
  await rank(5);
  await meet(bob, alice);
  expect(await linesOf()).toEqual([
    [0, "b", 1],
    [1, "answer", 1],
    [0, "all", 1],
  ]);
  await rank(7);
  await meet(bob, alice);
  expect(await linesOf()).toEqual(together);
  const navigator = view.navigator();
  await navigator.find("a", 7);
  expect((await navigator.child())?.origin?.id).toBe(answer.id);
  expect(await navigator.child()).toBe(null);
  expect((await navigator.parent())?.origin?.id).toBe(question.id);
  expect((await navigator.parent())?.type).toBe("category");
});

/** A view, and what three hear of it that show different levels of it. */
async function follow(databases: readonly Database<Note>[]) {
  const view = await createView(databases, definition);
  await view.caughtUp();
  const heard = [Number.POSITIVE_INFINITY, 1, 0].map((expand) => {
    let told: readonly Row[] = [];
    view.subscribe(
      (patches) => {
        told = applyPatches(told, patches);
      },
      { expand },
    );
    return { expand, rows: () => told };
  });
  return { view, heard };
}

/** Forward and backward, and from each row to the one above it. */
async function expectWalked(
  navigator: ReturnType<Awaited<ReturnType<typeof createView>>["navigator"]>,
  rows: readonly Row[],
) {
  for (const [at, row] of rows.entries()) {
    expect(await navigator.next()).toEqual(row);
    const above = rows.slice(0, at).findLast((other) => other.level < row.level);
    if (row.type === "total") continue;
    expect(await navigator.parent()).toEqual(above ?? null);
    await navigator.goTo(row.key);
  }
  for (const row of rows.slice(0, -1).toReversed()) expect(await navigator.previous()).toEqual(row);
}
