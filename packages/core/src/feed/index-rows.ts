import type { Stamped } from "./index-codec.ts";

/** Superseded rows that are always let be. */
export const SLACK = 1_000;

/** Rows of an index in memory, from some stamp on: of each note the newest. */
export class IndexRows<Note extends { readonly id: string }> {
  readonly #rows = new Map<string, Stamped<Note>>();
  /** Ascending by stamp; with rows that others took the place of. */
  #order: Stamped<Note>[] = [];

  get size(): number {
    return this.#rows.size;
  }

  /** The stamp given last; 0 before the first. */
  get newest(): number {
    return this.#order.at(-1)?.stamp ?? 0;
  }

  get(id: string): Stamped<Note> | undefined {
    return this.#rows.get(id);
  }

  all(): Iterable<Stamped<Note>> {
    return this.#rows.values();
  }

  /** Ascending by stamp. */
  current(): readonly Stamped<Note>[] {
    return this.#order.filter((row) => this.#isCurrent(row));
  }

  /** The next row after a stamp. */
  after(stamp: number): Stamped<Note> | undefined {
    let [low, high] = [0, this.#order.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#order[middle]?.stamp ?? 0) > stamp) high = middle;
      else low = middle + 1;
    }
    while (low < this.#order.length) {
      const row = this.#order[low++];
      if (row !== undefined && this.#isCurrent(row)) return row;
    }
    return undefined;
  }

  /** @param rows newer than all others, ascending */
  add(rows: readonly Stamped<Note>[]): void {
    for (const row of rows) {
      this.#rows.set(row.id, row);
      this.#order.push(row);
    }
    if (this.#order.length > 2 * this.#rows.size + SLACK) this.#order = [...this.current()];
  }

  /** @param rows older than all others, ascending: what others took the place of is left out */
  addBefore(rows: readonly Stamped<Note>[]): void {
    const older: Stamped<Note>[] = [];
    for (const row of rows.toReversed()) {
      if (this.#rows.has(row.id)) continue;
      this.#rows.set(row.id, row);
      older.push(row);
    }
    this.#order = [...older.reverse(), ...this.#order];
  }

  #isCurrent(row: Stamped<Note>): boolean {
    return this.#rows.get(row.id) === row;
  }
}
