import { fromHex } from "@selkie/entry";
import { expect, test } from "vitest";
import { ChangeError } from "../../src/automerge/change-error.ts";
import { emptyOp, type Op } from "../../src/automerge/change-op.ts";
import { writeFirstChange } from "../../src/automerge/first-change.ts";
import { OpReader, type OpSource, opSourceOf } from "../../src/automerge/op-reader.ts";
import { alice, bob } from "./hand-made-change.ts";
import { parse } from "./judge.ts";
import { Random, randomHistory } from "./random-history.ts";
import { sha256 } from "./sha256.ts";

const reader = new OpReader();

interface Read {
  readonly ops: readonly string[];
  /** Why it ended, if not with the last operation. */
  readonly refusal: string | null;
  /** How many were letters that were passed. */
  readonly passed: number;
}

function read(source: OpSource, startOp: number, isPassing: boolean): Read {
  const ops: string[] = [];
  const op = emptyOp();
  let passed = 0;
  const note = (): void => {
    ops.push(textOf(op));
  };
  try {
    reader.open(source);
    while (ops.length < source.opCount) {
      reader.next(op);
      note();
      const letters = isPassing ? reader.passLetters(op, startOp + ops.length - 1) : 0;
      passed += letters;
      const last = { ...op };
      for (let back = letters - 1; back >= 0; back--) {
        op.keyCounter = last.keyCounter - back;
        op.valueStart = last.valueStart - back;
        op.valueEnd = last.valueEnd - back;
        note();
      }
    }
    reader.finish();
    return { ops, refusal: null, passed };
  } catch (error) {
    if (!(error instanceof ChangeError)) throw error;
    return { ops, refusal: error.code, passed };
  }
}

/** All of it that counts. */
function textOf({ predActors, predCounters, predCount, ...op }: Op): string {
  return [...Object.values(op), ...predActors.slice(0, predCount), ...predCounters.slice(0, predCount)].join();
}

/** @returns what is read with letters passed, which is the same as one by one */
function readBoth(source: OpSource, startOp: number): Read {
  const passing = read(source, startOp, true);
  const { ops, refusal } = read(source, startOp, false);
  expect(passing.ops.join("\n")).toBe(ops.join("\n"));
  expect(passing.refusal).toBe(refusal);
  return passing;
}

test("letters that are passed are those that would be read one by one", () => {
  let passed = 0;
  for (let seed = 300; seed < 330; seed++)
    for (const bytes of randomHistory(seed, { actors: [alice, bob], steps: 20 }).changes) {
      const change = parse(bytes);
      const found = readBoth(opSourceOf(change), change.startOp);
      expect(found.refusal).toBeNull();
      passed += found.passed;
    }
  expect(passed).toBeGreaterThan(500);
});

test("D3 whatever is wrong in columns is found in the same operation when letters are passed", () => {
  const data = { name: "Person Number 12", note: "wants six seats", tags: ["naïve", "déjà vu", "x"], on: "ü🙂ab🙂cd" };
  const { bytes, columns, ...change } = parse(writeFirstChange(fromHex(alice), data, sha256));
  const first = columns.starts[0] ?? 0;
  const refusals = new Map<string, number>();
  let [passed, accepted] = [0, 0];
  for (let seed = 0; seed < 3_000; seed++) {
    const random = new Random(seed);
    const damaged = bytes.slice();
    for (let n = 1 + random.below(2); n > 0; n--)
      damaged[first + random.below(bytes.length - first)] = random.pick([
        0,
        1,
        2,
        0x16,
        0x26,
        0x7f,
        0x80,
        random.below(256),
      ]);
    const found = readBoth(
      opSourceOf({ ...change, columns: { bytes: damaged, starts: columns.starts } }),
      change.startOp,
    );
    passed += found.passed;
    if (found.refusal === null) accepted++;
    else refusals.set(found.refusal, (refusals.get(found.refusal) ?? 0) + 1);
  }
  expect(passed).toBeGreaterThan(20_000);
  expect(accepted).toBeGreaterThan(100);
  expect([...refusals.keys()].sort()).toEqual(
    expect.arrayContaining(["CHANGE_BAD_OP", "CHANGE_BAD_VALUE", "CHANGE_MALFORMED", "CHANGE_NOT_CANONICAL"]),
  );
});
