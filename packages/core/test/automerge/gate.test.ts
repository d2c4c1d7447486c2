import * as Automerge from "@automerge/automerge";
import { fromHex, toHex } from "@selkie/entry";
import { describe, expect, test } from "vitest";
import { ChangeError } from "../../src/automerge/change-error.ts";
import { DocumentHistory } from "../../src/automerge/document-history.ts";
import { gate, restoreHistory } from "../../src/automerge/gate.ts";
import { reportCpu } from "./cpu.ts";
import { act, alice, bob, type HandMadeChange, handMade, signed } from "./hand-made-change.ts";
import { historyOf, judge, judgeFirst, judgeOnTop, parse } from "./judge.ts";
import { sha256 } from "./sha256.ts";

const first = handMade({ ops: [{ value: 1 }] });
const second = handMade({ seq: 2, startOp: 2, deps: [first.hash], ops: [{ value: 2, pred: [[1, 0]] }] });

describe("the gate", () => {
  test("passes a change once, and knows it afterwards", () => {
    const history = new DocumentHistory();
    expect(judge(history, first.bytes, alice)).toBe("pass");
    expect(judge(history, first.bytes, alice)).toBe("known");
    expect(history.heads().map(toHex)).toEqual([first.hash]);
    expect(history.lastSeq(fromHex(alice))).toBe(1);
    expect(history.lastSeq(fromHex(bob))).toBe(0);
  });

  test("holds a change until its dependencies are there, and names those that are not", () => {
    const history = new DocumentHistory();
    const verdict = gate(parse(second.bytes), { history, actor: fromHex(alice) });
    expect(verdict).toEqual({ type: "held", missing: [fromHex(first.hash)] });
    judge(history, first.bytes, alice);
    expect(judge(history, second.bytes, alice)).toBe("pass");
  });

  test("forgets everything about a change that it refuses", () => {
    const history = historyOf(first);
    const rows = history.ops.count;
    const bad = handMade({
      seq: 2,
      startOp: 2,
      deps: [first.hash],
      ops: [{ key: { text: "new" }, value: 1 }, { action: 99 }],
    });
    expect(judge(history, bad.bytes, alice)).toBe("CHANGE_BAD_OP");
    expect(history.ops.count).toBe(rows);
    expect(history.count).toBe(1);
    expect(history.ops.keys.count).toBe(1);
    expect(judge(history, second.bytes, alice)).toBe("pass");
  });

  test("lets several roots and merges pass", () => {
    const other = handMade({ actor: bob, ops: [{ value: 5 }] });
    const merge = handMade({
      deps: [first.hash, other.hash].sort(),
      others: [bob],
      seq: 2,
      startOp: 2,
      ops: [
        {
          value: 3,
          pred: [
            [1, 0],
            [1, 1],
          ],
        },
      ],
    });
    expect(judge(historyOf(first, other), merge.bytes, alice)).toBe("pass");
    expect(judge(historyOf(other, first), merge.bytes, alice)).toBe("pass");
  });
});

test("a stored history that the gate would refuse, or that lacks a change, is an error", () => {
  const restore = (...changes: { readonly bytes: Uint8Array }[]): string => {
    try {
      restoreHistory(
        new DocumentHistory(),
        changes.map(({ bytes }) => bytes),
        sha256,
      );
    } catch (error) {
      if (error instanceof ChangeError) return error.code;
      throw error;
    }
    return "restored";
  };
  expect(restore(first, second)).toBe("restored");
  expect(restore(first, first)).toBe("restored");
  expect(restore(second, first)).toBe("CHANGE_MALFORMED");
  expect(restore(handMade({ ops: [{ action: 99 }] }))).toBe("CHANGE_BAD_OP");
});

describe("D1 equivocation", () => {
  test("D1 refuses a second change with one (actor, seq), with and without a common past", () => {
    const another = handMade({ ops: [{ value: 9 }] });
    expect(judge(historyOf(first), another.bytes, alice)).toBe("CHANGE_EQUIVOCATION");
    const fork = handMade({ seq: 2, startOp: 2, deps: [first.hash], ops: [{ value: 3, pred: [[1, 0]] }] });
    expect(judge(historyOf(first, second), fork.bytes, alice)).toBe("CHANGE_EQUIVOCATION");
    expect(judge(historyOf(first, fork), second.bytes, alice)).toBe("CHANGE_EQUIVOCATION");
  });

  test("D1 refuses a change that does not depend on its actor's last one: its operations would get ids that are taken", () => {
    const byBob = handMade({ actor: bob, ops: [{ value: 5 }] });
    const aside = handMade({ seq: 2, startOp: 1, ops: [{ value: 6 }] });
    expect(judge(historyOf(first, byBob), aside.bytes, alice)).toBe("CHANGE_SEQ");
    const onBob = handMade({ seq: 2, startOp: 2, deps: [byBob.hash], ops: [{ value: 6 }] });
    expect(judge(historyOf(first, byBob), onBob.bytes, alice)).toBe("CHANGE_SEQ");
  });

  test("D1 refuses a change that leaves a number out", () => {
    expect(judgeFirst({ seq: 2, ops: [{ value: 1 }] })).toBe("CHANGE_SEQ");
    expect(judgeOnTop([first], { others: [], seq: 3, ops: [{ value: 1 }] })).toBe("CHANGE_SEQ");
  });
});

test("D2 a change under the actor of another writer is refused", () => {
  const stolen = handMade({
    actor: alice,
    seq: 2,
    startOp: 2,
    deps: [first.hash],
    ops: [{ value: 666, pred: [[1, 0]] }],
  });
  expect(judge(historyOf(first), stolen.bytes, bob)).toBe("CHANGE_ACTOR_FORGED");
  expect(judge(historyOf(first), stolen.bytes, alice)).toBe("pass");
});

describe("D3 startOp", () => {
  const verdictOn = (startOp: number | bigint): string =>
    reportCpu(`D3 startOp ${startOp}`, () =>
      judgeOnTop([first, second], { others: [], startOp, ops: [{ key: { text: "z" }, value: 1 }] }),
    );

  test("D3 too high, which would make the document too large to load, is refused", () => {
    for (const startOp of [4, 2 ** 31, 2 ** 32, 2 ** 53 - 1]) expect(verdictOn(startOp)).toBe("CHANGE_START_OP");
    expect(verdictOn(2n ** 60n)).toBe("CHANGE_BAD_VALUE");
  });

  test("D3 too low, which would make it impossible to load, is refused", () => {
    for (const startOp of [1, 2]) expect(verdictOn(startOp)).toBe("CHANGE_START_OP");
    expect(verdictOn(3)).toBe("pass");
    expect(judgeFirst({ startOp: 2, ops: [{ value: 1 }] })).toBe("CHANGE_START_OP");
  });

  test("D3 follows the dependencies, not all that is known", () => {
    const long = handMade({
      actor: bob,
      ops: Array.from({ length: 50 }, (_, i) => ({ key: { text: `k${i}` }, value: i })),
    });
    const onFirst: HandMadeChange = { seq: 2, startOp: 2, deps: [first.hash], ops: [{ value: 2, pred: [[1, 0]] }] };
    expect(judge(historyOf(first, long), handMade(onFirst).bytes, alice)).toBe("pass");
    expect(judge(historyOf(first, long), handMade({ ...onFirst, startOp: 51 }).bytes, alice)).toBe("CHANGE_START_OP");
  });

  test("D3 an empty change takes no operation id", () => {
    const empty = handMade({ seq: 2, startOp: 2, deps: [first.hash] });
    const after = handMade({ seq: 3, startOp: 2, deps: [empty.hash], ops: [{ value: 2, pred: [[1, 0]] }] });
    expect(judge(historyOf(first, empty), after.bytes, alice)).toBe("pass");
  });
});

describe("D6 __proto__", () => {
  test("D6 a key or a mark with this name is refused, and the same text as a value is not", () => {
    const proto = { text: "__proto__" };
    const bad = handMade({
      ops: [
        { key: proto, action: act.makeMap },
        { obj: [1, 0], key: { text: "isAdmin" }, value: true },
      ],
    });
    expect(reportCpu("D6 __proto__", () => judge(new DocumentHistory(), bad.bytes, alice))).toBe(
      "CHANGE_FORBIDDEN_KEY",
    );
    expect(judgeFirst({ ops: [{ key: proto, action: act.set, value: 1 }] })).toBe("CHANGE_FORBIDDEN_KEY");
    expect(judgeFirst({ ops: [{ value: "__proto__" }, { key: { text: "__proto__ " }, value: 1 }] })).toBe("pass");
    const text = { key: { text: "t" }, action: act.makeText };
    const mark = { obj: [1, 0], key: "head", insert: true, action: act.mark, value: true, mark: "__proto__" } as const;
    const end = { obj: [1, 0], key: [2, 0], insert: true, action: act.mark } as const;
    expect(judgeFirst({ ops: [text, mark, end] })).toBe("CHANGE_FORBIDDEN_KEY");
    expect(judgeFirst({ ops: [text, { ...mark, mark: "bold" }, end] })).toBe("pass");
  });

  test("D6 Automerge itself would let the map become a prototype", () => {
    const { bytes } = handMade({
      ops: [
        { key: { text: "__proto__" }, action: act.makeMap },
        { obj: [1, 0], key: { text: "isAdmin" }, value: true },
      ],
    });
    const [doc] = Automerge.applyChanges(Automerge.init<{ isAdmin?: boolean }>(), [bytes]);
    expect(doc.isAdmin).toBe(true);
  });
});

test("the sum of a counter may pass what a number holds exactly; no single step may", () => {
  const counter = { value: [8, signed(2 ** 53 - 2)] } as const;
  const step = { action: act.inc, value: 2 ** 53 - 2, pred: [[1, 0]] } as const;
  expect(judgeFirst({ ops: [counter, step, step] })).toBe("pass");
});
