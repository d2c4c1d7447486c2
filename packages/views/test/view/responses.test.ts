// Documents that answer others, in front of an index: it holds what a plain walk through all of them gives.
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import type { Entry, MappedEntry } from "../../src/view/entry.ts";
import { mappedOf } from "../../src/view/map-document.ts";
import type { Moved } from "../../src/view/moved.ts";
import { planView } from "../../src/view/plan-view.ts";
import { SourceIndex } from "../../src/view/source-index.ts";
import { memoryRows } from "../support/memory-rows.ts";

interface Note {
  readonly group: string | readonly string[];
  readonly rank: number;
  readonly to: unknown;
}

const plan = planView<Note>({
  name: "view",
  columns: [
    { name: "group", value: "group", category: true },
    { name: "rank", value: "rank", sort: "desc", total: "sum" },
    { name: "ranks", value: "rank", total: "distinct" },
  ],
  responseTo: "to",
});
const origin = (id: string) => ({ tenant: "t", database: "d", id });
const made = (rows: ReturnType<typeof memoryRows> | null) =>
  new SourceIndex({ columns: plan.columns, definition: "one", rows, hasResponses: true });

async function filled(model: ReadonlyMap<string, Note>): Promise<SourceIndex> {
  const index = made(null);
  const filling = await index.filling();
  await filling.add([...model].map(([id, note]) => [id, mappedOf(plan, note, origin(id))]));
  await filling.finish();
  return index;
}

const linesOf = (entries: readonly Entry[]): readonly string[] =>
  entries.map(({ path, id, above = [], values }) =>
    JSON.stringify([path.map(({ value }) => value), above.map((standing) => standing.id), id, values]),
  );
const holds = (index: SourceIndex) => index.entries.slice(0, 10_000);

const IDS = Array.from({ length: 9 }, (_, at) => `${at}`);
const note = fc.record<Note>({
  group: fc.oneof(fc.constantFrom("a", "b", "a\\x"), fc.uniqueArray(fc.constantFrom("a", "b", "c"), { maxLength: 3 })),
  rank: fc.nat(2),
  to: fc.constantFrom<unknown>(null, 7, "", "nobody", ...IDS, ...IDS),
});
const act = fc.record({
  id: fc.constantFrom(...IDS),
  note: fc.option(note, { freq: 4 }),
  isReopened: fc.integer({ min: 0, max: 7 }).map((one) => one === 0),
});

describe("documents that answer others", () => {
  it("D13 stand beneath them wherever they are, also in circles, after any changes, reopened at any time", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(act, { maxLength: 40 }), async (acts) => {
        const rows = memoryRows();
        let index = made(rows);
        const model = new Map<string, Note>();
        for (const { id, note, isReopened } of acts) {
          const before = linesOf(await holds(index));
          const { documents } = await moveIn(index, id, note === null ? [] : mappedOf(plan, note, origin(id)));
          if (note === null) model.delete(id);
          else model.set(id, note);
          const now = linesOf(await holds(index));
          expect(now).toEqual(walked(model));
          const [gone, come] = [documents.flatMap((one) => one.gone), documents.flatMap((one) => one.come)];
          const left = before.filter((line) => !linesOf(gone).includes(line));
          expect([...left, ...linesOf(come)].sort()).toEqual(now.toSorted());
          if (!isReopened) continue;
          await index.save("cursor");
          index = made(rows);
          expect(await index.open()).toBe("cursor");
        }
        const anew = await filled(model);
        expect(linesOf(await holds(anew))).toEqual(walked(model));
        expect([anew.totals, anew.documents]).toEqual([index.totals, index.documents]);
      }),
      { numRuns: process.env["SELKIE_TEST_FULL"] === "1" ? 3_000 : 200 },
    );
  });

  it("D13 stand beneath at most 32 others, however long they answer one another, and each change of one moves what it has to", async () => {
    const chain = new Map<string, Note>();
    for (let n = 0; n < 3_000; n++) chain.set(`${n}`, { group: "a", rank: 0, to: n === 0 ? null : `${n - 1}` });
    const index = await filled(chain);
    const entries = await holds(index);
    expect(entries.length).toBe(3_000);
    expect(Math.max(...entries.map(({ above = [] }) => above.length))).toBe(32);
    const last = await moveIn(index, "2999", mappedOf(plan, { group: "b", rank: 1, to: "2998" }, origin("2999")));
    expect(last.documents.length).toBe(1);
    const closed = await moveIn(index, "0", mappedOf(plan, { group: "a", rank: 0, to: "2999" }, origin("0")));
    expect(closed.documents.length).toBe(1);
    expect((await holds(index)).filter(({ above }) => above === undefined).map(({ id }) => id)).toEqual(["0"]);
  });

  it("move nothing else when what they stand beneath is changed and stays where it is", async () => {
    const index = await filled(
      new Map(IDS.map((id) => [id, { group: "a", rank: 0, to: id === "0" ? null : "0" }] as const)),
    );
    const { documents } = await moveIn(index, "0", mappedOf(plan, { group: "a", rank: 0, to: "nobody" }, origin("0")));
    expect(documents.map(({ id }) => id)).toEqual(["0"]);
  });
});

test("D13 a document in very many categories has its responses in some of them, and one that what sorts it is large is left out", async () => {
  const group = Array.from({ length: 900 }, (_, at) => `${at}`);
  const index = await filled(
    new Map<string, Note>([
      ["0", { group, rank: 0, to: null }],
      ["1", { group: "a", rank: 0, to: "0" }],
    ]),
  );
  expect((await holds(index)).length).toBe(1_000);
  const columns = Array.from({ length: 20 }, (_, at) => ({ name: `${at}`, value: "text", sort: "asc" as const }));
  const wide = planView({ name: "view", columns, responseTo: "to" });
  expect(() => mappedOf(wide, { text: "x".repeat(2_000) }, origin("0"))).toThrow(
    expect.objectContaining({ code: "EXPRESSION_TOO_COSTLY" }),
  );
});

/** Every category, and in it each document that stands by itself with what answers it. */
function walked(model: ReadonlyMap<string, Note>): readonly string[] {
  const answered = (id: string): string | null => {
    const to = model.get(id)?.to;
    return typeof to === "string" && model.has(to) && cutIn(id, model) !== id ? to : null;
  };
  const groupsOf = ({ group }: Note): readonly (string | null)[] =>
    typeof group === "string" ? [group] : group.length === 0 ? [null] : group;
  const tops = [...model.keys()].filter((id) => answered(id) === null);
  const lines: string[] = [];
  const inOrder = (ids: readonly string[]) =>
    ids.toSorted((a, b) => (model.get(b)?.rank ?? 0) - (model.get(a)?.rank ?? 0) || Number(a) - Number(b));
  const put = (id: string, group: string | null, above: readonly string[]): void => {
    const { rank, ...own } = model.get(id) ?? expect.fail("it is there");
    const shown = above.length === 0 ? group : (groupsOf({ rank, ...own })[0] ?? null);
    lines.push(JSON.stringify([group === null ? [null] : group.split("\\"), above, id, [shown, rank, rank]]));
    for (const response of inOrder([...model.keys()].filter((other) => answered(other) === id)))
      put(response, group, [...above, id]);
  };
  for (const group of [null, "a", "a\\x", "b", "c"])
    for (const id of inOrder(tops.filter((one) => groupsOf(model.get(one) ?? expect.fail()).includes(group))))
      put(id, group, []);
  return lines;
}

/** The least id of the circle that a document is in; null where it is in none. */
function cutIn(id: string, model: ReadonlyMap<string, Note>): string | null {
  const way = [id];
  for (;;) {
    const to = model.get(way.at(-1) ?? "")?.to;
    if (typeof to !== "string" || !model.has(to)) return null;
    if (to === id) return way.toSorted()[0] ?? null;
    if (way.includes(to)) return null;
    way.push(to);
  }
}

async function moveIn(index: SourceIndex, id: string, entries: readonly MappedEntry[]): Promise<Moved> {
  const [moved] = await index.move([[id, entries]]);
  return moved ?? expect.fail("nothing is said of it");
}
