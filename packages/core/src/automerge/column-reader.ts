// The columns of a change: run-length encoded, delta encoded and boolean.
//
// INVARIANT: a column is accepted in one encoding only, the one Automerge writes. Automerge keeps no received bytes: it encodes a
// change anew from its operations, so a change in any other encoding would have another hash after `save()` and `load()`, and the
// document could never be loaded again. Test: change-chunk.test.ts "refuses every column that Automerge would encode otherwise".
import { ByteCursor } from "./byte-cursor.ts";
import { ChangeError } from "./change-error.ts";
import { decodeText } from "./text.ts";

/** Rows of a column of runs, one at a time, without expanding a run. */
abstract class RunReader<T extends number | string> {
  protected readonly cursor: ByteCursor;
  #left = 0;
  #kind: "start" | "repeat" | "literal" | "null" = "start";
  #value: T | null = null;
  #valued = false;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.cursor = new ByteCursor(bytes, start, end);
  }

  protected abstract read(): T;

  /** Whether all rows were read and one of them had a value: a column without any is left out. */
  get complete(): boolean {
    return this.#left === 0 && this.cursor.done && this.#valued;
  }

  /** The value of the next row; null where it has none. */
  next(): T | null {
    if (this.#left === 0) this.#startRun();
    this.#left--;
    if (this.#kind === "null") return null;
    if (this.#kind === "literal") this.#value = this.#readOther();
    return this.#value;
  }

  #startRun(): void {
    const count = this.cursor.signed();
    if (count > 1) {
      const value = this.#readOther();
      this.#kind = "repeat";
      this.#value = value;
      this.#left = count;
    } else if (count < 0) {
      if (this.#kind === "literal") throw notCanonical();
      this.#kind = "literal";
      this.#left = -count;
    } else if (count === 0) {
      if (this.#kind === "null") throw notCanonical();
      this.#kind = "null";
      this.#value = null;
      this.#left = this.cursor.unsigned();
      if (this.#left === 0) throw notCanonical();
    } else throw notCanonical();
  }

  #readOther(): T {
    const value = this.read();
    if (value === this.#value) throw notCanonical();
    this.#valued = true;
    return value;
  }
}

/** A column of whole numbers from 0 up. */
export class NumberReader extends RunReader<number> {
  protected override read(): number {
    return this.cursor.unsigned();
  }
}

class SignedReader extends RunReader<number> {
  protected override read(): number {
    return this.cursor.signed();
  }
}

/** A column of texts. */
export class TextReader extends RunReader<string> {
  protected override read(): string {
    const length = this.cursor.unsigned();
    const start = this.cursor.skip(length);
    return decodeText(this.cursor.bytes, start, start + length);
  }
}

/** A column of whole numbers from 0 up, each stored as the difference to the one before. */
export class DeltaReader {
  readonly #differences: SignedReader;
  #value = 0;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#differences = new SignedReader(bytes, start, end);
  }

  get complete(): boolean {
    return this.#differences.complete;
  }

  next(): number | null {
    const difference = this.#differences.next();
    if (difference === null) return null;
    this.#value += difference;
    if (this.#value < 0 || this.#value > Number.MAX_SAFE_INTEGER)
      throw new ChangeError("CHANGE_MALFORMED", "a counter is out of range");
    return this.#value;
  }
}

/** A column of booleans: the lengths of alternating runs, false first. */
export class BooleanReader {
  readonly #cursor: ByteCursor;
  #left = 0;
  #value = true;
  #first = true;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#cursor = new ByteCursor(bytes, start, end);
  }

  /** Whether all rows were read. */
  get complete(): boolean {
    return this.#left === 0 && this.#cursor.done;
  }

  next(): boolean {
    while (this.#left === 0) {
      this.#value = !this.#value;
      this.#left = this.#cursor.unsigned();
      if (this.#left === 0 && !this.#first) throw notCanonical();
      this.#first = false;
    }
    this.#left--;
    return this.#value;
  }
}

/** Rows of a column of numbers, counted without expanding its runs; throws `CHANGE_TOO_LARGE` beyond `most`. */
export function countRows(bytes: Uint8Array, start: number, end: number, most: number): number {
  const cursor = new ByteCursor(bytes, start, end);
  let rows = 0;
  while (!cursor.done) {
    const count = cursor.signed();
    rows += count === 0 ? cursor.unsigned() : Math.abs(count);
    if (rows > most) throw new ChangeError("CHANGE_TOO_LARGE", `more than ${most} operations`);
    if (count > 0) cursor.unsigned();
    for (let i = count; i < 0; i++) cursor.unsigned();
  }
  return rows;
}

function notCanonical(): ChangeError {
  return new ChangeError("CHANGE_NOT_CANONICAL", "a column is not in its shortest form");
}
