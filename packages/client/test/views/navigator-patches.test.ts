// What a navigator tells of its rows is what it shows, whatever is opened and closed while documents change.
import {
  applyPatches,
  createView,
  type Database,
  type DocId,
  type Navigator,
  type Row,
  type ViewDefinition,
  type ViewPatch,
} from "@selkie/client";
import fc from "fast-check";
import { expect, test } from "vitest";
import { found } from "../support/company.ts";

interface Item {
  group: string;
  rank: number;
  parentId: string | null;
}

const definition: ViewDefinition<Item> = {
  name: "by group",
  columns: [
    { name: "group", value: "group", category: true },
    { name: "parity", value: "rank % 2", category: true },
    { name: "rank", value: "rank", sort: "desc", total: "sum" },
  ],
  responseTo: "parentId",
};
const item = fc.record({ group: fc.constantFrom("a", "b", "a\\x"), rank: fc.nat(3), to: fc.option(fc.nat(9)) });
const act = fc.oneof(
  fc.record({
    type: fc.constant("put" as const),
    at: fc.nat(9),
    database: fc.nat(1),
    item: fc.option(item, { freq: 4 }),
  }),
  fc.record({ type: fc.constantFrom("turn", "turn in an instant"), at: fc.nat(12) }),
  fc.record({ type: fc.constantFrom("expand to", "find", "next"), at: fc.nat(3) }),
);
type Act = typeof act extends fc.Arbitrary<infer A> ? A : never;

test("the rows that a navigator tells are those that it shows, after any changes of documents and of what is open, on two databases", async () => {
  await using alice = await found();
  let story = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.record({ acts: fc.array(act, { maxLength: 16 }), expand: fc.nat(3), hidden: fc.option(fc.nat(3)) }),
      async ({ acts, expand, hidden }) => {
        story++;
        const open = (name: string) => alice.tenant.openDB<Item>(`${name} ${story}`);
        const databases = [await open("one"), await open("two")] as const;
        await using view = await createView(databases, definition);
        const isVisible = (row: Row): boolean => row.values["rank"] !== hidden;
        const navigator = view.navigator({ expand, ...(hidden === null ? {} : { isVisible }) });
        const first = listening(navigator);
        const ids: readonly DocId[][] = [[], []];
        const late: ReturnType<typeof listening>[] = [];
        for (const act of acts) {
          if (act.type === "put" && "item" in act) {
            const change = put(databases[act.database] ?? databases[0], ids[act.database] ?? [], act);
            late.push(listening(navigator));
            await change;
          } else await turn(navigator, act, Array.fromAsync(view.rows()));
          if (act.type === "turn in an instant") continue;
          const shown = await Array.fromAsync(navigator.rows());
          for (const { rows } of [first, ...late.slice(-2)]) expect(rows()).toEqual(shown);
        }
        expect(view.failures).toEqual([]);
        for (const database of databases) await database[Symbol.asyncDispose]();
      },
    ),
    { numRuns: process.env["SELKIE_TEST_FULL"] === "1" ? 300 : 25 },
  );
});

test("a category that opens is told row by row, one that closes by the rows that go, and what happens in a closed one by its row alone", async () => {
  await using alice = await found();
  const items = await alice.tenant.openDB<Item>("items");
  await items.createDocuments([0, 2, 2].map((rank) => ({ group: "a", rank, parentId: null })));
  await using view = await createView(items, definition);
  const navigator = view.navigator({ expand: 0 });
  const told: ViewPatch[] = [];
  const stop = navigator.subscribe((patches) => void told.push(...patches));
  const types = async () => {
    await Array.fromAsync(navigator.rows());
    return told.splice(0).map(({ type }) => type);
  };
  expect(await types()).toEqual(["reset"]);
  const [group] = await Array.fromAsync(navigator.rows({ limit: 1 }));
  navigator.expand(group?.key ?? "");
  expect(await types()).toEqual(["insert"]);
  await items.createDocument({ group: "a", rank: 2, parentId: null });
  expect(await types()).toEqual(["update", "update", "update"]);
  navigator.collapse(group?.key ?? "");
  navigator.collapse(group?.key ?? "");
  expect(await types()).toEqual(["remove"]);
  navigator.expandTo(3);
  expect(await types()).toEqual(["reset"]);
  stop();
  navigator.expandTo(0);
  expect(await types()).toEqual([]);
});

function listening(navigator: Navigator) {
  let told: readonly Row[] = [];
  navigator.subscribe((patches) => {
    told = applyPatches(told, patches);
  });
  return { rows: () => told };
}

/** Creates a document, changes one, or deletes one when there are no data. */
async function put(
  database: Database<Item>,
  known: DocId[],
  { at, item }: Extract<Act, { readonly type: "put" }>,
): Promise<void> {
  const id = known[at];
  const data = item && { group: item.group, rank: item.rank, parentId: known[item.to ?? -1] ?? null };
  if (id === undefined) {
    if (data !== null) known.push((await database.createDocument(data)).id);
  } else if (data === null) {
    await database.deleteDocument(id);
    known.splice(at, 1);
  } else await database.changeDoc(id, (draft) => void Object.assign(draft.getData(), data));
}

async function turn(
  navigator: Navigator,
  { type, at }: Pick<Act, "type" | "at">,
  all: Promise<readonly Row[]>,
): Promise<void> {
  if (type === "expand to") navigator.expandTo(at);
  else if (type === "find") await navigator.find("a", "x");
  else if (type === "next") await navigator.next();
  else {
    const category = (await all).filter((row) => row.type === "category")[at];
    if (category === undefined) return;
    if (at % 2 === 0) navigator.expand(category.key);
    else navigator.collapse(category.key);
  }
}
