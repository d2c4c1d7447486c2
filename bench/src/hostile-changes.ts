// Changes as a member who deviates makes them: as costly as the format lets them be.
import { deflateRawSync } from "node:zlib";
import { action, emptyOp, type Op, OpWriter, valueType, writeChange } from "@selkie/core/internal";
import { nativeCrypto as crypto } from "@selkie/crypto/native";

type Change = ReturnType<typeof writeChange>;
type WrittenColumns = ReturnType<OpWriter["finish"]>;

/** Changes of one document by one actor, each after the one before; all but the last are there before the hostile one comes. */
type Made = (actor: Uint8Array) => readonly Uint8Array[];

type Operations = () => readonly Op[];

export interface HostileChange {
  readonly name: string;
  /** What the gate is to say: whether the document shows it. */
  readonly passes: boolean;
  /** In as many documents of one entry, a part each. */
  readonly documents: number;
  readonly make: Made;
}

const MOST = 100_000;
/** The work of an entry, but for what its part, its change and the first operation cost (docs/spec/change.md section 3). */
const WORK = 119_700;
const LETTERS = 50_000;
const BRANCHES = 1_500;
/** Behind the magic number and the checksum. */
const CHUNK_TYPE_AT = 8;
const COMPRESSED = 2;
const letter = Uint8Array.of(0x78);
const oneLetter = { valueType: valueType.text, valueEnd: 1 };
/** As many operations as one entry may hold that make so much work each. */
const mostOf = (work: number): number => Math.floor(WORK / work);
/** Of numbers up to `count`, each once, none near the one before. */
const scattered = (n: number, count: number): number => (n * 7_919) % count;
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

/** A third of the branches of maps in maps, behind as many operations. */
const deepMaps = (behind: number): readonly Op[] =>
  many((63 * BRANCHES) / 3, (n) => ({
    action: action.makeMap,
    objectCounter: n % 63 === 0 ? 0 : behind + n,
    keyText: "k",
  }));

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
  passing(
    "values of as many keys, each in the place of another",
    () => many(MOST, (n) => ({ keyText: n.toString(36) })),
    () => many(mostOf(2), (n) => ({ keyText: n.toString(36), ...replaces(n + 1) })),
  ),
  passing(
    "values of keys here and there, each in the place of another",
    () => many(MOST, (n) => ({ keyText: n.toString(36) })),
    () =>
      many(mostOf(4), (n) => {
        const at = scattered(n, MOST);
        return { keyText: at.toString(36), ...replaces(at + 1) };
      }),
  ),
  passing(
    "maps, in those that are 63 deep",
    () => deepMaps(0),
    () => deepMaps((63 * BRANCHES) / 3),
    () => deepMaps(2 * ((63 * BRANCHES) / 3)),
    () =>
      many(mostOf(3), (n) => ({ action: action.makeMap, objectCounter: ((n * 7) % BRANCHES) * 63 + 63, keyText: "k" })),
  ),
  passing("50,000 letters deleted, one after the other, none of which is in a run", twoPaths, () =>
    many(LETTERS, (n) => ({ ...inFirst, action: action.del, keyCounter: n + 2, ...replaces(n + 2) })),
  ),
  passing("letters deleted here and there", twoPaths, () =>
    many(mostOf(5), (n) => {
      const at = scattered(n, LETTERS) + 2;
      return { ...inFirst, action: action.del, keyCounter: at, ...replaces(at) };
    }),
  ),
  passing("letters inserted here and there", twoPaths, () =>
    many(mostOf(3), (n) => ({ ...inFirst, ...oneLetter, insert: true, keyCounter: scattered(n, LETTERS) + 2 })),
  ),
  passing("marks in a text of 50,000 letters", twoPaths, () =>
    Array.from({ length: mostOf(28) }, () => [
      operation({ ...inFirst, action: action.mark, insert: true, keyCounter: 40_000, markName: "m" }),
      operation({ ...inFirst, action: action.mark, insert: true, keyCounter: LETTERS }),
    ]).flat(),
  ),
  passing("marks of two letters in a text of 50,000", twoPaths, () =>
    Array.from({ length: mostOf(26) }, (_, n) => [
      operation({ ...inFirst, action: action.mark, insert: true, keyCounter: scattered(n, 49_000) + 2, markName: "m" }),
      operation({ ...inFirst, action: action.mark, insert: true, keyCounter: scattered(n, 49_000) + 3 }),
    ]).flat(),
  ),
  { ...passing("as much as 500 parts may hold", () => many(24, () => ({ keyText: "k" }))), documents: 500 },
  {
    ...refused("100,000 values in each of 4,000 parts", () => many(MOST, () => ({ keyText: "k" }))),
    documents: 4_000,
  },
  refused("a bad reference after 100,000 list elements", () => [
    ...list(MOST - 1),
    operation({ ...inFirst, insert: true, keyCounter: MOST + 1 }),
  ]),
  refused("maps in maps, 50,000 deep", () =>
    many(LETTERS, (n) => ({ action: action.makeMap, objectCounter: n, keyText: "k" })),
  ),
  {
    ...refused("a compressed megabyte", () => []),
    make: (actor) => [compressed(changeOf(actor, columnsOf(list(MOST))).bytes)],
  },
];

function passing(name: string, ...changes: readonly Operations[]): HostileChange {
  return { name, passes: true, documents: 1, make: making(changes) };
}

function refused(name: string, ...changes: readonly Operations[]): HostileChange {
  return { name, passes: false, documents: 1, make: making(changes) };
}

/** Operations are made when they are needed, and then once: a heap full of them would make every collection of garbage dear. */
function making(changes: readonly Operations[]): Made {
  let columns: readonly WrittenColumns[] | null = null;
  return (actor) => {
    columns ??= changes.map((ops) => columnsOf(ops()));
    const made: Change[] = [];
    for (const some of columns) made.push(changeOf(actor, some, made.at(-1)));
    return made.map(({ bytes }) => bytes);
  };
}

/** Of the author's own operation with this counter. */
const replaces = (counter: number): Partial<Op> => ({ predCount: 1, predActors: [0], predCounters: [counter] });

function operation(fields: Partial<Op>): Op {
  return { ...emptyOp(), ...fields };
}

function many(count: number, fields: (n: number) => Partial<Op>): readonly Op[] {
  return Array.from({ length: count }, (_, n) => operation(fields(n)));
}

function columnsOf(ops: readonly Op[]): WrittenColumns {
  const writer = new OpWriter();
  writer.clear();
  for (const op of ops) writer.add(op, letter);
  return writer.finish();
}

function changeOf(actor: Uint8Array, columns: WrittenColumns, before?: Change): Change {
  const header = {
    deps: before === undefined ? [] : [before.hash],
    actor,
    seq: (before?.seq ?? 0) + 1,
    startOp: (before?.maxOp ?? 0) + 1,
    time: 0,
    message: "",
    otherActors: [],
  };
  return writeChange(header, { type: "written", columns }, sha256);
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
