// The first change of a document, written without Automerge: creating documents in bulk needs nothing else, and costs a twentieth of
// what WebAssembly takes. The bytes are those that `Automerge.from` writes. `read-first-change.ts` reads it back.
import { ByteSink } from "./byte-sink.ts";
import type { Sha256 } from "./change-chunk.ts";
import { action, emptyOp, type Op } from "./change-op.ts";
import { valueType } from "./change-value.ts";
import { writeChange } from "./change-writer.ts";
import { OpWriter } from "./op-writer.ts";
import { compareAsUtf8, encodeText } from "./text.ts";
import { guardValue, isCounter, isFixedText } from "./values.ts";

const writer = new OpWriter();
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
    for (let start = 0; start < bytes.length; ) {
      const length = utf8Length(bytes[start] ?? 0);
      // The first comes after the head, so it stands by itself.
      const letters = start === 0 ? 1 : alikeLetters(bytes, start, length);
      this.#op.valueStart = start;
      this.#op.valueEnd = start + length;
      writer.add(this.#op, bytes, letters);
      this.#lastOp += letters;
      this.#op.keyCounter = this.#lastOp;
      start += letters * length;
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

/** How many letters from `start` on have as many bytes. */
function alikeLetters(bytes: Uint8Array, start: number, length: number): number {
  let end = start;
  while (end < bytes.length && utf8Length(bytes[end] ?? 0) === length) end += length;
  return (end - start) / length;
}

/** Bytes of the UTF-8 sequence that starts with `first`. */
function utf8Length(first: number): number {
  if (first < 0x80) return 1;
  if (first < 0xe0) return 2;
  return first < 0xf0 ? 3 : 4;
}
