// Trees that are kept, on a disk that stops between two commits, and pages that are not what is said of them above.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isDamaged } from "../../src/damaged-index.ts";
import { type KeptShape, KeptTree } from "../../src/tree/kept-tree.ts";
import { KeptTrees } from "../../src/tree/kept-trees.ts";
import { nothingCodec } from "../../src/tree/page-codec.ts";
import { nothing, SOME_ON_PAGE } from "../../src/tree/tree-shape.ts";
import { listIn, numberIn } from "../../src/value/read-json.ts";
import { memoryRows } from "../support/memory-rows.ts";

const shape = (compare: (a: number, b: number) => number): KeptShape<number, null> => ({
  ...{ number: 1, mostOnPage: SOME_ON_PAGE, summary: nothing, compare },
  ...{ key: (entry) => entry, weigh: () => 1 },
  codec: {
    entries: { encode: (entries) => entries, decode: (json) => listIn(json).map(numberIn) },
    summary: nothingCodec,
  },
});
const rising = shape((a, b) => a - b);

function made(rows: ReturnType<typeof memoryRows>, as = rising) {
  const one = new KeptTree(as, rows);
  return { tree: one, kept: new KeptTrees({ rows, format: "one", definition: "one" }, [one]) };
}

async function filled(rows: ReturnType<typeof memoryRows>, count: number) {
  const { tree, kept } = made(rows);
  tree.fill(Array.from({ length: count }, (_, at) => at * 2));
  await kept.save("first", null);
  return { tree, kept };
}

const isPage = (key: string): boolean => key.split(" ").length === 5;
const all = (tree: KeptTree<number, null>) => tree.tree.slice(0, 1e6);

describe("trees that are kept", () => {
  it("never write a page twice, and are what they were before, or are now, wherever the disk stops", async () => {
    const story = fc.array(
      fc.record({ first: fc.nat(60), step: fc.integer({ min: 1, max: 90 }), commits: fc.nat(4) }),
      {
        maxLength: 5,
      },
    );
    await fc.assert(
      fc.asyncProperty(story, async (edits) => {
        let left = Number.POSITIVE_INFINITY;
        const rows = memoryRows(() => left-- > 0);
        const ever = new Map<string, Uint8Array>();
        const expectOnce = () => {
          for (const [key, value] of rows.all) {
            if (isPage(key)) expect(ever.get(key) ?? value).toEqual(value);
            ever.set(key, value);
          }
        };
        let { tree, kept } = await filled(rows, 20_000);
        let before = await all(tree);
        for (const { first, step, commits } of edits) {
          expectOnce();
          for (let entry = first; entry < 40_000; entry += step * 2)
            await (entry % 4 === 1 ? tree.tree.remove(entry - 1) : tree.tree.put(entry));
          const now = await all(tree);
          left = commits;
          const isSaved = await kept.save("then", null).then(
            () => true,
            () => false,
          );
          expectOnce();
          left = Number.POSITIVE_INFINITY;
          if (!isSaved && first % 2 === 0) {
            await kept.save("then", null); // the same program goes on
            before = now;
          } else {
            ({ tree, kept } = made(rows));
            expect(await kept.open()).not.toBe(null);
            if (isSaved) before = now;
          }
          expect(await all(tree)).toEqual(before);
        }
        await kept.save("last", null);
        const reachable = await pagesOf(rows);
        expect([...rows.all.keys()].filter(isPage).sort()).toEqual(reachable);
      }),
      { numRuns: process.env["SELKIE_TEST_FULL"] === "1" ? 100 : 12 },
    );
  });

  it("P-9 a page in the place of another, or an older one of the same place, is damage or says the same", async () => {
    const rows = memoryRows();
    const { tree, kept } = await filled(rows, 3_000);
    const older = new Map(rows.all);
    for (let entry = 1; entry < 6_000; entry += 41) await tree.tree.put(entry);
    await kept.save("second", null);
    const entries = await all(tree);
    const pages = [...rows.all.keys()].filter(isPage);
    for (const [at, page] of pages.entries())
      for (const other of [
        pages[(at + 1) % pages.length],
        pages[(at + 7) % pages.length],
        [...older.keys()].find(isPage),
      ]) {
        const was = rows.all.get(page) ?? expect.fail("it is there");
        rows.all.set(page, rows.all.get(other ?? "") ?? older.get(other ?? "") ?? was);
        const again = made(rows);
        await again.kept.open();
        const read = await all(again.tree).catch((error: unknown) => isDamaged(error));
        expect(read === true || JSON.stringify(read) === JSON.stringify(entries)).toBe(true);
        rows.all.set(page, was);
      }
  });

  it("entries that a runtime has learned to order otherwise are damage, also where they stand on two pages", async () => {
    const rows = memoryRows();
    await filled(rows, 480);
    const pages = await leaves(rows);
    for (const last of pages.slice(0, -1)) {
      const order = (entry: number) => (entry === last ? last + 3 : entry);
      const other = made(
        rows,
        shape((a, b) => order(a) - order(b)),
      );
      await other.kept.open();
      await expect(all(other.tree)).rejects.toMatchObject({ code: "INDEX_DAMAGED" });
    }
  });
});

/** The keys of the pages that the head leads to, by reading all of them. */
async function pagesOf(rows: ReturnType<typeof memoryRows>): Promise<readonly string[]> {
  const read = new Set<string>();
  const { tree, kept } = made({
    ...rows,
    read: (key) => {
      read.add([...key].join(" "));
      return rows.read(key);
    },
  });
  await kept.open();
  await all(tree);
  return [...read].filter(isPage).sort();
}

/** The last entry of each page of entries. */
async function leaves(rows: ReturnType<typeof memoryRows>): Promise<readonly number[]> {
  const pages = [...rows.all]
    .filter(([key]) => isPage(key))
    .map(([, row]) => JSON.parse(new TextDecoder().decode(row)));
  return pages.filter(([letter]) => letter === 0).map(([, entries]) => entries.at(-1));
}
