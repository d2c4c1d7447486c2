// Byte keys and values in key order.
import { toHex } from "@selkie/entry";
import type { StateItem } from "../state-store.ts";

/** A sorted map of byte strings. */
export class MemoryRecords {
  readonly #items: Map<string, StateItem>;
  /** Keys in hexadecimal, ascending: their order is that of the bytes. */
  readonly #order: string[];

  constructor(items: Iterable<readonly [string, StateItem]> = []) {
    this.#items = new Map(items);
    this.#order = [...this.#items.keys()].sort();
  }

  copy(): MemoryRecords {
    return new MemoryRecords(this.#items);
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#items.get(toHex(key))?.value;
  }

  put(key: Uint8Array, value: Uint8Array): void {
    const name = toHex(key);
    if (!this.#items.has(name)) this.#order.splice(this.#indexOf(name), 0, name);
    this.#items.set(name, { key: key.slice(), value: value.slice() });
  }

  remove(key: Uint8Array): void {
    const name = toHex(key);
    if (this.#items.delete(name)) this.#order.splice(this.#indexOf(name), 1);
  }

  /** Removes every pair whose key begins like this. */
  removeAll(prefix: Uint8Array): void {
    const start = toHex(prefix);
    const from = this.#indexOf(start);
    let to = from;
    for (; this.#order[to]?.startsWith(start); to++) this.#items.delete(this.#order[to] ?? "");
    this.#order.splice(from, to - from);
  }

  /** The first pair with `from` <= key < `to`. */
  first(from: Uint8Array, to: Uint8Array): StateItem | undefined {
    const name = this.#order[this.#indexOf(toHex(from))];
    return name === undefined || name >= toHex(to) ? undefined : this.#items.get(name);
  }

  /** Where `name` stands, or would stand. */
  #indexOf(name: string): number {
    let low = 0;
    let high = this.#order.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#order[middle] ?? "") < name) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
