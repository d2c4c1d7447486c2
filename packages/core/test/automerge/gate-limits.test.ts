import { deflateRawSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { changeLimits } from "../../src/automerge/change-limits.ts";
import { DocumentHistory } from "../../src/automerge/document-history.ts";
import { reportCpu } from "./cpu.ts";
import {
  act,
  alice,
  bob,
  chunk,
  floodOf,
  type HandMadeOp,
  handMade,
  head,
  signed,
  unsigned,
} from "./hand-made-change.ts";
import { historyOf, judge, judgeOnTop, parse } from "./judge.ts";
import { memoryOf } from "./memory.ts";

const judgeAlone = (bytes: Uint8Array): string => judge(new DocumentHistory(), bytes, alice);

describe("D4 inflate bomb", () => {
  test("D4 refuses a compressed change before anything is inflated", () => {
    const body = handMade({ ops: [{ value: "x".repeat(900_000) }] }).bytes.subarray(11);
    const bomb = chunk(new Uint8Array(deflateRawSync(body)), 2);
    expect(reportCpu("D4 compressed change", () => judgeAlone(bomb.bytes))).toBe("CHANGE_COMPRESSED");
  });

  test("D4 refuses a deflated column before anything is inflated", () => {
    const zeros = [...deflateRawSync(new Uint8Array(1_000_000))];
    const { bytes } = handMade({ ops: [{ value: 1 }], columns: { 95: zeros } });
    expect(reportCpu("D4 deflated column", () => judgeAlone(bytes))).toBe("CHANGE_COMPRESSED");
  });
});

describe("D12 floods", () => {
  const million = 1_000_000;

  test("D12 refuses a million operations in a few bytes without expanding them", () => {
    const { bytes } = handMade({ ops: [], columns: floodOf(act.set, million) });
    expect(bytes.length).toBeLessThan(120);
    expect(reportCpu("D12 10^6 operations", () => judgeAlone(bytes))).toBe("CHANGE_TOO_LARGE");
    const huge = handMade({ ops: [], columns: floodOf(act.set, 2 ** 52) });
    expect(judgeAlone(huge.bytes)).toBe("CHANGE_TOO_LARGE");
  });

  test("D12 takes exactly as many operations as the limit says", () => {
    const most = handMade({ ops: [], columns: floodOf(act.set, changeLimits.ops) });
    expect(reportCpu("D12 10^5 operations", () => judgeAlone(most.bytes))).toBe("pass");
    expect(judgeAlone(handMade({ ops: [], columns: floodOf(act.set, changeLimits.ops + 1) }).bytes)).toBe(
      "CHANGE_TOO_LARGE",
    );
  });

  test("D12 refuses predecessors beyond the limit", () => {
    const columns = {
      ...floodOf(act.set, 2),
      112: [0x7f, ...unsigned(2 ** 40), 0x7f, 0],
      113: [...signed(2 ** 40), 0],
      115: [...signed(2 ** 40), 1],
    };
    const { bytes } = handMade({ ops: [], columns: { ...columns, 112: [0x7e, ...unsigned(2 ** 40), 0] } });
    expect(reportCpu("D12 2^40 predecessors", () => judgeAlone(bytes))).toBe("CHANGE_TOO_LARGE");
  });

  test("D12 refuses nesting beyond the limit, within a change and across changes", () => {
    const nested = (depth: number, from = 0): HandMadeOp[] =>
      Array.from({ length: depth }, (_, i) => ({
        action: act.makeMap,
        ...(i + from > 0 ? { obj: [i + from, 0] as const } : {}),
      }));
    expect(judgeAlone(handMade({ ops: nested(changeLimits.depth) }).bytes)).toBe("pass");
    expect(judgeAlone(handMade({ ops: nested(changeLimits.depth + 1) }).bytes)).toBe("CHANGE_TOO_DEEP");
    const deep = handMade({ ops: nested(50_000) });
    expect(reportCpu("D12 50,000 levels", () => judgeAlone(deep.bytes))).toBe("CHANGE_TOO_DEEP");
    const base = handMade({ ops: nested(changeLimits.depth) });
    expect(judgeOnTop([base], { ops: [{ obj: [changeLimits.depth, 1], value: 1 }] })).toBe("pass");
    expect(judgeOnTop([base], { ops: [{ obj: [changeLimits.depth, 1], action: act.makeList }] })).toBe(
      "CHANGE_TOO_DEEP",
    );
  });

  test("D12 takes list inserts and a long text up to the limits, and refuses a text beyond", () => {
    const inserts = Array.from(
      { length: 99_999 },
      (_, i): HandMadeOp => ({ obj: [1, 0], key: i === 0 ? head : [i + 1, 0], insert: true, value: 1 }),
    );
    const list = handMade({ ops: [{ action: act.makeList }, ...inserts] });
    expect(reportCpu("D12 10^5 list inserts", () => judgeAlone(list.bytes))).toBe("pass");
    const text = handMade({ ops: [{ value: "é".repeat(490_000) }] });
    expect(reportCpu("D12 1 MB of text", () => judgeAlone(text.bytes))).toBe("pass");
    expect(judgeAlone(handMade({ ops: [{ value: "x".repeat(changeLimits.bytes) }] }).bytes)).toBe("CHANGE_TOO_LARGE");
  });

  test("D12 refuses a claim of more dependencies, actors or columns than there are bytes", () => {
    for (const body of [
      unsigned(2 ** 50),
      [0, 16, ...new Array<number>(16).fill(0xaa), 1, 1, 0, 0, ...unsigned(2 ** 50)],
      [0, 16, ...new Array<number>(16).fill(0xaa), 1, 1, 0, 0, 0, ...unsigned(2 ** 50)],
      [0, 16, ...new Array<number>(16).fill(0xaa), 1, 1, 0, ...unsigned(2 ** 50)],
    ])
      expect(reportCpu("D12 2^50 of something", () => judgeAlone(chunk(Uint8Array.from(body)).bytes))).toBe(
        "CHANGE_MALFORMED",
      );
  });

  test("D12 refuses a value that claims more bytes than its column has, at once", () => {
    const claim = { 86: [0x7f, ...unsigned(2 ** 45 * 16 + 6)] };
    expect(judgeAlone(handMade({ ops: [{ value: "x" }], columns: claim }).bytes)).toBe("CHANGE_MALFORMED");
  });

  test("D12 refuses a column whose length only looks right in 32 bits", () => {
    const { bytes } = handMade({ ops: [{ value: 1 }] });
    // The specification of the action column and its length; then a length of 2^32 more.
    const at = bytes.findIndex((byte, i) => byte === 0x42 && bytes[i + 1] === 2 && bytes[i - 2] === 0x34);
    expect(at).toBeGreaterThan(0);
    const longer = Uint8Array.of(...bytes.subarray(10, at + 1), ...unsigned(2 ** 32 + 2), ...bytes.subarray(at + 2));
    expect(judgeAlone(chunk(longer).bytes)).toBe("CHANGE_MALFORMED");
  });

  test("D12 bounds the cost of marks in a text built to be slow", () => {
    // Every letter comes after the one before the last: two paths of 25,000 letters, without runs to climb.
    const letters = Array.from(
      { length: 50_000 },
      (_, i): HandMadeOp => ({ obj: [1, 0], key: i < 2 ? head : [i, 0], insert: true, value: "x" }),
    );
    const base = handMade({ ops: [{ action: act.makeText }, ...letters] });
    const marks = Array.from({ length: 4_200 }, (): HandMadeOp[] => [
      { obj: [1, 1], key: [40_000, 1], insert: true, action: act.mark, value: true, mark: "m" },
      { obj: [1, 1], key: [50_000, 1], insert: true, action: act.mark },
    ]).flat();
    const history = historyOf(base);
    const { bytes } = handMade({
      actor: bob,
      others: [alice],
      deps: [base.hash],
      startOp: parse(base.bytes).maxOp + 1,
      ops: marks,
    });
    expect(reportCpu("D12 4,200 marks in 50,000 letters", () => judge(history, bytes, bob))).toBe("pass");
  });

  const distinctKeys = (count: number): HandMadeOp[] =>
    Array.from({ length: count }, (_, n) => ({ key: { text: n.toString(36) }, action: act.makeMap }));
  const insertsAtHead = (count: number): HandMadeOp[] => [
    { action: act.makeList },
    ...Array.from({ length: count - 1 }, (): HandMadeOp => ({ obj: [1, 0], key: head, insert: true, value: 1 })),
  ];
  const bad: HandMadeOp = { obj: [1, 0], key: [changeLimits.ops, 0], insert: true };

  test.each([
    ["of as many objects as there may be", distinctKeys(changeLimits.ops), "pass"],
    ["of as many list inserts as there may be", insertsAtHead(changeLimits.ops), "pass"],
    ["that is refused at its last operation", [...insertsAtHead(changeLimits.ops - 1), bad], "CHANGE_BAD_REFERENCE"],
  ])("D12 a change %s leaves less than 32 MiB in memory", (_, ops, verdict) => {
    const { bytes } = handMade({ ops });
    const history = new DocumentHistory();
    const verdicts: string[] = [];
    expect(memoryOf(() => verdicts.push(judge(history, bytes, alice)))).toBeLessThan(32 * 2 ** 20);
    expect(verdicts).toEqual([verdict]);
    expect(history.count).toBe(verdict === "pass" ? 1 : 0);
  });
});
