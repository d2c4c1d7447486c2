import { Int32List } from "./int32-list.ts";

/** Numbers of a key: the change that names it, where it lies in its bytes, and an earlier key that is equal, or itself. */
const FIELDS = 4;
const START = 1;
const END = 2;
const EQUAL = 3;

/**
 * The keys of maps that changes name, each where it lies in its change. They are compared only where an operation replaces another, and
 * then byte by byte: whoever writes a hundred thousand keys makes nobody look them up.
 */
export class KeyTable {
  readonly #changes: Uint8Array[] = [];
  readonly #keys = new Int32List();

  get count(): number {
    return this.#keys.length / FIELDS;
  }

  /** Bytes of memory that grow with what is in it; the changes are somebody else's. */
  get bytes(): number {
    return 4 * this.#keys.length;
  }

  /** The number of the key in `bytes[start..end]`, which are those of a change. */
  add(bytes: Uint8Array, start: number, end: number): number {
    const keys = this.#keys;
    const number = this.count;
    if (this.#changes.at(-1) !== bytes) this.#changes.push(bytes);
    else if (keys.at(keys.length - FIELDS + START) === start) return number - 1;
    keys.pushFour(this.#changes.length - 1, start, end, number);
    return number;
  }

  /**
   * Whether two keys are equal. What was found equal once stays so: all comparisons that say yes read no more than all keys once, and the
   * first that says no is the last, because its change is refused.
   */
  same(a: number, b: number): boolean {
    const [first, second] = [this.#first(a), this.#first(b)];
    if (first === second) return true;
    if (!this.#equal(first * FIELDS, second * FIELDS)) return false;
    this.#keys.set(Math.max(first, second) * FIELDS + EQUAL, Math.min(first, second));
    return true;
  }

  /** Forgets the keys from this number on; none that stays leads to one of them. */
  truncate(count: number): void {
    this.#keys.truncate(count * FIELDS);
    this.#changes.length = count === 0 ? 0 : this.#keys.at((count - 1) * FIELDS) + 1;
  }

  /** The first key that is known to be equal; the way there is halved for the next who asks. */
  #first(key: number): number {
    const keys = this.#keys;
    let at = key;
    for (let next = this.#equalTo(at); next !== at; next = this.#equalTo(at)) {
      keys.set(at * FIELDS + EQUAL, this.#equalTo(next));
      at = next;
    }
    return at;
  }

  #equalTo(key: number): number {
    return this.#keys.at(key * FIELDS + EQUAL);
  }

  #equal(a: number, b: number): boolean {
    const keys = this.#keys;
    const [left, right] = [this.#changes[keys.at(a)], this.#changes[keys.at(b)]];
    const [leftStart, rightStart] = [keys.at(a + START), keys.at(b + START)];
    const length = keys.at(a + END) - leftStart;
    if (left === undefined || right === undefined || length !== keys.at(b + END) - rightStart) return false;
    for (let i = 0; i < length; i++) if (left[leftStart + i] !== right[rightStart + i]) return false;
    return true;
  }
}
