import * as Automerge from "@automerge/automerge";
import { fromHex, toHex } from "@selkie/entry";
import { describe, expect, test } from "vitest";
import { DocumentHistory } from "../../src/automerge/document-history.ts";
import { ElementOrder } from "../../src/automerge/element-order.ts";
import { restoreHistory } from "../../src/automerge/gate.ts";
import { act, alice, bob, type HandMadeOp, handMade, head, type OpId } from "./hand-made-change.ts";
import { historyOf, judge, judgeOnTop, parse } from "./judge.ts";
import { Random, randomHistory } from "./random-history.ts";
import { sha256 } from "./sha256.ts";

/** A text t (1) of three letters (2, 3, 4), another text (5), a list (6) and a letter of the other text (7). */
const base = handMade({
  ops: [
    { key: { text: "t" }, action: act.makeText },
    { obj: [1, 0], key: head, insert: true, value: "a" },
    { obj: [1, 0], key: [2, 0], insert: true, value: "b" },
    { obj: [1, 0], key: [3, 0], insert: true, value: "c" },
    { key: { text: "u" }, action: act.makeText },
    { key: { text: "l" }, action: act.makeList },
    { obj: [5, 0], key: head, insert: true, value: "d" },
  ],
});
const begin = (key: OpId | typeof head, more: HandMadeOp = {}): HandMadeOp => ({
  obj: [1, 1],
  key,
  insert: true,
  action: act.mark,
  value: true,
  mark: "bold",
  ...more,
});
const end = (key: OpId | typeof head, obj: OpId = [1, 1]): HandMadeOp => ({ obj, key, insert: true, action: act.mark });
const verdictOn = (...ops: HandMadeOp[]): string => judgeOnTop([base], { ops });

describe("a mark", () => {
  test("from an element to a later one, or to its own beginning, passes", () => {
    expect(verdictOn(begin(head), end([4, 1]))).toBe("pass");
    expect(verdictOn(begin([2, 1], { expand: true }), end([3, 1]))).toBe("pass");
    expect(verdictOn(begin([2, 1]), end([8, 0]))).toBe("pass");
  });

  test("that ends before it begins is refused", () => {
    for (const [from, to] of [
      [
        [3, 1],
        [2, 1],
      ],
      [
        [3, 1],
        [3, 1],
      ],
      [[3, 1], head],
      [head, head],
    ] as const)
      expect(verdictOn(begin(from), end(to))).toBe("CHANGE_BAD_MARK");
  });

  test("that begins or ends alone is refused", () => {
    expect(verdictOn(begin(head))).toBe("CHANGE_BAD_MARK");
    expect(verdictOn(end(head))).toBe("CHANGE_BAD_MARK");
    expect(verdictOn(begin(head), begin(head), end([4, 1]), end([4, 1]))).toBe("CHANGE_BAD_MARK");
    expect(verdictOn(begin(head), { value: 1 }, end([4, 1]))).toBe("CHANGE_BAD_MARK");
  });

  test("that ends in another text is refused", () => {
    expect(verdictOn(begin(head), end(head, [5, 1]))).toBe("CHANGE_BAD_MARK");
    expect(verdictOn(begin(head), end([7, 1], [5, 1]))).toBe("CHANGE_BAD_MARK");
  });

  test("that is not inserted, or not in a text, is refused", () => {
    expect(verdictOn(begin([2, 1], { insert: false }), end([3, 1]))).toBe("CHANGE_BAD_MARK");
    expect(verdictOn(begin(head, { obj: [6, 1] }), end([8, 0], [6, 1]))).toBe("CHANGE_BAD_MARK");
  });

  test("whose end has a value, or whose value is a counter, is refused", () => {
    expect(verdictOn(begin(head), { ...end([4, 1]), value: 3 })).toBe("CHANGE_BAD_OP");
    expect(verdictOn(begin(head, { value: [8, [1]] }), end([4, 1]))).toBe("CHANGE_BAD_MARK");
  });

  test("is not an element that can be assigned", () => {
    expect(verdictOn(begin(head), end([4, 1]), { obj: [1, 1], key: [8, 0], value: "x" })).toBe("CHANGE_BAD_REFERENCE");
  });
});

/** A text that three actors edited at once, and the rows of its letters in the order in which Automerge shows them. */
function randomText(seed: number): { readonly history: DocumentHistory; readonly rows: readonly number[] } {
  const random = new Random(seed);
  const first = Automerge.from({ t: "start" }, { actor: alice });
  let docs = [alice, bob, "0c".repeat(16)].map((actor, i) => (i === 0 ? first : Automerge.clone(first, { actor })));
  for (let step = 0; step < 40; step++) {
    const at = random.below(3);
    docs = docs.map((doc, i) => {
      const other = docs[random.below(3)];
      if (i !== at || other === undefined) return doc;
      if (other !== doc && random.below(3) === 0) return Automerge.merge(doc, other);
      return Automerge.change(doc, { time: 0 }, (draft) => {
        Automerge.splice(
          draft,
          ["t"],
          random.below(draft.t.length + 1),
          random.below(2),
          "abcdef".slice(random.below(6)),
        );
      });
    });
  }
  const merged = docs.reduce((all, doc) => (all === doc ? all : Automerge.merge(all, doc)));
  const history = new DocumentHistory();
  restoreHistory(history, Automerge.getAllChanges(merged), sha256);
  const rows = Array.from(merged.t, (_, i) => {
    const [counter = "", actor = ""] = Automerge.getCursor(merged, ["t"], i).split("@");
    return history.rowOf(null, history.actorOf(fromHex(actor)), Number(counter));
  });
  expect(rows).not.toContain(-1);
  return { history, rows };
}

describe("the order of elements", () => {
  test("is the order Automerge shows, in 40 random texts with concurrent edits", () => {
    for (let seed = 0; seed < 40; seed++) {
      const { history, rows } = randomText(seed);
      const order = new ElementOrder(history, history.ops.count);
      for (let i = 0; i < rows.length; i++)
        for (const j of [i - 1, i, i + 1, rows.length - 1 - i]) {
          const [a, b] = [rows[i], rows[j]];
          if (a === undefined || b === undefined) continue;
          expect([seed, i, j, order.precedes(a, b)]).toEqual([seed, i, j, i < j]);
        }
    }
  });

  test("D12 of a text without runs is found in a logarithm of steps, wherever the elements are", () => {
    // Two paths of 10,000 letters, each after the one before the last, and from every hundredth a path of its own.
    const letter: HandMadeOp = { obj: [1, 0], insert: true, value: "x" };
    const letters = Array.from({ length: 20_000 }, (_, i): HandMadeOp => ({ ...letter, key: i < 2 ? head : [i, 0] }));
    const twigs = Array.from({ length: 5_000 }, (_, i): HandMadeOp => ({ ...letter, key: [2 + (i % 200) * 100, 0] }));
    const history = historyOf(handMade({ ops: [{ action: act.makeText }, ...letters, ...twigs] }));
    const order = new ElementOrder(history, history.ops.count);
    const random = new Random(3);
    const rows = Array.from({ length: 2_000 }, () => 1 + random.below(history.ops.count - 1));
    let mostSteps = 0;
    const precedes = (a: number, b: number): boolean => {
      const before = order.steps;
      const isFirst = order.precedes(a, b);
      mostSteps = Math.max(mostSteps, order.steps - before);
      return isFirst;
    };
    const sorted = rows.toSorted((a, b) => (a === b ? 0 : precedes(a, b) ? -1 : 1));
    for (const [at, row] of sorted.entries()) {
      const next = sorted[at + 1] ?? row;
      if (next !== row) expect([precedes(row, next), precedes(next, row)]).toEqual([true, false]);
    }
    expect(mostSteps).toBeGreaterThan(10);
    expect(mostSteps).toBeLessThan(6 * Math.log2(history.ops.count));
  });

  test("lets every mark pass that Automerge sets, in 60 histories of marked texts", () => {
    let marks = 0;
    for (let seed = 500; seed < 560; seed++) {
      const history = new DocumentHistory();
      for (const bytes of randomHistory(seed, { actors: [alice, bob], steps: 40 }).changes) {
        expect(judge(history, bytes, toHex(parse(bytes).actor))).toBe("pass");
        marks += Automerge.decodeChange(bytes).ops.filter(({ action }) => action.startsWith("markBegin")).length;
      }
    }
    expect(marks).toBeGreaterThan(30);
  });
});
