import { Int32List } from "./int32-list.ts";
import { KeyTable } from "./key-table.ts";

/** Row of the root map, which no operation made; as a key, the head of a list. */
export const noRow = -1;
/** As a run, the head of a list: every run comes after it. */
const noRun = -1;

/** Numbers of a block. */
const BLOCK = 4;
/** Of the first row: in a map, the number of the key; in a list or text, the row of the element; in an insertion, the row it comes after. */
const KEY = 1;
const OBJECT = 2;
/** Of insertions: the run, in which every insertion, of whatever kind, comes right after the one in the row before. */
const RUN = 3;

/** Numbers of a run: its first row, the run it comes after, how many runs there are on the way to the head, and one of them farther up. */
const RUN_NUMBERS = 4;
const PARENT = 1;
const DEPTH = 2;
const JUMP = 3;

/** The first number of a block is its action, whether it inserts, and how many objects lie above. */
const actionMask = 7;
const insertFlag = 8;
const levelScale = 16;

/** A place in an index to go back to. */
export interface OpMark {
  readonly rows: number;
  readonly blocks: number;
  readonly runs: number;
  readonly keys: number;
}

/**
 * What later operations may refer to: for every operation of a document its action, its object and its key. Rows are numbered in the
 * order of arrival, the operations of one change without a gap. Rows of one kind that are each inserted right after the one before, such
 * as the letters of a typed text, form one block: documents are mostly text, and each letter would take 70 bytes.
 */
export class OpIndex {
  readonly keys: KeyTable = new KeyTable();
  #count = 0;
  /** By block: its first row. */
  readonly #starts = new Int32List();
  readonly #blocks = new Int32List();
  readonly #runs = new Int32List();
  /** The block that was looked up last: the next look-up is mostly in it. */
  #latest = 0;

  get count(): number {
    return this.#count;
  }

  /** Bytes of memory that grow with what is in it. */
  get bytes(): number {
    return 4 * (this.#starts.length + this.#blocks.length + this.#runs.length) + this.keys.bytes;
  }

  add(code: number, insert: boolean, object: number, key: number): void {
    const row = this.#count++;
    const last = this.#starts.length - 1;
    const isInLast = last >= 0 && this.#field(last, OBJECT) === object;
    const level = isInLast ? this.#levelIn(last) : object === noRow ? 0 : this.levelOf(object) + 1;
    const kind = level * levelScale + (insert ? code | insertFlag : code);
    const before = isInLast ? this.#field(last, 0) : 0;
    const continues = insert && key === row - 1 && (before & insertFlag) !== 0;
    if (continues && before === kind) return;
    const run = continues ? this.#field(last, RUN) : insert ? this.#addRun(row, key) : noRun;
    this.#starts.push(row);
    this.#blocks.pushFour(kind, key, object, run);
  }

  /** Adds as many rows that are each like the last one, an insertion, and inserted right after the one before. */
  addAlike(rows: number): void {
    this.#count += rows;
  }

  actionOf(row: number): number {
    const block = this.#blockOf(row);
    return block < 0 ? 0 : this.#field(block, 0) & actionMask;
  }

  isInsert(row: number): boolean {
    const block = this.#blockOf(row);
    return block >= 0 && (this.#field(block, 0) & insertFlag) !== 0;
  }

  objectOf(row: number): number {
    const block = this.#blockOf(row);
    return block < 0 ? noRow : this.#field(block, OBJECT);
  }

  keyOf(row: number): number {
    const block = this.#blockOf(row);
    if (block < 0) return noRow;
    return this.#starts.at(block) === row ? this.#field(block, KEY) : row - 1;
  }

  /** How many objects an operation lies in. */
  levelOf(row: number): number {
    const block = this.#blockOf(row);
    return block < 0 ? 0 : this.#levelIn(block);
  }

  /** The run that an insertion is in. */
  runOf(row: number): number {
    const block = this.#blockOf(row);
    return block < 0 ? noRun : this.#field(block, RUN);
  }

  /** The first row of a run. */
  startOf(run: number): number {
    return this.#runs.at(run * RUN_NUMBERS);
  }

  /** The run that a run comes after. */
  parentOf(run: number): number {
    return this.#runs.at(run * RUN_NUMBERS + PARENT);
  }

  /** How many runs there are from the head to a run, with it. */
  depthOf(run: number): number {
    return run === noRun ? 0 : this.#runs.at(run * RUN_NUMBERS + DEPTH);
  }

  /** A run on the way from a run to the head: those at one depth jump equally far, and all ways up take a logarithm of jumps and steps. */
  jumpOf(run: number): number {
    return run === noRun ? noRun : this.#runs.at(run * RUN_NUMBERS + JUMP);
  }

  mark(): OpMark {
    return { rows: this.#count, blocks: this.#starts.length, runs: this.#runs.length, keys: this.keys.count };
  }

  /** Forgets everything added since `mark`. */
  rollback({ rows, blocks, runs, keys }: OpMark): void {
    this.#count = rows;
    this.#starts.truncate(blocks);
    this.#blocks.truncate(blocks * BLOCK);
    this.#runs.truncate(runs);
    this.keys.truncate(keys);
  }

  /** Forgets all rows, for those of another document. */
  clear(): void {
    this.rollback({ rows: 0, blocks: 0, runs: 0, keys: 0 });
  }

  #field(block: number, field: number): number {
    return this.#blocks.at(block * BLOCK + field);
  }

  #levelIn(block: number): number {
    return Math.trunc(this.#field(block, 0) / levelScale);
  }

  /**
   * A run that begins after `key`. Two jumps of one length on the way up become one of twice that (Myers 1983, "An applicative random-access
   * stack").
   */
  #addRun(row: number, key: number): number {
    const parent = key === noRow ? noRun : this.runOf(key);
    const first = this.jumpOf(parent);
    const second = this.jumpOf(first);
    const depth = this.depthOf(parent);
    const isTwice = parent !== noRun && depth - this.depthOf(first) === this.depthOf(first) - this.depthOf(second);
    this.#runs.pushFour(row, parent, depth + 1, isTwice ? second : parent);
    return this.#runs.length / RUN_NUMBERS - 1;
  }

  /** The block a row is in; -1 when there is no such row. */
  #blockOf(row: number): number {
    if (row < 0 || row >= this.#count) return -1;
    const starts = this.#starts;
    const { length } = starts;
    // What is looked up next is mostly where this was, or right behind it.
    let block = Math.min(this.#latest, length - 1);
    if (row >= starts.at(block)) {
      if (block + 1 < length && row >= starts.at(block + 1)) block++;
      if (block + 1 === length || row < starts.at(block + 1)) {
        this.#latest = block;
        return block;
      }
    }
    this.#latest = starts.lastUpTo(row);
    return this.#latest;
  }
}
