import { action } from "./change-op.ts";

/** Row of the root map, which no operation made; as a key, the head of a list. */
export const noRow = -1;

const insertFlag = 8;
/** Blocks and keys that a cleared index keeps room for. */
const keptRoom = 1_024;

/** A place in an index to go back to. */
export interface OpMark {
  readonly rows: number;
  readonly blocks: number;
  readonly keys: number;
}

/**
 * What later operations may refer to: for every operation of a document its action, its object and its key. Rows are numbered in the
 * order of arrival, the operations of one change without a gap. Rows of one kind that are each inserted right after the one before, such
 * as the letters of a typed text, form one block: documents are mostly text, and each letter would take 30 bytes.
 */
export class OpIndex {
  #count = 0;
  /** How many blocks there are; the lists below may be longer. */
  #blocks = 0;
  /** By block: its first row. */
  readonly #starts: number[] = [];
  readonly #kinds: number[] = [];
  readonly #objects: number[] = [];
  /** Of the first row: in a map, the number of the key; in a list or text, the row of the element; in an insertion, the row it comes after. */
  readonly #keys: number[] = [];
  /** The first row of its run, where every insertion, of whatever kind, comes right after the one in the row before. */
  readonly #runStarts: number[] = [];
  readonly #keyNames: string[] = [];
  readonly #keyByName = new Map<string, number>();
  /** The block that was looked up last: the next look-up is mostly in it. */
  #latest = 0;

  get count(): number {
    return this.#count;
  }

  add(code: number, insert: boolean, object: number, key: number): void {
    const row = this.#count++;
    const kind = insert ? code | insertFlag : code;
    const block = this.#blocks;
    const last = block - 1;
    const lastKind = block === 0 ? 0 : (this.#kinds[last] ?? 0);
    const continues = insert && key === row - 1 && (lastKind & insertFlag) !== 0 && this.#objects[last] === object;
    if (continues && lastKind === kind) return;
    this.#starts[block] = row;
    this.#kinds[block] = kind;
    this.#objects[block] = object;
    this.#keys[block] = key;
    this.#runStarts[block] = continues ? (this.#runStarts[last] ?? row) : row;
    this.#blocks = block + 1;
  }

  /** Adds as many rows that are each like the last one, an insertion, and inserted right after the one before. */
  addAlike(rows: number): void {
    this.#count += rows;
  }

  actionOf(row: number): number {
    return (this.#kinds[this.#blockOf(row)] ?? 0) & (insertFlag - 1);
  }

  isInsert(row: number): boolean {
    return ((this.#kinds[this.#blockOf(row)] ?? 0) & insertFlag) !== 0;
  }

  objectOf(row: number): number {
    return this.#objects[this.#blockOf(row)] ?? noRow;
  }

  keyOf(row: number): number {
    const block = this.#blockOf(row);
    if (block < 0) return noRow;
    return this.#starts[block] === row ? (this.#keys[block] ?? noRow) : row - 1;
  }

  runStartOf(row: number): number {
    return this.#runStarts[this.#blockOf(row)] ?? row;
  }

  /** The number of a map key. */
  keyNumber(name: string): number {
    const known = this.#keyByName.get(name);
    if (known !== undefined) return known;
    this.#keyByName.set(name, this.#keyNames.length);
    return this.#keyNames.push(name) - 1;
  }

  /** A place to go back to. */
  mark(): OpMark {
    return { rows: this.#count, blocks: this.#blocks, keys: this.#keyNames.length };
  }

  /** Forgets everything added since `mark`. */
  rollback({ rows, blocks, keys }: OpMark): void {
    this.#cut(rows, blocks);
    this.#trim(blocks);
    for (const name of this.#keyNames.splice(keys)) this.#keyByName.delete(name);
  }

  /** Forgets all rows, for those of another document. Keys keep their numbers: documents of one kind have the same. */
  clear(): void {
    if (this.#blocks > keptRoom) this.#trim(0);
    this.#cut(0, 0);
    if (this.#keyNames.length <= keptRoom) return;
    this.#keyNames.length = 0;
    this.#keyByName.clear();
  }

  #cut(rows: number, blocks: number): void {
    this.#count = rows;
    this.#blocks = blocks;
    this.#latest = 0;
  }

  #trim(blocks: number): void {
    for (const list of [this.#starts, this.#kinds, this.#objects, this.#keys, this.#runStarts]) list.length = blocks;
  }

  /** Whether the object made in this row is a map; the root is one. */
  isMap(row: number): boolean {
    return row === noRow || this.actionOf(row) === action.makeMap;
  }

  /** The block a row is in; -1 when there is no such row. */
  #blockOf(row: number): number {
    if (row < 0 || row >= this.#count) return -1;
    const starts = this.#starts;
    const latest = this.#latest;
    const next = latest + 1 < this.#blocks ? (starts[latest + 1] ?? 0) : this.#count;
    if (row >= (starts[latest] ?? row + 1) && row < next) return latest;
    let low = 0;
    let high = this.#blocks;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if ((starts[middle] ?? 0) <= row) low = middle;
      else high = middle;
    }
    this.#latest = low;
    return low;
  }
}
