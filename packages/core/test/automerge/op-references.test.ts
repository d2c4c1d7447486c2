import { describe, expect, test } from "vitest";
import { act, alice, bob, type HandMadeOp, handMade, head } from "./hand-made-change.ts";
import { historyOf, judge, judgeFirst, judgeOnTop } from "./judge.ts";

const text = (name: string): { readonly text: string } => ({ text: name });

/** By alice: x (1), a map m (2), a list l (3), a text t (4), m.k (5), two elements of l (6, 7), two letters of t (8, 9). */
const base = handMade({
  ops: [
    { key: text("x"), value: 1 },
    { key: text("m"), action: act.makeMap },
    { key: text("l"), action: act.makeList },
    { key: text("t"), action: act.makeText },
    { obj: [2, 0], key: text("k"), value: 7 },
    { obj: [3, 0], key: head, insert: true, value: 1 },
    { obj: [3, 0], key: [6, 0], insert: true, value: 2 },
    { obj: [4, 0], key: head, insert: true, value: "h" },
    { obj: [4, 0], key: [8, 0], insert: true, value: "i" },
  ],
});

/** Bob's change with this one operation, after alice's; she is actor 1. */
function verdictOn(...ops: HandMadeOp[]): string {
  return judgeOnTop([base], { ops });
}

describe("an object", () => {
  test("that is known is found", () => {
    expect(verdictOn({ obj: [2, 1], key: text("new"), value: 1 })).toBe("pass");
    expect(verdictOn({ obj: [3, 1], key: [7, 1], insert: true, value: 1 })).toBe("pass");
  });

  test("that is not there, is no object, or comes later is refused", () => {
    for (const counter of [10, 99, 2 ** 40])
      expect(verdictOn({ obj: [counter, 1], value: 1 })).toBe("CHANGE_BAD_REFERENCE");
    expect(verdictOn({ obj: [1, 1], value: 1 })).toBe("CHANGE_BAD_REFERENCE");
    expect(verdictOn({ obj: [1, 1], key: head, insert: true, value: 1 })).toBe("CHANGE_BAD_REFERENCE");
    const itself: HandMadeOp = { obj: [10, 0], action: act.makeMap };
    const later: HandMadeOp = { obj: [11, 0], value: 1 };
    for (const ops of [[itself], [later, { key: text("o"), action: act.makeMap }]])
      expect(judgeOnTop([base], { others: [], ops })).toBe("CHANGE_BAD_REFERENCE");
  });

  test("of another kind than the key is refused", () => {
    expect(verdictOn({ obj: [3, 1], key: text("k"), value: 1 })).toBe("CHANGE_BAD_REFERENCE");
    expect(verdictOn({ obj: [4, 1], key: text("k"), value: 1 })).toBe("CHANGE_BAD_REFERENCE");
    expect(verdictOn({ obj: [2, 1], key: head, insert: true, value: 1 })).toBe("CHANGE_BAD_REFERENCE");
    expect(judgeFirst({ ops: [{ key: head, insert: true, value: 1 }] })).toBe("CHANGE_BAD_REFERENCE");
  });
});

describe("an element", () => {
  test("that is not there, or in another list, is refused", () => {
    for (const insert of [true, false]) {
      expect(verdictOn({ obj: [3, 1], key: [99, 1], insert, value: 1 })).toBe("CHANGE_BAD_REFERENCE");
      expect(verdictOn({ obj: [3, 1], key: [8, 1], insert, value: 1 })).toBe("CHANGE_BAD_REFERENCE");
      expect(verdictOn({ obj: [3, 1], key: [3, 1], insert, value: 1 })).toBe("CHANGE_BAD_REFERENCE");
    }
  });

  test("that is an assignment and not an insertion is refused", () => {
    const assignment: HandMadeOp = { obj: [3, 1], key: [7, 1], value: 5, pred: [[7, 1]] };
    expect(verdictOn(assignment, { obj: [3, 1], key: [10, 0], insert: true, value: 6 })).toBe("CHANGE_BAD_REFERENCE");
  });
});

describe("a predecessor", () => {
  test("at the same place passes", () => {
    expect(verdictOn({ key: text("x"), value: 2, pred: [[1, 1]] })).toBe("pass");
    expect(verdictOn({ key: text("x"), action: act.del, pred: [[1, 1]] })).toBe("pass");
    expect(verdictOn({ obj: [3, 1], key: [7, 1], value: 2, pred: [[7, 1]] })).toBe("pass");
    expect(
      judgeOnTop([base], {
        others: [],
        ops: [
          { key: text("z"), value: 2 },
          { key: text("z"), value: 3, pred: [[10, 0]] },
        ],
      }),
    ).toBe("pass");
  });

  test("that is not there, is itself, or comes later is refused", () => {
    expect(verdictOn({ key: text("x"), value: 2, pred: [[99, 1]] })).toBe("CHANGE_BAD_REFERENCE");
    for (const counter of [10, 11])
      expect(judgeOnTop([base], { others: [], ops: [{ value: 2, pred: [[counter, 0]] }, { value: 3 }] })).toBe(
        "CHANGE_BAD_REFERENCE",
      );
  });

  test("at another key, element or object is refused", () => {
    for (const action of [act.set, act.del, act.inc]) {
      const value = action === act.del ? null : 2;
      expect(verdictOn({ key: text("y"), action, value, pred: [[1, 1]] })).toBe("CHANGE_BAD_REFERENCE");
      expect(verdictOn({ obj: [2, 1], key: text("x"), action, value, pred: [[1, 1]] })).toBe("CHANGE_BAD_REFERENCE");
      expect(verdictOn({ obj: [3, 1], key: [6, 1], action, value, pred: [[7, 1]] })).toBe("CHANGE_BAD_REFERENCE");
    }
  });

  test("that is a deletion or an increment is refused", () => {
    const deletion: HandMadeOp = { key: text("x"), action: act.del, pred: [[1, 1]] };
    expect(verdictOn(deletion, { key: text("x"), value: 3, pred: [[10, 0]] })).toBe("CHANGE_BAD_REFERENCE");
    const increment: HandMadeOp = { key: text("x"), action: act.inc, value: 1, pred: [[1, 1]] };
    expect(verdictOn(increment, { key: text("x"), value: 3, pred: [[10, 0]] })).toBe("CHANGE_BAD_REFERENCE");
  });
});

describe("an operation of a change that is known, but not among the dependencies", () => {
  const start = handMade({ ops: [{ key: text("a"), action: act.makeMap }] });
  const byAlice = handMade({ deps: [start.hash], seq: 2, startOp: 2, ops: [{ key: text("b"), action: act.makeMap }] });

  test("is refused as object, element and predecessor, whichever change came first", () => {
    const byBob = (op: HandMadeOp): ReturnType<typeof handMade> =>
      handMade({ actor: bob, others: [alice], deps: [start.hash], startOp: 2, ops: [op] });
    for (const op of [
      { obj: [2, 1], value: 1 },
      { key: text("b"), value: 1, pred: [[2, 1]] },
    ] as const) {
      const { bytes } = byBob(op);
      expect(judge(historyOf(start, byAlice), bytes, bob)).toBe("CHANGE_BAD_REFERENCE");
      expect(judge(historyOf(start), bytes, bob)).toBe("CHANGE_BAD_REFERENCE");
    }
    expect(judge(historyOf(start, byAlice), byBob({ obj: [1, 1], value: 1 }).bytes, bob)).toBe("pass");
  });
});
