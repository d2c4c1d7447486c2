// The columns of a change: run-length encoded, delta encoded and boolean.
//
// INVARIANT: a column is accepted in one encoding only, the one Automerge writes. Automerge keeps no received bytes: it encodes a
// change anew from its operations, so a change in any other encoding would have another hash after `save()` and `load()`, and the
// document could never be loaded again. Test: change-chunk.test.ts "refuses every column that Automerge would encode otherwise".
import { ByteCursor } from "./byte-cursor.ts";
import { ChangeError } from "./change-error.ts";
import { changeLimits } from "./change-limits.ts";
import { checkText, decodeText } from "./text.ts";

/** The rows of one column, one at a time. A reader is opened for one column after the other: a gate reads very many. */
export abstract class ColumnReader extends ByteCursor {
  /** Whether the column is there at all. */
  present = false;

  /** Starts at the first row of the column in `bytes[start..end]`; none is there when the range is empty. */
  open(bytes: Uint8Array, start: number, end: number): void {
    this.move(bytes, start, end);
    this.present = start < end;
  }
}

/** A column of runs; no run is expanded. */
abstract class RunReader<T extends number | string> extends ColumnReader {
  #left = 0;
  #kind: "start" | "repeat" | "literal" | "null" = "start";
  #value: T | null = null;
  #valued = false;

  protected abstract read(): T;

  override open(bytes: Uint8Array, start: number, end: number): void {
    super.open(bytes, start, end);
    this.#left = 0;
    this.#kind = "start";
    this.#value = null;
    this.#valued = false;
  }

  /** Whether all rows were read and one of them had a value: a column without any is left out. */
  get complete(): boolean {
    return !this.present || (this.#left === 0 && this.done && this.#valued);
  }

  /** How many of the next rows are sure to be like the one before them. */
  get alike(): number {
    if (!this.present) return changeLimits.ops;
    return this.#kind === "literal" ? 0 : this.#left;
  }

  /** Steps over rows that are alike, as many as there are at most. */
  pass(rows: number): void {
    if (this.present) this.#left -= rows;
  }

  /** What the row that was read last holds. */
  protected get latest(): T | null {
    return this.#value;
  }

  /** The value of the next row; null where it has none, or the column is not there. */
  next(): T | null {
    if (!this.present) return null;
    if (this.#left === 0) this.#startRun();
    this.#left--;
    if (this.#kind === "literal") this.#value = this.#readOther();
    return this.#value;
  }

  #startRun(): void {
    const count = this.signed();
    if (count > 1) {
      this.#value = this.#readOther();
      this.#kind = "repeat";
      this.#left = count;
    } else if (count < 0) {
      if (this.#kind === "literal") throw notCanonical();
      this.#kind = "literal";
      this.#left = -count;
    } else if (count === 0) {
      if (this.#kind === "null") throw notCanonical();
      this.#kind = "null";
      this.#value = null;
      this.#left = this.unsigned();
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
    return this.unsigned();
  }
}

/** A column of texts. */
export class TextReader extends RunReader<string> {
  protected override read(): string {
    const length = this.unsigned();
    const start = this.skip(length);
    return decodeText(this.bytes, start, start + length);
  }
}

/** A column of texts that gives where each lies, from `next()` to `textEnd`: they are checked and not decoded. */
export class PlaceReader extends RunReader<number> {
  textEnd = 0;

  protected override read(): number {
    const before = this.latest;
    const length = this.unsigned();
    const start = this.skip(length);
    if (before !== null && this.#isLike(before, start, length)) throw notCanonical();
    checkText(this.bytes, start, start + length);
    this.textEnd = start + length;
    return start;
  }

  #isLike(before: number, start: number, length: number): boolean {
    if (this.textEnd - before !== length) return false;
    for (let i = 0; i < length; i++) if (this.bytes[before + i] !== this.bytes[start + i]) return false;
    return true;
  }
}

/** A column of whole numbers from 0 up, each stored as the difference to the one before. */
export class DeltaReader extends RunReader<number> {
  #sum = 0;

  protected override read(): number {
    return this.signed();
  }

  override open(bytes: Uint8Array, start: number, end: number): void {
    super.open(bytes, start, end);
    this.#sum = 0;
  }

  /** The difference of the row that was read last to the one before it. */
  get step(): number | null {
    return this.latest;
  }

  override next(): number | null {
    const difference = super.next();
    return difference === null ? null : this.#add(difference);
  }

  override pass(rows: number): void {
    super.pass(rows);
    if (this.latest !== null) this.#add(rows * this.latest);
  }

  #add(difference: number): number {
    this.#sum += difference;
    if (this.#sum < 0 || this.#sum > Number.MAX_SAFE_INTEGER)
      throw new ChangeError("CHANGE_MALFORMED", "a counter is out of range");
    return this.#sum;
  }
}

/** A column of booleans: the lengths of alternating runs, false first. */
export class BooleanReader extends ColumnReader {
  #left = 0;
  #value = true;
  #first = true;

  override open(bytes: Uint8Array, start: number, end: number): void {
    super.open(bytes, start, end);
    this.#left = 0;
    this.#value = true;
    this.#first = true;
  }

  /** Whether all rows were read. */
  get complete(): boolean {
    return this.#left === 0 && this.done;
  }

  /** How many of the next rows are sure to be like the one before them. */
  get alike(): number {
    return this.present ? this.#left : changeLimits.ops;
  }

  /** Steps over rows that are alike, as many as there are at most. */
  pass(rows: number): void {
    if (this.present) this.#left -= rows;
  }

  /** The value of the next row; false when the column is not there. */
  next(): boolean {
    if (!this.present) return false;
    while (this.#left === 0) {
      this.#value = !this.#value;
      this.#left = this.unsigned();
      if (this.#left === 0 && !this.#first) throw notCanonical();
      this.#first = false;
    }
    this.#left--;
    return this.#value;
  }
}

/** Used by one call after the other: while an object of its class is there, V8 keeps the code that it compiled for them. */
const cursor = new ByteCursor();

/** Rows of a column of numbers, counted without expanding its runs; throws `CHANGE_TOO_LARGE` beyond `most`. */
export function countRows(bytes: Uint8Array, start: number, end: number, most: number): number {
  cursor.move(bytes, start, end);
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

/** All rows of a column that was counted before, and those that hold one of these numbers, which are the bits of `values`. */
export function countRowsOf(
  bytes: Uint8Array,
  start: number,
  end: number,
  values: number,
): { readonly rows: number; readonly those: number } {
  cursor.move(bytes, start, end);
  let rows = 0;
  let those = 0;
  while (!cursor.done) {
    const count = cursor.signed();
    if (count === 0) rows += cursor.unsigned();
    else rows += Math.abs(count);
    if (count > 0 && isBit(values, cursor.unsigned())) those += count;
    for (let i = count; i < 0; i++) if (isBit(values, cursor.unsigned())) those += 1;
  }
  return { rows, those };
}

const isBit = (bits: number, number: number): boolean => number < 31 && ((bits >>> number) & 1) === 1;

function notCanonical(): ChangeError {
  return new ChangeError("CHANGE_NOT_CANONICAL", "a column is not in its shortest form");
}
