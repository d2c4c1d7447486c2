// Changes as a member who deviates makes them: as costly as the format lets them be.
import { deflateRawSync } from "node:zlib";
import { action, emptyOp, type Op, OpWriter, valueType, writeChange } from "@selkie/core/internal";
import { nativeCrypto as crypto } from "@selkie/crypto/native";

type Change = ReturnType<typeof writeChange>;

/** Changes of one document by one actor, each after the one before; all but the last are there before the hostile one comes. */
type Made = (actor: Uint8Array) => readonly Uint8Array[];

export interface HostileChange {
  readonly name: string;
  /** What the gate is to say: whether the document shows it. */
  readonly passes: boolean;
  readonly make: Made;
}

const MOST = 100_000;
const LETTERS = 50_000;
const MARKS = 5_000;
/** Behind the magic number and the checksum. */
const CHUNK_TYPE_AT = 8;
const COMPRESSED = 2;
const letter = Uint8Array.of(0x78);
const oneLetter = { valueType: valueType.text, valueEnd: 1 };
/** The object that operation 1 makes. */
const inFirst = { objectCounter: 1, keyText: null };

const list = (count: number): Op[] => [
  operation({ action: action.makeList, keyText: "list" }),
  ...many(count - 1, (n) => ({ ...inFirst, insert: true, keyCounter: n === 0 ? 0 : n + 1 })),
];

/** Two paths of letters, each after the one before the last: nothing is a run, and whoever asks which of two is first climbs far. */
const twoPaths = (): Op[] => [
  operation({ action: action.makeText, keyText: "text" }),
  ...many(LETTERS, (n) => ({ ...inFirst, ...oneLetter, insert: true, keyCounter: n < 2 ? 0 : n })),
];

export const hostileChanges: readonly HostileChange[] = [
  passing("100,000 values of one key", () => many(MOST, () => ({ keyText: "k" }))),
  passing("100,000 keys", () => many(MOST, (n) => ({ keyText: n.toString(36) }))),
  passing("100,000 objects", () => many(MOST, (n) => ({ action: action.makeMap, keyText: n.toString(36) }))),
  passing("100,000 list elements, each after the last", () => list(MOST)),
  passing("100,000 list elements, each before the last", () => [
    operation({ action: action.makeList, keyText: "list" }),
    ...many(MOST - 1, () => ({ ...inFirst, insert: true })),
  ]),
  passing("a text of 100,000 letters", () => [
    operation({ action: action.makeText, keyText: "text" }),
    ...many(MOST - 1, (n) => ({ ...inFirst, ...oneLetter, insert: true, keyCounter: n === 0 ? 0 : n + 1 })),
  ]),
  {
    name: "5,000 marks in a text of 50,000 letters",
    passes: true,
    make: (actor) => {
      const base = changeOf(actor, twoPaths());
      const marks = Array.from({ length: MARKS }, () => [
        operation({ ...inFirst, action: action.mark, insert: true, keyCounter: 40_000, markName: "m" }),
        operation({ ...inFirst, action: action.mark, insert: true, keyCounter: LETTERS }),
      ]);
      return [base.bytes, changeOf(actor, marks.flat(), base).bytes];
    },
  },
  refused("a bad reference after 100,000 list elements", (actor) => [
    changeOf(actor, [...list(MOST - 1), operation({ ...inFirst, insert: true, keyCounter: MOST + 1 })]).bytes,
  ]),
  refused("maps in maps, 50,000 deep", (actor) => [
    changeOf(
      actor,
      many(LETTERS, (n) => ({ action: action.makeMap, objectCounter: n, keyText: "k" })),
    ).bytes,
  ]),
  refused("a compressed megabyte", (actor) => [compressed(changeOf(actor, list(MOST)).bytes)]),
];

/** Operations are made when they are needed: a heap full of them would make every collection of garbage dear. */
function passing(name: string, ops: () => readonly Op[]): HostileChange {
  return { name, passes: true, make: (actor) => [changeOf(actor, ops()).bytes] };
}

function refused(name: string, make: Made): HostileChange {
  return { name, passes: false, make };
}

function operation(fields: Partial<Op>): Op {
  return { ...emptyOp(), ...fields };
}

function many(count: number, fields: (n: number) => Partial<Op>): readonly Op[] {
  return Array.from({ length: count }, (_, n) => operation(fields(n)));
}

function changeOf(actor: Uint8Array, ops: readonly Op[], before?: Change): Change {
  const writer = new OpWriter();
  writer.clear();
  for (const op of ops) writer.add(op, letter);
  const header = {
    deps: before === undefined ? [] : [before.hash],
    actor,
    seq: (before?.seq ?? 0) + 1,
    startOp: (before?.maxOp ?? 0) + 1,
    time: 0,
    message: "",
    otherActors: [],
  };
  return writeChange(header, { type: "written", columns: writer.finish() }, sha256);
}

const sha256 = (...chunks: readonly Uint8Array[]): Uint8Array => crypto.sha256(...chunks);

/** The chunk as Automerge compresses it: type 2, the length of what is deflated, and that; its checksum is left as it was. */
function compressed(change: Uint8Array): Uint8Array {
  const body = deflateRawSync(change.subarray(CHUNK_TYPE_AT + 1));
  return Uint8Array.from([...change.subarray(0, CHUNK_TYPE_AT), COMPRESSED, ...unsigned(body.length), ...body]);
}

function unsigned(value: number): readonly number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(Math.floor(value / 0x80))];
}
