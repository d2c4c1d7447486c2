// Whatever happens to documents, a view that followed shows what one shows that is made anew, and what a plain group and sort gives.
import { applyPatches, createView, type Database, type DocId, type Row, type ViewDefinition } from "@selkie/client";
import fc from "fast-check";
import { expect, test } from "vitest";
import { found } from "../support/company.ts";

interface Item {
  group: unknown;
  rank: number;
  weight: number;
  kind: unknown;
}

const item = fc.record<Item>({
  group: fc.oneof(
    fc.constantFrom("a", "b", "a\\x", "a\\y", "ä", "A", null),
    fc.array(fc.constantFrom("a", "b", "a\\x"), { maxLength: 3 }),
    fc.constantFrom<unknown>(0, -0, 1, { x: 1, y: 2 }, { y: 2, x: 1 }, "x".repeat(1_030), new Date(0)),
  ),
  rank: fc.constantFrom(0, -0, 1, 2, 3),
  weight: fc.constantFrom(0, 0.1, 0.2, 1e15 + 0.5, -1e15, 1e-9),
  kind: fc.constantFrom<unknown>(null, "a", "A", ["a"], 1, true, new Date(0)),
});
const act = fc.record({
  at: fc.nat(30),
  database: fc.nat(1),
  data: fc.option(item, { freq: 5 }),
  isReopened: fc.integer({ min: 0, max: 5 }).map((one) => one === 0),
});

const definition: ViewDefinition<Item> = {
  name: "by group",
  columns: [
    { name: "group", value: "group", category: true },
    { name: "parity", value: "rank % 2", category: true, sort: "desc" },
    { name: "rank", value: "rank", sort: "desc" },
    { name: "sum", value: "weight", total: "sum" },
    { name: "most", value: "rank", total: "max" },
    { name: "mean", value: "rank", total: "avg" },
    { name: "kinds", value: "kind", total: "distinct" },
    { name: "weights", value: "weight", total: "distinct" },
  ],
  where: "rank < 3",
};

test("a view equals one that is made anew, after any changes on two databases, and however often it is closed meanwhile", async () => {
  await using alice = await found();
  let story = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(act, { maxLength: 12 }), async (acts) => {
      story++;
      const databases = [
        await alice.tenant.openDB<Item>(`one ${story}`),
        await alice.tenant.openDB<Item>(`two ${story}`),
      ] as const;
      let following = await follow(databases);
      const models = [new Map<DocId, Item>(), new Map<DocId, Item>()] as const;
      for (const { at, database, data, isReopened } of acts) {
        if (isReopened) {
          await following.view[Symbol.asyncDispose]();
          following = await follow(databases);
        }
        const { view, heard } = following;
        const [db, model] = database === 0 ? [databases[0], models[0]] : [databases[1], models[1]];
        await play(db, model, { at, data });
        const rows = await Array.fromAsync(view.rows());
        for (const { expand, rows: told } of heard) {
          expect(told).toEqual(await Array.fromAsync(view.rows({ expand })));
        }
        expect(documentsIn(rows)).toEqual(shownOf(models));
        expectDistinct(rows);
      }
      await using anew = await createView(databases, { ...definition, name: "anew" });
      expect(await Array.fromAsync(following.view.rows())).toEqual(await Array.fromAsync(anew.rows()));
      await following.view[Symbol.asyncDispose]();
      for (const database of databases) await database[Symbol.asyncDispose]();
    }),
    { numRuns: process.env["SELKIE_TEST_FULL"] === "1" ? 300 : 25 },
  );
});

/** A view, and what three hear of it that show different levels of it. */
async function follow(databases: readonly Database<Item>[]) {
  const view = await createView(databases, definition);
  await view.caughtUp();
  const heard = [Number.POSITIVE_INFINITY, 1, 0].map((expand) => {
    const told = { expand, rows: [] as readonly Row[] };
    view.subscribe(
      (patches) => {
        told.rows = applyPatches(told.rows, patches);
      },
      { expand },
    );
    return told;
  });
  return { view, heard };
}

/** Creates a document, changes one, or deletes one when there are no data. */
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

function documentsIn(rows: readonly Row[]): readonly string[] {
  return rows
    .filter(({ type }) => type === "document")
    .map(({ values, origin }) => `${origin?.id} in ${values["group"]}`)
    .sort();
}

/** What is said of distinct values is how many there are in the rows of the documents below. */
function expectDistinct(rows: readonly Row[]): void {
  for (const [at, { type, level, values }] of rows.entries()) {
    if (type === "document") continue;
    const end = rows.findIndex((row, other) => other > at && row.level <= level);
    const below = type === "total" ? rows : rows.slice(at, end);
    const documents = below.filter((row) => row.type === "document");
    for (const column of ["kinds", "weights"]) {
      const distinct = new Set(documents.map((row) => JSON.stringify(row.values[column])));
      distinct.delete("null");
      expect(values[column]).toBe(distinct.size);
    }
  }
}

/** Every document in each of its groups, once. */
function shownOf(models: readonly ReadonlyMap<DocId, Item>[]): readonly string[] {
  return models
    .flatMap((model) => [...model])
    .filter(([, { rank }]) => rank < 3)
    .flatMap(([id, { group }]) => {
      const groups =
        Array.isArray(group) && group.length > 0 ? [...new Set(group)] : [Array.isArray(group) ? null : group];
      return groups.map((one) => `${id} in ${one}`);
    })
    .sort();
}
