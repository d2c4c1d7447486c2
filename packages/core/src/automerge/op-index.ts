import { action } from "./change-op.ts";

/** Row of the root map, which no operation made; as a key, the head of a list. */
export const noRow = -1;

const insertFlag = 8;

/**
 * What later operations may refer to: for every operation of a document its action, its object and its key. Rows are numbered in the
 * order of arrival, the operations of one change without a gap. About 30 bytes a row.
 */
export class OpIndex {
  readonly #kinds: number[] = [];
  readonly #objects: number[] = [];
  /** In a map, the number of the key; in a list or text, the row of the element; in an insertion, the row it comes after. */
  readonly #keys: number[] = [];
  readonly #keyNames: string[] = [];
  readonly #keyByName = new Map<string, number>();
  /** By row: the first row of its run, where every insertion comes right after the one in the row before. */
  readonly #runStarts: number[] = [];

  get count(): number {
    return this.#kinds.length;
  }

  add(code: number, insert: boolean, object: number, key: number): void {
    const row = this.count;
    this.#kinds.push(insert ? code | insertFlag : code);
    this.#objects.push(object);
    this.#keys.push(key);
    const continues = insert && key === row - 1 && this.isInsert(key) && this.objectOf(key) === object;
    this.#runStarts.push(continues ? (this.#runStarts[key] ?? row) : row);
  }

  actionOf(row: number): number {
    return (this.#kinds[row] ?? 0) & (insertFlag - 1);
  }

  isInsert(row: number): boolean {
    return ((this.#kinds[row] ?? 0) & insertFlag) !== 0;
  }

  objectOf(row: number): number {
    return this.#objects[row] ?? noRow;
  }

  keyOf(row: number): number {
    return this.#keys[row] ?? noRow;
  }

  runStartOf(row: number): number {
    return this.#runStarts[row] ?? row;
  }

  /** The number of a map key. */
  keyNumber(name: string): number {
    const known = this.#keyByName.get(name);
    if (known !== undefined) return known;
    this.#keyByName.set(name, this.#keyNames.length);
    return this.#keyNames.push(name) - 1;
  }

  /** A place to go back to. */
  mark(): readonly [rows: number, keys: number] {
    return [this.#kinds.length, this.#keyNames.length];
  }

  /** Forgets everything added since `mark`. */
  rollback([rows, keys]: readonly [rows: number, keys: number]): void {
    this.#kinds.length = rows;
    this.#objects.length = rows;
    this.#keys.length = rows;
    this.#runStarts.length = rows;
    for (const name of this.#keyNames.splice(keys)) this.#keyByName.delete(name);
  }

  /** Whether the object made in this row is a map; the root is one. */
  isMap(row: number): boolean {
    return row === noRow || this.actionOf(row) === action.makeMap;
  }
}
