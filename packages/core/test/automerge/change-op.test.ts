import { describe, expect, test } from "vitest";
import { largestInteger, largestTimestamp } from "../../src/automerge/change-limits.ts";
import { act, alice, type HandMadeOp, handMade, head, type OpId, signed, unsigned } from "./hand-made-change.ts";
import { judgeFirst, judgeOnTop } from "./judge.ts";

const text = (name: string): { readonly text: string } => ({ text: name });
const list: HandMadeOp = { key: text("l"), action: act.makeList };
const inList = (op: HandMadeOp): HandMadeOp => ({ obj: [1, 0], key: head, insert: true, ...op });

describe("a value", () => {
  const verdictOn = (value: HandMadeOp["value"]): string => judgeFirst({ ops: [value === undefined ? {} : { value }] });
  const float = (bits: bigint): readonly [number, readonly number[]] => [
    5,
    [...new Uint8Array(BigUint64Array.of(bits).buffer)],
  ];

  test("of every type a document holds passes", () => {
    const values = [
      null,
      true,
      false,
      0,
      -1,
      1.5,
      "",
      "ü🙂",
      [7, [0, 255]],
      [7, []],
      [8, signed(3)],
      [9, signed(-5)],
    ] as const;
    for (const value of values) expect([value, verdictOn(value)]).toEqual([value, "pass"]);
  });

  test("that would read back as a BigInt is refused", () => {
    for (const type of [4, 8]) {
      expect(verdictOn([type, signed(largestInteger)])).toBe("pass");
      expect(verdictOn([type, signed(-largestInteger)])).toBe("pass");
      for (const value of [2n ** 53n - 1n, -(2n ** 53n) + 1n, 2n ** 53n, 2n ** 62n, -(2n ** 63n), 2n ** 64n])
        expect([value, verdictOn([type, signed(value)])]).toEqual([value, "CHANGE_BAD_VALUE"]);
    }
    for (const value of [0n, 7n, 2n ** 64n - 1n]) expect(verdictOn([3, unsigned(value)])).toBe("CHANGE_BAD_VALUE");
  });

  test("that is a time no Date holds is refused", () => {
    expect(verdictOn([9, signed(largestTimestamp)])).toBe("pass");
    expect(verdictOn([9, signed(BigInt(largestTimestamp) + 1n)])).toBe("CHANGE_BAD_VALUE");
    expect(verdictOn([9, signed(-(2n ** 62n))])).toBe("CHANGE_BAD_VALUE");
  });

  test("that is a float without JSON is refused", () => {
    for (const bits of [0x7ff8000000000000n, 0xfff4000000000001n, 0x7ff0000000000000n, 0xfff0000000000000n])
      expect(verdictOn(float(bits))).toBe("CHANGE_BAD_VALUE");
    expect(verdictOn(float(0x8000000000000000n))).toBe("pass");
    expect(verdictOn([5, [0, 0, 0, 0]])).toBe("CHANGE_MALFORMED");
  });

  test("that is text but not UTF-8 is refused", () => {
    for (const bytes of [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xc0, 0x80], [0xf5, 0x80, 0x80, 0x80]])
      expect([bytes, verdictOn([6, bytes])]).toEqual([bytes, "CHANGE_BAD_VALUE"]);
  });

  test("of a type that is not known is refused", () => {
    for (let type = 10; type < 16; type++) expect(verdictOn([type, [1, 2]])).toBe("CHANGE_BAD_VALUE");
  });

  test("in another encoding than its shortest is refused", () => {
    for (const type of [4, 8, 9]) {
      expect(verdictOn([type, [0x81, 0x00]])).toBe("CHANGE_NOT_CANONICAL");
      expect(verdictOn([type, [0xff, 0x7f]])).toBe("CHANGE_NOT_CANONICAL");
      expect(verdictOn([type, []])).toBe("CHANGE_MALFORMED");
      expect(verdictOn([type, [1, 1]])).toBe("CHANGE_MALFORMED");
    }
    for (const type of [0, 1, 2]) expect(verdictOn([type, [1]])).toBe("CHANGE_NOT_CANONICAL");
  });
});

describe("an operation", () => {
  test("of an unknown action, or that makes a table, is refused", () => {
    for (const action of [act.makeTable, 8, 99, 2 ** 40])
      expect(judgeFirst({ ops: [{ action }] })).toBe("CHANGE_BAD_OP");
  });

  test("that makes an object or deletes, and has a value, is refused", () => {
    for (const action of [act.makeMap, act.makeList, act.makeText])
      expect(judgeFirst({ ops: [{ action, value: 4 }] })).toBe("CHANGE_BAD_OP");
    expect(judgeFirst({ ops: [{ value: 1 }, { action: act.del, value: 4, pred: [[1, 0]] }] })).toBe("CHANGE_BAD_OP");
    expect(judgeFirst({ ops: [{ value: 1 }, { action: act.del, pred: [[1, 0]] }] })).toBe("pass");
  });

  test("that deletes or increments nothing is refused", () => {
    expect(judgeFirst({ ops: [{ action: act.del }] })).toBe("CHANGE_BAD_OP");
    expect(judgeFirst({ ops: [{ action: act.inc, value: 1 }] })).toBe("CHANGE_BAD_OP");
  });

  test("that increments by something else than a whole number is refused", () => {
    const counter: HandMadeOp = { value: [8, signed(5)] };
    const inc = (value: HandMadeOp["value"]): string =>
      judgeFirst({ ops: [counter, { action: act.inc, pred: [[1, 0]], ...(value === undefined ? {} : { value }) }] });
    expect(inc(3)).toBe("pass");
    for (const value of ["a", null, 1.5, [3, [1]], [8, [1]]] as const)
      expect([value, inc(value)]).toEqual([value, "CHANGE_BAD_OP"]);
    expect(inc([4, signed(2n ** 62n)])).toBe("CHANGE_BAD_VALUE");
  });

  test("that inserts with predecessors, at a text key, or what is not a value, is refused", () => {
    const first: OpId = [2, 0];
    expect(judgeFirst({ ops: [{ insert: true, value: 1 }] })).toBe("CHANGE_BAD_OP");
    expect(judgeFirst({ ops: [list, inList({ value: 1 }), inList({ value: 2, pred: [first] })] })).toBe(
      "CHANGE_BAD_OP",
    );
    expect(judgeFirst({ ops: [list, inList({ value: 1 }), inList({ action: act.del, pred: [first] })] })).toBe(
      "CHANGE_BAD_OP",
    );
    expect(judgeFirst({ ops: [list, inList({ action: act.inc, value: 1 })] })).toBe("CHANGE_BAD_OP");
  });

  test("that assigns to the head of a list is refused", () => {
    expect(judgeFirst({ ops: [list, inList({ insert: false, value: 1 })] })).toBe("CHANGE_BAD_OP");
  });

  test("with a mark's columns that is not a mark is refused", () => {
    expect(judgeFirst({ ops: [{ value: 1, mark: "bold" }] })).toBe("CHANGE_BAD_OP");
    expect(judgeFirst({ ops: [{ value: 1, expand: true }] })).toBe("CHANGE_BAD_OP");
  });

  test("whose predecessors are out of order or twice is refused", () => {
    const base = handMade({ ops: [{ value: 1 }] });
    const fork = handMade({ actor: alice, seq: 2, startOp: 2, deps: [base.hash], ops: [{ value: 2 }] });
    const preds = (...pred: OpId[]): string => judgeOnTop([base, fork], { ops: [{ value: 3, pred }] });
    expect(preds([1, 1], [2, 1])).toBe("pass");
    expect(preds([2, 1], [1, 1])).toBe("CHANGE_NOT_CANONICAL");
    expect(preds([1, 1], [1, 1])).toBe("CHANGE_NOT_CANONICAL");
    expect(preds([0, 1])).toBe("CHANGE_MALFORMED");
  });
});
