// Writes a change that gives keys of the root numbers, truth values or null, without Automerge: which takes three times as long to make one
// as to be given it, together with others, once somebody looks. The bytes are those that Automerge writes. Test: own-tip.test.ts.
import { compareBytes, fromHex, toHex } from "@selkie/entry";
import { ByteSink } from "./byte-sink.ts";
import type { ChangeChunk, Sha256 } from "./change-chunk.ts";
import { madeHere } from "./change-error.ts";
import { emptyOp } from "./change-op.ts";
import { valueType, writeNumber } from "./change-value.ts";
import { writeChange } from "./change-writer.ts";
import { OpWriter } from "./op-writer.ts";

/** A value that is one operation, whatever it is. */
export type PlainValue = number | boolean | null;

/** Values for keys of the root, in the order in which they were given. */
export type PlainSets = ReadonlyMap<string, PlainValue>;

/** What is at a key of the root, as Automerge's `getAll` gives it: type, value and id of each operation that shows. */
export type ReadKey = (key: string) => readonly (readonly unknown[])[];

/** A plain value that is there, and the operation that gave it. */
interface Given {
  readonly type: string;
  readonly value: PlainValue;
  readonly counter: number;
  /** Null for who makes the next change. */
  readonly actor: Uint8Array | null;
}

/** A key that is given a value, and what was there. */
interface PlainSet {
  readonly key: string;
  readonly value: PlainValue;
  readonly before: Given | null;
}

/** Their names in Automerge. */
const plainTypes: ReadonlySet<unknown> = new Set(["int", "f64", "boolean", "null"]);

/** Used and given up by one call. */
const [writer, op, bytes] = [new OpWriter(), emptyOp(), new ByteSink()];

/** The newest change of a document, with all others before it, by whoever makes the next. */
export class OwnTip {
  #last: ChangeChunk;
  /** By key of the root, as far as it was asked for; null where nothing is. */
  readonly #given = new Map<string, Given | null>();

  constructor(last: ChangeChunk) {
    this.#last = last;
  }

  /**
   * Makes the next change, which is the newest from now on; null when the keys have these values already.
   * @param read what is there of keys that none of these changes gave a value
   * @returns nothing when Automerge has to make it: something else than one plain value is there
   * @throws CoreError CHANGE_TOO_LARGE
   */
  write(
    sets: PlainSets,
    read: ReadKey,
    { sha256, message = "" }: { readonly sha256: Sha256; readonly message?: string | undefined },
  ): ChangeChunk | null | undefined {
    const changed: PlainSet[] = [];
    for (const [key, value] of sets) {
      const before = this.#givenAt(key, read);
      if (before === undefined) return undefined;
      if (before?.value !== value || before.type !== typeOf(value)) changed.push({ key, value, before });
    }
    if (changed.length === 0) return null;
    const { actor, hash, seq, maxOp } = this.#last;
    const otherActors = actorsOf(changed);
    writer.clear();
    for (const set of changed) writeSet(set, otherActors);
    const header = { deps: [hash], actor, seq: seq + 1, startOp: maxOp + 1, time: 0, message, otherActors };
    this.#last = madeHere(() => writeChange(header, { type: "written", columns: writer.finish() }, sha256));
    for (const [at, { key, value }] of changed.entries())
      this.#given.set(key, { type: typeOf(value), value, counter: maxOp + 1 + at, actor: null });
    return this.#last;
  }

  #givenAt(key: string, read: ReadKey): Given | null | undefined {
    let given = this.#given.get(key);
    if (given !== undefined) return given;
    given = givenOf(read(key), toHex(this.#last.actor));
    if (given !== undefined) this.#given.set(key, given);
    return given;
  }
}

/** Nothing for what is not one plain value or none. */
function givenOf([first, ...others]: ReturnType<ReadKey>, author: string): Given | null | undefined {
  if (first === undefined) return null;
  const [type, value, id] = first;
  if (others.length > 0 || !plainTypes.has(type)) return undefined;
  const [counter, actor = ""] = String(id).split("@");
  return {
    type: String(type),
    value: value as PlainValue,
    counter: Number(counter),
    actor: actor === author ? null : fromHex(actor),
  };
}

/** As Automerge names it. */
function typeOf(value: PlainValue): string {
  if (typeof value === "number") return Number.isInteger(value) ? "int" : "f64";
  return value === null ? "null" : "boolean";
}

/** Who else is named, in order. */
function actorsOf(sets: readonly PlainSet[]): readonly Uint8Array[] {
  const actors = new Map<string, Uint8Array>();
  for (const { before } of sets)
    if (before != null && before.actor !== null) actors.set(toHex(before.actor), before.actor);
  return [...actors.values()].sort(compareBytes);
}

function writeSet({ key, value, before }: PlainSet, otherActors: readonly Uint8Array[]): void {
  bytes.clear();
  op.keyText = key;
  op.valueType = typeof value === "number" ? writeNumber(bytes, value) : wordOf(value);
  op.valueEnd = bytes.length;
  op.predCount = before === null ? 0 : 1;
  op.predCounters[0] = before?.counter ?? 0;
  const other = before?.actor ?? null;
  op.predActors[0] = other === null ? 0 : 1 + otherActors.findIndex((actor) => compareBytes(actor, other) === 0);
  writer.add(op, bytes.bytes);
}

const wordOf = (value: boolean | null): number =>
  value === null ? valueType.null : value ? valueType.true : valueType.false;
