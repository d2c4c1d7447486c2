import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Pages } from "../../src/tree/pages.ts";
import { Tree } from "../../src/tree/tree.ts";
import type { TreeShape } from "../../src/tree/tree-shape.ts";

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

const sums: TreeShape<number, number> = {
  compare: (a, b) => a - b,
  key: (entry) => entry,
  weigh: () => 1,
  mostOnPage: 64,
  summary: {
    none: 0,
    of: sum,
    join: sum,
    changed: (before, gone, come) => (gone.includes(0) ? null : before - sum(gone) + sum(come)),
  },
};

const many = (count: number): readonly number[] => Array.from({ length: count }, (_, at) => at * 2);

describe("a tree", () => {
  it.each([0, 1, 48, 49, 3_000])("made of %i entries at once holds them", async (count) => {
    const tree = Tree.from(sums, new Pages(null, 0), many(count));
    await expectHolds(tree, many(count));
  });

  it("is what a sorted list is, after any changes", async () => {
    const edit = fc.record({ isPut: fc.boolean(), first: fc.nat(4_000), count: fc.nat(300) });
    await fc.assert(
      fc.asyncProperty(fc.nat(2_000), fc.array(edit, { maxLength: 12 }), async (count, edits) => {
        const tree = Tree.from(sums, new Pages(null, 0), many(count));
        const model = new Set(many(count));
        for (const { isPut, first, count } of edits) {
          for (let entry = first; entry < first + count; entry++) {
            if (isPut) {
              await tree.put(entry);
              model.add(entry);
            } else {
              await tree.remove(entry);
              model.delete(entry);
            }
          }
        }
        await expectHolds(tree, [...model].sort(sums.compare));
      }),
      { numRuns: 60 },
    );
  });

  it("is what a sorted list is, after many changes at once", async () => {
    const change = fc.record({ isPut: fc.boolean(), first: fc.nat(4_000), count: fc.nat(600), step: fc.nat(3) });
    await fc.assert(
      fc.asyncProperty(fc.nat(2_000), fc.array(change, { maxLength: 8 }), async (count, changes) => {
        const pages = new Pages<number, number>(null, 0);
        const tree = Tree.from(sums, pages, many(count));
        const model = new Set(many(count));
        for (const { isPut, first, count, step } of changes) {
          const entries = Array.from({ length: count }, (_, at) => first + at * (step + 1));
          const stood = entries.map((entry) => (model.has(entry) ? entry : null));
          const found = await tree.changeAll(entries.map((entry) => ({ entry, change: () => (isPut ? entry : null) })));
          expect(found).toEqual(stood);
          for (const entry of entries) isPut ? model.add(entry) : model.delete(entry);
        }
        await expectHolds(tree, [...model].sort(sums.compare));
        expect(pages.changes().put.size).toBeLessThanOrEqual(3 + model.size / 8);
      }),
      { numRuns: 100 },
    );
  });

  it("makes no page anew where all stays as it is", async () => {
    const pages = new Pages<number, number>(null, 0);
    const tree = Tree.from(sums, pages, many(5_000));
    for (const id of pages.changes().put.keys()) pages.written(id);
    await tree.changeAll(many(9_000).map((entry) => ({ entry, change: (found) => found })));
    expect([pages.fresh, tree.size]).toEqual([0, 5_000]);
    await tree.changeAll([6, 7].map((entry) => ({ entry, change: (found) => found ?? entry })));
    expect([pages.fresh, tree.size]).toEqual([3, 5_001]);
  });

  it("D13 has room on a page for what it weighs, and holds entries of any weight", async () => {
    const heavy: TreeShape<number, number> = { ...sums, weigh: (entry) => (entry % 7 === 0 ? 3_000 : 1) };
    const pages = new Pages<number, number>(null, 0);
    const tree = Tree.from(heavy, pages, many(1_000));
    for (const entry of many(1_000)) if (entry % 5 === 0) await tree.remove(entry);
    for (let entry = 1; entry < 1_000; entry += 2) await tree.put(entry);
    const left = many(1_000).filter((entry) => entry % 5 !== 0);
    const added = Array.from({ length: 500 }, (_, at) => at * 2 + 1);
    await expectHolds(
      tree,
      [...left, ...added].sort((a, b) => a - b),
    );
    for (const page of pages.changes().put.values()) {
      if (page.type === "leaf") expect(page.items.filter((entry) => entry % 7 === 0).length).toBeLessThanOrEqual(1);
    }
  });

  it("D13 weighs entries only where one of them may weigh much, and all of a page then, also those that came before", async () => {
    let weighed = 0;
    const weigh = (entry: number): number => {
      weighed += 1;
      return entry % 2 === 1 && entry < 100 ? 3_000 : 60;
    };
    const pages = new Pages<number, number>(null, 0);
    const tree = Tree.from({ ...sums, weigh }, pages, many(3_000), 60);
    await tree.put(101);
    expect([tree.heaviest, weighed]).toEqual([60, 1]);
    const odd = Array.from({ length: 40 }, (_, at) => at * 2 + 1);
    for (const entry of odd) await tree.put(entry);
    expect([tree.heaviest, weighed > 100]).toEqual([3_000, true]);
    await expectHolds(
      tree,
      [...many(3_000), ...odd, 101].sort((a, b) => a - b),
    );
    for (const page of pages.changes().put.values()) {
      if (page.type === "leaf" && page.items.length > 1)
        expect(page.items.reduce((sum, entry) => sum + weigh(entry), 0)).toBeLessThanOrEqual(4_096);
    }
  });

  it("that lost all its entries is empty, and takes new ones", async () => {
    const tree = Tree.from(sums, new Pages(null, 0), many(5_000));
    for (const entry of many(5_000).toReversed()) await tree.remove(entry);
    expect([tree.size, tree.root]).toEqual([0, null]);
    await tree.put(7);
    await expectHolds(tree, [7]);
  });

  it("keeps no pages that it does not need", async () => {
    const pages = new Pages<number, number>(null, 0);
    const tree = Tree.from(sums, pages, many(20_000));
    const before = pages.changes().put.size;
    for (const entry of many(20_000)) if (entry % 100 !== 0) await tree.remove(entry);
    expect(tree.size).toBe(400);
    expect(pages.changes().put.size).toBeLessThan(before / 10);
  });
});

async function expectHolds(tree: Tree<number, number>, sorted: readonly number[]): Promise<void> {
  expect(tree.size).toBe(sorted.length);
  expect(await tree.slice(0, sorted.length + 5)).toEqual(sorted);
  for (const [from, to] of [
    [0, sorted.length],
    [3, 90],
    [sorted.length - 70, sorted.length],
    [sorted.length >> 1, (sorted.length >> 1) + 1],
    [5, 5],
  ] as const) {
    const start = Math.max(0, from);
    expect(await tree.slice(start, to - start)).toEqual(sorted.slice(start, to));
    expect(await tree.summaryBetween(start, to)).toBe(sums.summary.of(sorted.slice(start, to)));
  }
  for (const bound of [-1, 0, 1, 500, 501, 1e9]) {
    expect(await tree.countBefore((entry) => entry < bound)).toBe(sorted.filter((entry) => entry < bound).length);
  }
}
