// The first change of a document, written and read without Automerge. Creating and listing documents in bulk needs nothing else, and
// costs a twentieth of what WebAssembly takes. The bytes are those that `Automerge.from` writes.
import { ByteSink } from "./byte-sink.ts";
import type { ChangeChunk, Sha256 } from "./change-chunk.ts";
import { action, emptyOp, isMake, type Op } from "./change-op.ts";
import { readFloat, readInteger, valueType } from "./change-value.ts";
import { writeChange } from "./change-writer.ts";
import { OpReader, opSourceOf } from "./op-reader.ts";
import { OpWriter } from "./op-writer.ts";
import type { Plain } from "./plain.ts";
import { decodeText, encodeText } from "./text.ts";
import { guardValue, isCounter, isFixedText } from "./values.ts";

const writer = new OpWriter();
const reader = new OpReader();
const scalar = new ByteSink();

/**
 * The first change of a document with this data, by `actor`; of no data, a change without operations.
 *
 * @throws CoreError `VALUE_UNSUPPORTED`
 */
export function writeFirstChange(actor: Uint8Array, data: object, sha256: Sha256): Uint8Array {
  guardValue(data);
  writer.clear();
  new Objects().addAll(data);
  const header = { deps: [], actor, seq: 1, startOp: 1, time: 0, message: "", otherActors: [] };
  return writeChange(header, { type: "written", columns: writer.finish() }, sha256).bytes;
}

/** Adds the operations of nested data to `writer`: level by level, so that those of one object stand together. */
class Objects {
  readonly #op: Op = emptyOp();
  /** Made, and still to be filled. */
  readonly #waiting: { readonly id: number; readonly content: object | string }[] = [];
  #lastOp = 0;

  addAll(data: object): void {
    this.#addMap(0, data);
    for (let next = 0; next < this.#waiting.length; next++) {
      const made = this.#waiting[next];
      if (made === undefined) break;
      const { id, content } = made;
      if (typeof content === "string") this.#addText(id, content);
      else if (Array.isArray(content)) this.#addList(id, content);
      else this.#addMap(id, content);
    }
  }

  #addMap(object: number, map: object): void {
    this.#op.objectCounter = object;
    this.#op.insert = false;
    const entries = Object.entries(map).sort(([a], [b]) => compareAsUtf8(a, b));
    for (const [key, value] of entries) {
      this.#op.keyText = key;
      this.#addValue(value);
    }
  }

  #addList(object: number, list: readonly unknown[]): void {
    this.#startList(object);
    for (const value of list) {
      this.#addValue(value);
      this.#op.keyCounter = this.#lastOp;
    }
  }

  #addText(object: number, text: string): void {
    this.#startList(object);
    this.#op.action = action.set;
    this.#op.valueType = valueType.text;
    const bytes = encodeText(text);
    for (let start = 0; start < bytes.length; start = this.#op.valueEnd) {
      this.#op.valueStart = start;
      this.#op.valueEnd = start + utf8Length(bytes[start] ?? 0);
      writer.add(this.#op, bytes);
      this.#op.keyCounter = ++this.#lastOp;
    }
  }

  #startList(object: number): void {
    this.#op.objectCounter = object;
    this.#op.insert = true;
    this.#op.keyText = null;
    this.#op.keyCounter = 0;
  }

  #addValue(value: unknown): void {
    scalar.clear();
    this.#op.action = action.set;
    this.#op.valueType = valueType.null;
    this.#lastOp++;
    if (typeof value === "string") this.#make(action.makeText, value);
    else if (typeof value === "object" && value !== null) this.#addObject(value);
    else if (typeof value === "number") this.#op.valueType = writeNumber(value);
    else if (typeof value === "boolean") this.#op.valueType = value ? valueType.true : valueType.false;
    this.#op.valueStart = 0;
    this.#op.valueEnd = scalar.length;
    writer.add(this.#op, scalar.view());
  }

  #addObject(value: object): void {
    if (value instanceof Uint8Array) {
      this.#op.valueType = valueType.bytes;
      scalar.append(value);
    } else if (value instanceof Date) {
      this.#op.valueType = valueType.timestamp;
      scalar.signed(value.getTime());
    } else if (isCounter(value)) {
      this.#op.valueType = valueType.counter;
      scalar.signed(Number(value));
    } else if (isFixedText(value)) {
      this.#op.valueType = valueType.text;
      scalar.append(encodeText(String(value)));
    } else this.#make(Array.isArray(value) ? action.makeList : action.makeMap, value);
  }

  #make(code: number, content: object | string): void {
    this.#op.action = code;
    this.#waiting.push({ id: this.#lastOp, content });
  }
}

function writeNumber(value: number): number {
  if (Number.isInteger(value) && !Object.is(value, -0)) {
    scalar.signed(value);
    return valueType.int;
  }
  scalar.append(new Uint8Array(littleEndianFloat(value)));
  return valueType.float;
}

function littleEndianFloat(value: number): ArrayBuffer {
  const buffer = new ArrayBuffer(8);
  new DataView(buffer).setFloat64(0, value, true);
  return buffer;
}

/** Bytes of the UTF-8 sequence that starts with `first`. */
function utf8Length(first: number): number {
  if (first < 0x80) return 1;
  if (first < 0xe0) return 2;
  return first < 0xf0 ? 3 : 4;
}

/** The order of the UTF-8 bytes, which is that of the code points: UTF-16 code units put surrogates before U+E000. */
function compareAsUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [left, right] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (left !== right) return rank(left) - rank(right);
  }
  return a.length - b.length;
}

function rank(unit: number): number {
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x1_0000 : unit;
}

interface Made {
  readonly kind: "map" | "list" | "text";
  readonly map: Record<string, Plain>;
  readonly list: Plain[];
  text: string;
  /** Counter of the last element; 0 before the first. */
  last: number;
  /** Puts the finished object where it belongs. */
  readonly settle: (value: Plain) => void;
}

/**
 * The data of a document that has this one change, which passed the gate: what `toPlain` gives for the document. Null when the change
 * does more than create: then ask Automerge.
 */
export function readFirstChange(change: ChangeChunk): Plain | null {
  if (change.deps.length > 0 || change.startOp !== 1) return null;
  const root = madeObject("map", () => undefined);
  const objects = new Map([[0, root]]);
  const op = emptyOp();
  reader.open(opSourceOf(change));
  for (let counter = 1; counter <= change.opCount; counter++) {
    reader.next(op);
    const object = objects.get(op.objectCounter);
    if (object === undefined || !place(op, counter, object, objects, change.bytes)) return null;
  }
  for (const object of [...objects.values()].reverse()) object.settle(finished(object));
  return root.map;
}

/** Puts the value of an operation into its object; false when it is more than an addition at the end. */
function place(op: Op, counter: number, object: Made, objects: Map<number, Made>, bytes: Uint8Array): boolean {
  if (op.predCount > 0 || !(isMake(op.action) || op.action === action.set)) return false;
  let settle: (value: Plain) => void;
  if (object.kind === "map") {
    const key = op.keyText ?? "";
    if (Object.hasOwn(object.map, key)) return false;
    object.map[key] = null;
    settle = (value) => {
      object.map[key] = value;
    };
  } else {
    if (op.keyCounter !== object.last || !op.insert) return false;
    object.last = counter;
    if (object.kind === "text") return addLetter(op, object, bytes);
    const index = object.list.push(null) - 1;
    settle = (value) => {
      object.list[index] = value;
    };
  }
  if (isMake(op.action)) objects.set(counter, madeObject(kindOf(op.action), settle));
  else settle(scalarOf(op, bytes));
  return true;
}

function addLetter(op: Op, object: Made, bytes: Uint8Array): boolean {
  if (op.action !== action.set || op.valueType !== valueType.text) return false;
  object.text += decodeText(bytes, op.valueStart, op.valueEnd);
  return true;
}

function madeObject(kind: Made["kind"], settle: Made["settle"]): Made {
  return { kind, map: {}, list: [], text: "", last: 0, settle };
}

function kindOf(code: number): Made["kind"] {
  if (code === action.makeMap) return "map";
  return code === action.makeList ? "list" : "text";
}

function finished(object: Made): Plain {
  if (object.kind === "map") return object.map;
  return object.kind === "list" ? object.list : object.text;
}

function scalarOf(op: Op, bytes: Uint8Array): Plain {
  const { valueStart: start, valueEnd: end } = op;
  switch (op.valueType) {
    case valueType.false:
      return false;
    case valueType.true:
      return true;
    case valueType.int:
    case valueType.counter:
      return readInteger(bytes, start, end);
    case valueType.float:
      return readFloat(bytes, start, end);
    case valueType.text:
      return decodeText(bytes, start, end);
    case valueType.bytes:
      return bytes.slice(start, end);
    case valueType.timestamp:
      return new Date(readInteger(bytes, start, end));
    default:
      return null;
  }
}
