import { fromHex } from "@selkie/entry";
import { describe, expect, test } from "vitest";
import type { ChangeChunk } from "../../src/automerge/change-chunk.ts";
import { columnEnd, columnOrder, columnStart } from "../../src/automerge/change-columns.ts";
import { refusalOf } from "../../src/automerge/change-error.ts";
import { DocumentHistory } from "../../src/automerge/document-history.ts";
import { makeFirstChange } from "../../src/automerge/first-change.ts";
import { isFlatCreation } from "../../src/automerge/flat-creation.ts";
import { type GateVerdict, gate, gateFirst } from "../../src/automerge/gate.ts";
import { act, alice, type HandMadeChange, handMade, unsigned } from "./hand-made-change.ts";
import { judgeFirst, parse } from "./judge.ts";
import { Random } from "./random-history.ts";
import { sha256 } from "./sha256.ts";

const SEED = Number(process.env["SEED"] ?? Date.now() % 1_000_000_000);
const actor = fromHex(alice);

/** The columns of a change, by specification byte. */
type Columns = Record<number, number[]>;

function columnsOf({ columns }: ChangeChunk): Columns {
  const bytesOf = (from: number, to: number): number[] => [...columns.bytes.subarray(from, to)];
  return Object.fromEntries(
    columnOrder.map((spec) => [spec, bytesOf(columnStart(columns, spec), columnEnd(columns, spec))]),
  );
}

function randomRecord(random: Random): Record<string, unknown> {
  const keys = ["name", "note", "a", "b", "c", "ключ", "", "aa"];
  return Object.fromEntries(Array.from({ length: 1 + random.below(6) }, () => [random.pick(keys), randomItem(random)]));
}

function randomItem(random: Random): unknown {
  const kind = random.below(16);
  if (kind < 8) return "abcdefgh".slice(0, random.below(9));
  if (kind === 8) return random.pick(["é", "aé", "éa", "ab€"]);
  if (kind === 9) return random.pick([{}, [], { in: "it" }]);
  return random.pick([null, true, false, 0, 63, -64, 2 ** 40, 0.5, new Uint8Array(3), new Date(1_700_000_000_000)]);
}

/** Changes bytes of columns, in ways that often leave most of it right. */
function mutate(random: Random, columns: Columns): Columns {
  const mutated: Columns = { ...columns };
  for (let times = 1 + random.below(3); times > 0; times--) {
    const spec = random.pick(columnOrder);
    const bytes = [...(mutated[spec] ?? [])];
    const at = random.below(bytes.length + 1);
    const byte = bytes[at] ?? 0;
    const near = [byte ^ (1 << random.below(8)), (byte + 1) & 255, (byte + 255) & 255, random.below(256)];
    const way = random.below(8);
    if (way < 4 && at < bytes.length) bytes[at] = random.pick(near);
    else if (way === 4) bytes.splice(at, 1);
    else if (way === 5) bytes.splice(at, 0, random.pick(near));
    else if (way === 6) bytes.splice(at, 0, ...bytes.slice(at, at + 1 + random.below(3)));
    else bytes.splice(0, bytes.length, ...(columns[random.pick(columnOrder)] ?? []));
    mutated[spec] = bytes;
  }
  return mutated;
}

/** Judged against a new history, operation by operation. */
function judgeInFull(change: ChangeChunk): GateVerdict {
  return gate(change, { history: new DocumentHistory(), actor });
}

function verdictOf(verdict: GateVerdict): string {
  return verdict.type === "refused" ? verdict.code : verdict.type;
}

test("first changes are judged alike column by column and operation by operation: 24,000 of them, most with wrong bytes", () => {
  const unlike: number[] = [];
  const counts = { flat: 0, changedAndFlat: 0, passed: 0, refused: 0 };
  for (let seed = SEED; seed < SEED + 24_000; seed++) {
    const random = new Random(seed);
    const columns = columnsOf(makeFirstChange(actor, randomRecord(random), sha256));
    const isChanged = random.below(8) > 0;
    const { bytes } = handMade({ columns: isChanged ? mutate(random, columns) : columns });
    const change = refusalOf(() => parse(bytes));
    if (typeof change === "string") continue;
    const verdict = judgeInFull(change);
    const isFlat = isFlatCreation(change);
    if (verdictOf(gateFirst(change, actor)) !== verdictOf(verdict)) unlike.push(seed);
    if (isFlat) counts[isChanged ? "changedAndFlat" : "flat"]++;
    counts[verdict.type === "pass" ? "passed" : "refused"]++;
  }
  console.log(`seeds from ${SEED} on: ${JSON.stringify(counts)}`);
  expect(unlike).toEqual([]);
  expect(counts.flat).toBeGreaterThan(500);
  expect(counts.changedAndFlat).toBeGreaterThan(500);
  expect(counts.refused).toBeGreaterThan(5_000);
});

describe("a creation that is recognised column by column", () => {
  test.each<[string, Record<string, unknown>]>([
    ["texts and values", { name: "Ada", city: "Oulu", revenue: 815, share: 0.5, open: true, since: new Date(0) }],
    ["no texts", { a: 1, b: null, c: new Uint8Array(5) }],
    ["texts alone, of two letters and more", { a: "ab", b: "abc", c: "abcd", d: "ab", e: "abc" }],
    ["an empty text", { a: "", b: "ab" }],
    ["keys that are not ASCII", { ключ: 1, "": "ab" }],
    ["a text of many letters", { a: "letters ".repeat(40), b: 1 }],
  ])("has %s", (_, data) => {
    expect(isFlatCreation(makeFirstChange(actor, data, sha256))).toBe(true);
  });

  const op = { action: act.set, key: { text: "k" } };
  const huge = { 86: [0x7f, ...unsigned(2 ** 32 + 16 + 4)], 87: [7] };
  test.each<[string, HandMadeChange, string]>([
    ["a key __proto__", { ops: [{ ...op, key: { text: "__proto__" } }] }, "CHANGE_FORBIDDEN_KEY"],
    ["a key that is not UTF-8", { ops: [op], columns: { 21: [0x7f, 1, 0xff] } }, "CHANGE_BAD_VALUE"],
    ["equal keys that are no run", { ops: [op, op], columns: { 21: [0x7e, 1, 107, 1, 107] } }, "CHANGE_NOT_CANONICAL"],
    ["a value of 2^28 bytes and one that is there", { ops: [op], columns: huge }, "CHANGE_MALFORMED"],
    ["a value of an unknown type", { ops: [{ ...op, value: [10, []] }] }, "CHANGE_BAD_VALUE"],
    ["an object with a value", { ops: [{ ...op, action: act.makeText, value: 1 }] }, "CHANGE_BAD_OP"],
    ["an actor that no operation names", { ops: [op], others: ["cc".repeat(16)] }, "CHANGE_NOT_CANONICAL"],
    ["a second number", { ops: [op], seq: 2 }, "CHANGE_SEQ"],
    ["a later first operation", { ops: [op], startOp: 2 }, "CHANGE_START_OP"],
    ["a mark's name", { ops: [{ ...op, mark: "bold" }] }, "CHANGE_BAD_OP"],
  ])("has not %s", (_, change, code) => {
    expect(judgeFirst(change)).toBe(code);
  });

  const longer = {
    2: [0, 2, 6, 1, 0x7f, 2],
    17: [0, 3, 5, 0, 0, 1, 0x7e, 0],
    19: [0, 2, 0x7e, 0, 3, 4, 1, 0x7e, 0x79, 9],
  };
  const shorter = { 2: [0, 1, 3, 1], 17: [0, 2, 2, 0], 19: [0, 1, 0x7d, 0, 2, 1] };
  test.each<[string, Record<string, unknown>, Columns, string]>([
    ["unlike actions in two runs", { a: "", b: 1 }, { 66: [0x7f, 4, 0x7f, 1] }, "CHANGE_NOT_CANONICAL"],
    [
      "unlike steps in two runs",
      { a: "ab", b: "ab" },
      { 19: [0, 2, 0x7e, 0, 3, 0x7e, 0x7d, 5] },
      "CHANGE_NOT_CANONICAL",
    ],
    ["a run inside another", { a: "abcd", b: "ab" }, { 19: [0, 2, 0x7c, 0, 3, 2, 1, 0x7b, 7] }, "CHANGE_BAD_REFERENCE"],
    ["letters of no text", { a: "abcd" }, shorter, "CHANGE_MALFORMED"],
    ["texts of more letters than there are", { a: "abcde", b: "" }, longer, "CHANGE_NOT_CANONICAL"],
  ])("has not %s", (_, data, wrong, code) => {
    const columns = columnsOf(makeFirstChange(actor, data, sha256));
    expect(judgeFirst({ columns })).toBe("pass");
    expect(judgeFirst({ columns: { ...columns, ...wrong } })).toBe(code);
  });
});
