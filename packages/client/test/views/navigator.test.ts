import { createView, type Navigator, type Row, type View, type ViewDefinition } from "@selkie/client";
import fc from "fast-check";
import { expect, test } from "vitest";
import { found } from "../support/company.ts";

interface Item {
  group: unknown;
  rank: number;
}

const definition: ViewDefinition<Item> = {
  name: "by group",
  columns: [
    { name: "group", value: "group", category: true },
    { name: "parity", value: "rank % 2", category: true },
    { name: "rank", value: "rank", sort: "desc", total: "sum" },
  ],
};
const item = fc.record<Item>({
  group: fc.constantFrom<unknown>("a", "b", "a\\x", "a\\y\\z", "A", null, 1, ["a", "b"]),
  rank: fc.nat(5),
});

/** What a navigator has to show: these rows, without those in closed categories, invisible documents, and categories that hold no others. */
function shownOf(all: readonly Row[], isOpen: (row: Row) => boolean, isVisible: (row: Row) => boolean): readonly Row[] {
  const shown: Row[] = [];
  let closed = Number.POSITIVE_INFINITY;
  for (const [at, row] of all.entries()) {
    if (row.type === "total" || row.level <= closed) closed = Number.POSITIVE_INFINITY;
    if (row.level > closed) continue;
    if (row.type === "category") {
      const end = all.findIndex((other, place) => place > at && (other.type === "total" || other.level <= row.level));
      if (!all.slice(at, end).some((other) => other.type === "document" && isVisible(other))) continue;
      if (!isOpen(row)) closed = row.level;
    } else if (row.type === "document" && !isVisible(row)) continue;
    shown.push(row);
  }
  return shown;
}

async function walk(navigator: Navigator, step: "next" | "previous"): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (let row = navigator.current; row !== null; row = await navigator[step]()) rows.push(row);
  return rows;
}

test("a navigator goes to the rows of its view that are open and visible, forward, backward, by key, by value and by position", async () => {
  await using alice = await found();
  let story = 0;
  const cases = fc.record({
    items: fc.array(fc.tuple(item, fc.nat(1)), { maxLength: 25 }),
    expand: fc.nat(3),
    moved: fc.array(fc.nat(20), { maxLength: 4 }),
    hidden: fc.option(fc.nat(5)),
  });
  await fc.assert(
    fc.asyncProperty(cases, async ({ items, expand, moved, hidden }) => {
      story++;
      const databases = [
        await alice.tenant.openDB<Item>(`one ${story}`),
        await alice.tenant.openDB<Item>(`two ${story}`),
      ] as const;
      for (const [data, at] of items) await (databases[at] ?? databases[0]).createDocument(data);
      await using view = await createView(databases, definition);
      const all = await Array.fromAsync(view.rows());
      const isVisible = (row: Row): boolean => row.values["rank"] !== hidden;
      const navigator = view.navigator({ expand, ...(hidden === null ? {} : { isVisible }) });
      const categories = all.filter(({ type }) => type === "category");
      const open = new Map(categories.map(({ key, level }) => [key, level < expand]));
      for (const at of moved) {
        const key = categories[at % Math.max(1, categories.length)]?.key;
        if (key === undefined) continue;
        open.set(key, open.get(key) !== true);
        if (open.get(key) === true) navigator.expand(key);
        else navigator.collapse(key);
      }
      const due = shownOf(all, ({ key }) => open.get(key) === true, isVisible);
      expect(await Array.fromAsync(navigator.rows())).toEqual(due);
      expect(await navigator.first()).toEqual(due[0]);
      expect(await walk(navigator, "next")).toEqual(due);
      expect(await walk(navigator, "previous")).toEqual(due.toReversed());
      await expectRanges(navigator, due);
      await expectDocuments(view, all);
    }),
    { numRuns: 30 },
  );
});

async function expectRanges(navigator: Navigator, due: readonly Row[]): Promise<void> {
  for (const [at, row] of due.entries()) {
    const from = due[Math.floor(at / 2)]?.key ?? row.key;
    expect(await Array.fromAsync(navigator.rows({ from, to: row.key }))).toEqual(due.slice(Math.floor(at / 2), at + 1));
  }
  const [first, last] = [due[0]?.key ?? "", due.at(-1)?.key ?? ""];
  await navigator.selectRange({ from: first, to: last, limit: 3 });
  expect([...navigator.selection]).toEqual(due.slice(0, 3).map(({ key }) => key));
  navigator.deselect(first);
  expect(navigator.selection.has(first)).toBe(false);
}

/** Through a navigator of which all is closed: what it goes to opens. */
async function expectDocuments(view: View, all: readonly Row[]): Promise<void> {
  const documents = all.filter(({ type }) => type === "document");
  for (const [position, row] of documents.entries()) {
    const navigator = view.navigator({ expand: 0 });
    expect(await navigator.goToPosition(position)).toEqual(row);
    expect(await navigator.position()).toBe(position);
    expect(await Array.fromAsync(navigator.rows())).toContainEqual(row);
    expect(await view.navigator({ expand: 0 }).goTo(row.key)).toEqual(row);
    const parent = await navigator.parent();
    expect(parent?.level).toBe(row.level - 1);
    expect(await navigator.child()).not.toBeNull();
  }
  expect(await view.navigator().goToPosition(documents.length)).toBeNull();
}

test("a row is found by its categories and what it is sorted by", async () => {
  await using alice = await found();
  const items = await alice.tenant.openDB<Item>("items");
  for (const [group, rank] of [
    ["Europe\\North", 2],
    ["Europe\\North", 4],
    ["Europe", 4],
    ["Asia", 1],
  ] as const)
    await items.createDocument({ group, rank });
  await using view = await createView(items, definition);
  const navigator = view.navigator({ expand: 0 });
  const valuesAt = async (...values: readonly unknown[]) => (await navigator.find(...values))?.values;
  expect(await valuesAt("Europe")).toEqual({ group: "Europe", rank: 10 });
  expect(await valuesAt("Europe", "North", 0)).toEqual({ parity: 0, rank: 6 });
  expect(await valuesAt("Europe", "North", 0, 2)).toEqual({ group: "Europe\\North", parity: 0, rank: 2 });
  expect(await valuesAt("Europe", 0, 4)).toEqual({ group: "Europe", parity: 0, rank: 4 });
  expect(await valuesAt("Europe", "North", 0, 3)).toBeUndefined();
  expect(await valuesAt("Europe", "South")).toBeUndefined();
  expect(await valuesAt()).toBeUndefined();
  expect(navigator.current?.values).toEqual({ group: "Europe", parity: 0, rank: 4 });
});

test("a navigator shows what its view shows by then, and goes on from a row that has gone", async () => {
  await using alice = await found();
  const items = await alice.tenant.openDB<Item>("items");
  const documents = await Promise.all([1, 3, 5].map((rank) => items.createDocument({ group: "a", rank })));
  await using view = await createView(items, definition);
  const navigator = view.navigator();
  await navigator.find("a", 1, 3);
  await items.deleteDocument(documents[1] ?? expect.fail());
  expect((await navigator.next())?.values["rank"]).toBe(1);
  expect((await navigator.previous())?.values["rank"]).toBe(5);
  expect(await navigator.goTo(JSON.stringify(["nowhere"])).catch(({ code }: { code: string }) => code)).toBe(
    "KEY_INVALID",
  );
  expect(() => navigator.expand("total")).toThrow("only a category opens and closes");
  navigator.collapse((await navigator.parent())?.key ?? "");
  expect((await Array.fromAsync(navigator.rows())).map(({ type }) => type)).toEqual(["category", "category", "total"]);
  await view[Symbol.asyncDispose]();
  await expect(navigator.next()).rejects.toMatchObject({ code: "CLOSED" });
});
