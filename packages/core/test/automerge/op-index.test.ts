import { expect, test } from "vitest";
import { action } from "../../src/automerge/change-op.ts";
import { noRow, OpIndex } from "../../src/automerge/op-index.ts";
import { Random } from "./random-history.ts";

interface Row {
  readonly code: number;
  readonly insert: boolean;
  readonly object: number;
  readonly key: number;
  readonly runStart: number;
}

/** Rows one by one, as the index would keep them if there were no blocks. */
function addPlain(rows: Row[], code: number, insert: boolean, object: number, key: number): void {
  const before = rows.at(-1);
  const continues = insert && key === rows.length - 1 && before?.insert === true && before.object === object;
  rows.push({ code, insert, object, key, runStart: continues ? before.runStart : rows.length });
}

function addRandom(random: Random, index: OpIndex, rows: Row[]): void {
  const last = rows.at(-1);
  const follows = last !== undefined && random.below(4) > 0;
  const code = follows && random.below(8) > 0 ? last.code : random.pick([action.set, action.makeMap, action.makeText]);
  const insert = follows ? random.below(12) > 0 : random.below(2) === 0;
  const object = follows && random.below(12) > 0 ? last.object : random.below(rows.length + 1) - 1;
  const key = follows && random.below(6) > 0 ? rows.length - 1 : random.below(rows.length + 1) - 1;
  index.add(code, insert, object, key);
  addPlain(rows, code, insert, object, key);
}

function expectSame(seed: number, index: OpIndex, rows: readonly Row[], at: number): void {
  const row = rows[at];
  expect([
    seed,
    at,
    index.actionOf(at),
    index.isInsert(at),
    index.objectOf(at),
    index.keyOf(at),
    index.isInsert(at) ? index.startOf(index.runOf(at)) : at,
  ]).toEqual(
    row === undefined
      ? [seed, at, 0, false, noRow, noRow, at]
      : [seed, at, row.code, row.insert, row.object, row.key, row.runStart],
  );
}

test("an index that was cleared is as good as new", () => {
  const random = new Random(7);
  const index = new OpIndex();
  for (let round = 0; round < 60; round++) {
    const rows: Row[] = [];
    const before = index.mark();
    expect(before).toEqual({ rows: 0, blocks: 0, runs: 0, keys: 0 });
    for (let n = random.below(60); n > 0; n--) addRandom(random, index, rows);
    for (let at = -1; at <= rows.length; at++) expectSame(round, index, rows, at);
    index.keys.add(Uint8Array.of(0x6b), 0, 1);
    index.clear();
  }
});

test("blocks answer as single rows would, in any order, and after going back", () => {
  for (let seed = 0; seed < 60; seed++) {
    const random = new Random(seed);
    const index = new OpIndex();
    const rows: Row[] = [];
    for (let n = 0; n < 80; n++) {
      const before = index.mark();
      const count = rows.length;
      for (let more = random.below(6); more > 0; more--) addRandom(random, index, rows);
      if (random.below(3) === 0) {
        index.rollback(before);
        rows.length = count;
      }
      for (let looks = 0; looks < 5; looks++) expectSame(seed, index, rows, random.below(rows.length + 3) - 1);
    }
    expect(index.count).toBe(rows.length);
    for (let at = -1; at <= rows.length; at++) expectSame(seed, index, rows, at);
  }
});
