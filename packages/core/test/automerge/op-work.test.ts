// What operations weigh, and that nothing heavier than an entry may hold passes the gate. What they cost in fact is for bench/ to say.
import { describe, expect, test } from "vitest";
import { changeLimits } from "../../src/automerge/change-limits.ts";
import { DocumentHistory } from "../../src/automerge/document-history.ts";
import { gateFirst } from "../../src/automerge/gate.ts";
import { leastWork, PartWork } from "../../src/automerge/part-work.ts";
import { act, alice, bob, type HandMadeChange, type HandMadeOp, handMade, head } from "./hand-made-change.ts";
import { historyOf, judge, parse } from "./judge.ts";

const N = 50;
const many = (count: number, op: (n: number) => HandMadeOp): HandMadeOp[] =>
  Array.from({ length: count }, (_, n) => op(n));
/** Each once, none next to the one before. */
const scattered = (n: number): number => (n * 7) % N;
const named = (n: number): { readonly text: string } => ({ text: n.toString(36) });
const letter = (key: HandMadeOp["key"]): HandMadeOp => ({ obj: [1, 0], key: key ?? head, insert: true, value: "x" });

const weightOf = (change: HandMadeChange): number => PartWork.of(parse(handMade(change).bytes)).total - leastWork;

describe("D12 the work of", () => {
  test.each<[string, number, HandMadeChange]>([
    ["values of new keys: 1 each", N, { ops: many(N, (n) => ({ key: named(n), value: n })) }],
    [
      "letters after one another: 1 each, beside the text, its place and theirs",
      N + 11,
      { ops: [{ action: act.makeText }, ...many(N, (n) => letter(n === 0 ? head : [n + 1, 0]))] },
    ],
    [
      "letters here and there: 2 more each",
      3 * N + 4,
      { startOp: 101, ops: many(N, (n) => letter([scattered(n) + 2, 0])) },
    ],
    [
      "values of keys in the place of others: 1 more each",
      2 * N + 3,
      { startOp: 101, ops: many(N, (n) => ({ key: named(n), value: n, pred: [[n + 2, 0]] })) },
    ],
    [
      "the same in no order: 3 more each",
      4 * N + 1,
      { startOp: 101, ops: many(N, (n) => ({ key: named(scattered(n)), value: n, pred: [[scattered(n) + 2, 0]] })) },
    ],
    [
      "one value in the place of many that follow one another: 1 for each of those",
      N + 4,
      {
        startOp: 101,
        ops: [{ key: named(0), value: 1, pred: many(N, () => ({})).map((_, n) => [n + 2, 0] as const) }],
      },
    ],
    [
      "deletions one after the other: 1 each",
      N + 9,
      { startOp: 101, ops: many(N, (n) => ({ obj: [1, 0], key: [n + 2, 0], action: act.del, pred: [[n + 2, 0]] })) },
    ],
    [
      "values in other objects: 2 more each",
      3 * N + 1,
      { startOp: 101, ops: many(N, (n) => ({ obj: [scattered(n) + 1, 0], key: named(0), value: n })) },
    ],
    [
      "what two people made by turns: 1 more for each turn",
      3 * N + 2,
      {
        others: [bob],
        startOp: 101,
        ops: many(N, (n) => ({ key: named(n), value: n, pred: [[2, n % 2]] })),
      },
    ],
    [
      "marks: 12 each, and their places",
      12 * 2 * N + 2 * 2 * N + 4,
      {
        startOp: 101,
        ops: many(N, () => ({})).flatMap((): HandMadeOp[] => [
          { obj: [1, 0], key: [2, 0], insert: true, action: act.mark, value: true, mark: "m" },
          { obj: [1, 0], key: [40, 0], insert: true, action: act.mark },
        ]),
      },
    ],
  ])("%s", (_, expected, change) => {
    expect(weightOf(change)).toBe(expected);
  });
});

describe("D12 a change that makes as much work as an entry may", () => {
  const most = changeLimits.entryWork - leastWork;
  const keys = handMade({ ops: many(most / 2, (n) => ({ key: named(n), value: null })) });
  const replacing = (count: number): Uint8Array =>
    handMade({
      seq: 2,
      startOp: most / 2 + 1,
      deps: [keys.hash],
      ops: many(count, (n) => ({ key: named(n), value: null, pred: [[n + 1, 0]] })),
    }).bytes;

  test("passes, and no other: it is not for each device to say", () => {
    const [fits, not] = [Math.floor(most / 2) - 1, Math.floor(most / 2)].map(replacing);
    if (fits === undefined || not === undefined) return expect.fail("two changes");
    expect([fits, not].map((bytes) => PartWork.of(parse(bytes)).total - changeLimits.entryWork)).toEqual([-1, 1]);
    const history = historyOf(keys);
    const rows = history.ops.count;
    expect(judge(history, not, alice)).toBe("CHANGE_TOO_LARGE");
    expect(history.ops.count).toBe(rows);
    expect(judge(history, fits, alice)).toBe("pass");
  });

  test("is the same for the first of a document, of which nothing is kept", () => {
    const maps = (count: number): Uint8Array =>
      handMade({
        ops: many(count, (n) => ({ ...(n > 0 ? { obj: [1, 0] as const } : {}), action: act.makeMap, key: named(0) })),
      }).bytes;
    const nested = (count: number): Uint8Array =>
      handMade({
        ops: [
          ...many(count, (n) => ({ action: act.makeMap, key: named(n) })),
          ...many(count, (n) => ({ obj: [n + 1, 0], key: named(0), value: 1 })),
        ],
      }).bytes;
    expect(gateFirst(parse(maps(2)), parse(maps(2)).actor)).toEqual({ type: "pass" });
    const [fits, not] = [Math.floor(most / 4) - 2, Math.floor(most / 4)].map(nested);
    if (fits === undefined || not === undefined) return expect.fail("two changes");
    for (const [bytes, verdict] of [
      [fits, "pass"],
      [not, "CHANGE_TOO_LARGE"],
    ] as const) {
      expect(judge(new DocumentHistory(), bytes, alice)).toBe(verdict);
      const first = gateFirst(parse(bytes), parse(bytes).actor);
      expect(first.type === "refused" ? first.code : first.type).toBe(verdict);
    }
  });
});
