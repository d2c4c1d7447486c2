// The vectors of docs/spec/change.md. The changes are built by hand from operations, so that they need no Automerge; another test
// holds Automerge to those that pass.
import { fromHex, toHex } from "@selkie/entry";
import { bundleChanges } from "../../src/automerge/bundle.ts";
import { type ChangeChunk, parseChange } from "../../src/automerge/change-chunk.ts";
import { writeFirstChange } from "../../src/automerge/first-change.ts";
import { packChanges } from "../../src/automerge/packed-changes.ts";
import { reauthorChanges } from "../../src/automerge/reauthor.ts";
import {
  act,
  alice,
  bob,
  chunk,
  type HandMadeChange,
  type HandMadeOp,
  handMade,
  head,
  type Made,
  signed,
} from "../automerge/hand-made-change.ts";
import { sha256 } from "../automerge/sha256.ts";
import { type Json, type VectorCase, type VectorFile, vectorFile } from "./format.ts";

const text = (name: string): { readonly text: string } => ({ text: name });
const parse = ({ bytes }: Made): ChangeChunk => parseChange(bytes, sha256);

/** By alice: x (1), a map m (2), a list l (3) of one element (4), a text t (5) of two letters (6, 7), a counter c (8). */
const base = handMade({
  ops: [
    { key: text("x"), value: 1 },
    { key: text("m"), action: act.makeMap },
    { key: text("l"), action: act.makeList },
    { obj: [3, 0], key: head, insert: true, value: true },
    { key: text("t"), action: act.makeText },
    { obj: [5, 0], key: head, insert: true, value: "h" },
    { obj: [5, 0], key: [6, 0], insert: true, value: "i" },
    { key: text("c"), value: [8, signed(5)] },
  ],
});

/** Alice types into t: five changes, each after the one before; the fourth deletes a letter. */
function typed(): readonly Made[] {
  const changes: Made[] = [base];
  const ops: readonly HandMadeOp[] = [
    { obj: [5, 0], key: [7, 0], insert: true, value: " " },
    { obj: [5, 0], key: [9, 0], insert: true, value: "a" },
    { obj: [5, 0], key: [10, 0], insert: true, value: "x" },
    { obj: [5, 0], key: [11, 0], action: act.del, pred: [[11, 0]] },
    { obj: [5, 0], key: [10, 0], insert: true, value: "ll" },
  ];
  for (const [i, op] of ops.entries())
    changes.push(handMade({ deps: [changes.at(-1)?.hash ?? ""], seq: 2 + i, startOp: 9 + i, ops: [op] }));
  return changes;
}

export function makeChangeVectors(): Record<string, VectorFile> {
  return {
    chunk: chunks(),
    gate: verdicts(),
    packed: packed(),
    bundle: bundles(),
    first: firsts(),
    reauthor: rewrites(),
  };
}

function chunks(): VectorFile {
  const good = (comment: string, made: Made): VectorCase => ({
    comment,
    bytes: toHex(made.bytes),
    ...fieldsOf(parse(made)),
  });
  const bad = (comment: string, code: string, made: Made): VectorCase => ({ comment, code, bytes: toHex(made.bytes) });
  const one: HandMadeChange = { ops: [{ value: 1 }] };
  return vectorFile("Change chunks (section 1): what they say, or why they are refused", [
    good("eight operations", base),
    good("no operations, with a time and a message", handMade({ time: -5, message: "ü" })),
    good(
      "dependencies and another actor",
      handMade({
        actor: bob,
        others: [alice],
        deps: [base.hash],
        startOp: 9,
        ops: [{ key: text("x"), value: 2, pred: [[1, 1]] }],
      }),
    ),
    bad("a wrong checksum", "CHANGE_CHECKSUM", handMade({ ...one, checksum: [1, 2, 3, 4] })),
    bad("a document chunk", "CHANGE_MALFORMED", handMade({ ...one, type: 0 })),
    bad("a compressed chunk", "CHANGE_COMPRESSED", handMade({ ...one, type: 2 })),
    bad("extra bytes", "CHANGE_MALFORMED", handMade({ ...one, extra: [1, 2] })),
    bad(
      "a byte too many in a number",
      "CHANGE_NOT_CANONICAL",
      chunk(Uint8Array.of(0x80, 0, 16, ...fromHex(alice), 1, 1, 0, 0, 0, 0)),
    ),
    bad("an actor of 15 bytes", "CHANGE_MALFORMED", handMade({ ...one, actor: "aa".repeat(15) })),
    bad("seq 0", "CHANGE_MALFORMED", handMade({ ...one, seq: 0 })),
    bad(
      "dependencies out of order",
      "CHANGE_NOT_CANONICAL",
      handMade({ ...one, deps: ["ff".repeat(32), "00".repeat(32)] }),
    ),
    bad("a deflated column", "CHANGE_COMPRESSED", handMade({ ...one, columns: { 95: [1] } })),
    bad("an unknown column", "CHANGE_NOT_CANONICAL", handMade({ ...one, columns: { 178: [0x7f, 1] } })),
    bad(
      "columns out of order",
      "CHANGE_NOT_CANONICAL",
      handMade({ ...one, columnOrder: [0x34, 0x15, 0x42, 0x56, 0x57, 0x70] }),
    ),
    bad("100,001 operations", "CHANGE_TOO_LARGE", handMade({ ops: [], columns: { 66: [...signed(100_001), 1] } })),
  ]);
}

/** Each case: changes judged one after the other, under the actor of their writer, into one empty history. */
function verdicts(): VectorFile {
  const byBob = (ops: readonly HandMadeOp[], more: HandMadeChange = {}): Made =>
    handMade({ actor: bob, others: [alice], deps: [base.hash], startOp: 9, ops, ...more });
  const onBase = (comment: string, verdict: string, made: Made, actor = bob): VectorCase =>
    judged(comment, [step(base, alice, "pass"), step(made, actor, verdict)]);
  const alone = (comment: string, verdict: string, change: HandMadeChange): VectorCase =>
    judged(comment, [step(handMade(change), alice, verdict)]);
  const second = handMade({
    seq: 2,
    startOp: 9,
    deps: [base.hash],
    ops: [{ key: text("x"), value: 2, pred: [[1, 0]] }],
  });
  const other = handMade({
    seq: 2,
    startOp: 9,
    deps: [base.hash],
    ops: [{ key: text("x"), value: 3, pred: [[1, 0]] }],
  });
  return vectorFile("Verdicts of the gate (sections 2 and 3)", [
    onBase("an assignment", "pass", byBob([{ key: text("x"), value: 2, pred: [[1, 1]] }])),
    onBase("a deletion", "pass", byBob([{ obj: [3, 1], key: [4, 1], action: act.del, pred: [[4, 1]] }])),
    onBase("an increment", "pass", byBob([{ key: text("c"), action: act.inc, value: -2, pred: [[8, 1]] }])),
    onBase(
      "a mark",
      "pass",
      byBob([
        { obj: [5, 1], key: head, insert: true, action: act.mark, value: true, mark: "bold", expand: true },
        { obj: [5, 1], key: [7, 1], insert: true, action: act.mark },
      ]),
    ),
    judged("known already", [step(base, alice, "pass"), step(base, alice, "known")]),
    judged("a missing dependency", [
      step(second, alice, "held"),
      step(base, alice, "pass"),
      step(second, alice, "pass"),
    ]),
    onBase("D2 under another actor", "CHANGE_ACTOR_FORGED", second, bob),
    judged("D1 two changes with one number", [
      step(base, alice, "pass"),
      step(second, alice, "pass"),
      step(other, alice, "CHANGE_EQUIVOCATION"),
    ]),
    onBase(
      "D1 a number left out",
      "CHANGE_SEQ",
      handMade({ seq: 3, startOp: 9, deps: [base.hash], ops: [{ value: 1 }] }),
      alice,
    ),
    onBase("D3 startOp too low", "CHANGE_START_OP", byBob([{ value: 1 }], { startOp: 5, others: [] })),
    onBase("D3 startOp too high", "CHANGE_START_OP", byBob([{ value: 1 }], { startOp: 2 ** 31, others: [] })),
    alone("D6 a map at __proto__", "CHANGE_FORBIDDEN_KEY", { ops: [{ key: text("__proto__"), action: act.makeMap }] }),
    onBase("an object that is not there", "CHANGE_BAD_REFERENCE", byBob([{ obj: [99, 1], value: 1 }])),
    onBase(
      "an element that is not there",
      "CHANGE_BAD_REFERENCE",
      byBob([{ obj: [3, 1], key: [99, 1], insert: true, value: 1 }]),
    ),
    onBase(
      "a predecessor that is not there",
      "CHANGE_BAD_REFERENCE",
      byBob([{ key: text("x"), value: 1, pred: [[99, 1]] }]),
    ),
    onBase(
      "a predecessor at another key",
      "CHANGE_BAD_REFERENCE",
      byBob([{ key: text("y"), value: 1, pred: [[1, 1]] }]),
    ),
    onBase("a text key in a list", "CHANGE_BAD_REFERENCE", byBob([{ obj: [3, 1], key: text("k"), value: 1 }])),
    onBase("a deletion of nothing", "CHANGE_BAD_OP", byBob([{ key: text("x"), action: act.del }], { others: [] })),
    alone("an unknown action", "CHANGE_BAD_OP", { ops: [{ action: 8 }] }),
    onBase(
      "a mark that ends before it begins",
      "CHANGE_BAD_MARK",
      byBob([
        { obj: [5, 1], key: [7, 1], insert: true, action: act.mark, value: true, mark: "bold" },
        { obj: [5, 1], key: head, insert: true, action: act.mark },
      ]),
    ),
    alone("a uint", "CHANGE_BAD_VALUE", { ops: [{ value: [3, [7]] }] }),
    alone("2^53 - 1", "CHANGE_BAD_VALUE", { ops: [{ value: [4, signed(2n ** 53n - 1n)] }] }),
    alone("2^53 - 2", "pass", { ops: [{ value: [4, signed(2n ** 53n - 2n)] }] }),
    alone("NaN", "CHANGE_BAD_VALUE", { ops: [{ value: [5, [0, 0, 0, 0, 0, 0, 0xf8, 0x7f]] }] }),
    alone("a time after the last date", "CHANGE_BAD_VALUE", { ops: [{ value: [9, signed(8_640_000_000_000_001n)] }] }),
    alone("a text that is not UTF-8", "CHANGE_BAD_VALUE", { ops: [{ value: [6, [0xed, 0xa0, 0x80]] }] }),
    alone("a number in two bytes for one", "CHANGE_NOT_CANONICAL", { ops: [{ value: [4, [0x81, 0]] }] }),
    alone("an actor that is never named", "CHANGE_NOT_CANONICAL", { others: [bob], ops: [{ value: 1 }] }),
    alone("two literal runs in a row", "CHANGE_NOT_CANONICAL", {
      ops: [{ key: text("y") }, { key: text("z") }],
      columns: { 21: [0x7f, 1, 0x79, 0x7f, 1, 0x7a] },
    }),
    alone("64 levels", "pass", { ops: nested(64) }),
    alone("D12 65 levels", "CHANGE_TOO_DEEP", { ops: nested(65) }),
  ]);
}

function packed(): VectorFile {
  const all = typed();
  const [first, second] = all.map(parse);
  if (first === undefined || second === undefined) throw new RangeError("there are changes");
  const firstPacked = packChanges([first]);
  return vectorFile("Packed payloads (section 4) of the writer whose actor is given", [
    encoded("the first change of a document", packChanges([first]), [first]),
    encoded("one change on another", packChanges([second]), [second]),
    encoded("six changes, each after the one before", packChanges(all.map(parse)), all.map(parse)),
    encoded("a time, a message and no operations", packChanges([parse(handMade({ time: 77, message: "m" }))]), [
      parse(handMade({ time: 77, message: "m" })),
    ]),
    refused(
      "a change that follows nothing",
      "CHANGE_MALFORMED",
      packChanges([first, second]).subarray(firstPacked.length),
    ),
    refused(
      "a place spelled out that is implied",
      "CHANGE_NOT_CANONICAL",
      Uint8Array.of(...firstPacked, ...packChanges([second])),
    ),
    refused("an unknown flag", "CHANGE_MALFORMED", Uint8Array.of(0x61, ...firstPacked.subarray(1))),
    refused("cut short", "CHANGE_MALFORMED", firstPacked.subarray(0, -1)),
  ]);
}

function bundles(): VectorFile {
  const all = typed().map(parse);
  const payload = bundleChanges(all);
  if (payload === null) throw new RangeError("they can be bundled");
  return vectorFile("Bundles (section 5) of the writer whose actor is given", [
    encoded("six changes, typed", payload, all),
    refused("one change only", "CHANGE_TOO_LARGE", Uint8Array.of(1, 1)),
    refused("bytes left over", "CHANGE_NOT_CANONICAL", Uint8Array.of(...payload, 0)),
    refused("cut short", "CHANGE_MALFORMED", Uint8Array.of(2, 1)),
  ]);
}

function firsts(): VectorFile {
  const data: readonly (readonly [string, Record<string, Json>])[] = [
    ["nothing", {}],
    ["scalars", { n: 1, f: 1.5, minus: -7, yes: true, no: false, nothing: null }],
    ["texts, a list and a map", { z: "hé🙂", b: { y: [1, "q", { k: true }], x: "" }, a: [] }],
  ];
  return vectorFile(
    "First changes of a document (section 6)",
    data.map(([comment, value]) => ({
      comment,
      actor: alice,
      data: value,
      bytes: toHex(writeFirstChange(fromHex(alice), value, sha256)),
    })),
  );
}

function rewrites(): VectorFile {
  const published = handMade({
    actor: bob,
    ops: [
      { key: text("m"), action: act.makeMap },
      { obj: [1, 0], key: text("k"), value: 1 },
    ],
  });
  const mine = handMade({
    others: [bob],
    deps: [published.hash],
    startOp: 3,
    ops: [
      { obj: [1, 1], key: text("k"), value: 2, pred: [[2, 1]] },
      { key: text("l"), action: act.makeList },
    ],
  });
  const more = handMade({
    deps: [mine.hash],
    seq: 2,
    startOp: 5,
    ops: [{ obj: [4, 0], key: head, insert: true, value: [7, [1, 2, 255]] }],
  });
  const rewrite = (comment: string, made: readonly Made[], to: string): VectorCase => ({
    comment,
    to,
    changes: made.map(({ bytes }) => toHex(bytes)),
    rewritten: reauthorChanges(made.map(parse), { actor: fromHex(to), firstSeq: 1 }, sha256).map(({ bytes }) =>
      toHex(bytes),
    ),
  });
  const [, ...typing] = typed();
  return vectorFile("Changes under a new actor (section 7)", [
    rewrite("all that the old actor has made", [mine, more], "01".repeat(16)),
    rewrite("on top of what the old actor has published", typing, "ff".repeat(16)),
  ]);
}

const nested = (depth: number): HandMadeOp[] =>
  Array.from({ length: depth }, (_, i) => ({ action: act.makeMap, ...(i > 0 ? { obj: [i, 0] as const } : {}) }));

function fieldsOf(change: ChangeChunk): { readonly [field: string]: Json } {
  const { hash, deps, actor, otherActors, seq, startOp, opCount, time, message } = change;
  return {
    hash: toHex(hash),
    deps: deps.map(toHex),
    actor: toHex(actor),
    otherActors: otherActors.map(toHex),
    seq,
    startOp,
    opCount,
    time,
    message,
  };
}

const step = (made: Made, actor: string, verdict: string): Json => ({ actor, change: toHex(made.bytes), verdict });
const judged = (comment: string, steps: readonly Json[]): VectorCase => ({ comment, steps });
const encoded = (comment: string, payload: Uint8Array, changes: readonly ChangeChunk[]): VectorCase => ({
  comment,
  actor: alice,
  payload: toHex(payload),
  changes: changes.map(({ bytes }) => toHex(bytes)),
});
const refused = (comment: string, code: string, payload: Uint8Array): VectorCase => ({
  comment,
  code,
  actor: alice,
  payload: toHex(payload),
});
