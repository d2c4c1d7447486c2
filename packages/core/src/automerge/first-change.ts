// The first change of a document, written without Automerge: creating documents in bulk needs nothing else, and costs a twentieth of
// what WebAssembly takes. The bytes are those that `Automerge.from` writes. `read-first-change.ts` reads it back.
import { CoreError } from "../errors.ts";
import { ByteSink } from "./byte-sink.ts";
import type { ChangeChunk, Sha256 } from "./change-chunk.ts";
import { madeHere } from "./change-error.ts";
import { action, emptyOp, type Op } from "./change-op.ts";
import { valueType, writeNumber } from "./change-value.ts";
import { writeChange } from "./change-writer.ts";
import { OpWriter } from "./op-writer.ts";
import { isMap } from "./plain-data.ts";
import { compareAsUtf8 } from "./text.ts";
import { guardValue, isCounter, isFixedText } from "./values.ts";

const writer = new OpWriter();
/** The value of the operation that is added, or the letters of a text. */
const value = new ByteSink();

/** The bytes of `makeFirstChange`. */
export function writeFirstChange(actor: Uint8Array, data: object, sha256: Sha256): Uint8Array {
  return makeFirstChange(actor, data, sha256).bytes;
}

/**
 * The first change of a document with this data, by `actor`; of no data, a change without operations.
 *
 * @throws CoreError `VALUE_UNSUPPORTED` | `CHANGE_TOO_LARGE`
 */
export function makeFirstChange(actor: Uint8Array, data: object, sha256: Sha256): ChangeChunk {
  if (!isMap(data)) throw new CoreError("VALUE_UNSUPPORTED", "a document is an object with fields");
  guardValue(data);
  writer.clear();
  new Objects().addAll(data);
  const header = { deps: [], actor, seq: 1, startOp: 1, time: 0, message: "", otherActors: [] };
  return madeHere(() => writeChange(header, { type: "written", columns: writer.finish() }, sha256));
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
    for (const key of Object.keys(map).sort(compareAsUtf8)) {
      this.#op.keyText = key;
      this.#addValue(Reflect.get(map, key));
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
    value.clear();
    value.text(text);
    for (let start = 0; start < value.length; ) {
      const length = utf8Length(value.bytes[start] ?? 0);
      // The first comes after the head, so it stands by itself.
      const letters = start === 0 ? 1 : alikeLetters(value, start, length);
      this.#op.valueStart = start;
      this.#op.valueEnd = start + length;
      writer.add(this.#op, value.bytes, letters);
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

  #addValue(given: unknown): void {
    value.clear();
    this.#op.action = action.set;
    this.#op.valueType = valueType.null;
    this.#lastOp++;
    if (typeof given === "string") this.#make(action.makeText, given);
    else if (typeof given === "object" && given !== null) this.#addObject(given);
    else if (typeof given === "number") this.#op.valueType = writeNumber(value, given);
    else if (typeof given === "boolean") this.#op.valueType = given ? valueType.true : valueType.false;
    this.#op.valueStart = 0;
    this.#op.valueEnd = value.length;
    writer.add(this.#op, value.bytes);
  }

  #addObject(given: object): void {
    if (given instanceof Uint8Array) {
      this.#op.valueType = valueType.bytes;
      value.append(given);
    } else if (given instanceof Date) {
      this.#op.valueType = valueType.timestamp;
      value.signed(given.getTime());
    } else if (isCounter(given)) {
      this.#op.valueType = valueType.counter;
      value.signed(Number(given));
    } else if (isFixedText(given)) {
      this.#op.valueType = valueType.text;
      value.text(String(given));
    } else this.#make(Array.isArray(given) ? action.makeList : action.makeMap, given);
  }

  #make(code: number, content: object | string): void {
    this.#op.action = code;
    this.#waiting.push({ id: this.#lastOp, content });
  }
}

/** How many letters from `start` on have as many bytes. */
function alikeLetters({ bytes, length: all }: ByteSink, start: number, length: number): number {
  let end = start;
  while (end < all && utf8Length(bytes[end] ?? 0) === length) end += length;
  return (end - start) / length;
}

/** Bytes of the UTF-8 sequence that starts with `first`. */
function utf8Length(first: number): number {
  if (first < 0x80) return 1;
  if (first < 0xe0) return 2;
  return first < 0xf0 ? 3 : 4;
}
