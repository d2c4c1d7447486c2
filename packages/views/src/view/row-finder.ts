import { sortValue } from "../value/sort-value.ts";
import type { Value } from "../value/value.ts";
import { beginning, startOf } from "./bounds.ts";
import { type CategoryPath, pathOrder, sharedLevels } from "./entry.ts";
import type { Bound, Located } from "./merged-index.ts";
import type { Row } from "./row.ts";
import { type Keyed, readKey } from "./row-key.ts";
import type { IsOpen, Rows, RowsContext } from "./rows.ts";

/** After everything. */
const end: Bound = () => () => true;

/** Single rows of a view: by key, by what stands in them, by position, and the one before another. */
export class RowFinder {
  readonly #at: RowsContext;
  readonly #rows: Rows;
  readonly #order: (a: CategoryPath, b: CategoryPath) => number;

  constructor(at: RowsContext, rows: Rows) {
    this.#at = at;
    this.#rows = rows;
    this.#order = pathOrder(at.columns);
  }

  /** Null when there is no such row any more. @throws ViewError KEY_INVALID */
  row(key: string): Promise<Row | null> {
    const keyed = readKey(key);
    if (keyed.type === "total") return this.#rows.total();
    return keyed.type === "category" ? this.#category(keyed.path) : this.#document(keyed.located);
  }

  /** The last row before another one, of those that are shown; null for the first. @throws ViewError KEY_INVALID */
  async before(key: string, isOpen: IsOpen): Promise<Row | null> {
    const keyed = readKey(key);
    const path = pathOf(keyed);
    const [entry] = await this.#at.index.previous(this.#boundOf(keyed), 1);
    const shared = entry === undefined ? 0 : sharedLevels(this.#order, entry.entry.path, path);
    // What it stands in is its category's row, unless something of that category comes between.
    const within = keyed.type === "category" ? path.length - 1 : path.length;
    if (keyed.type !== "total" && shared < within) return this.#rows.category(path.slice(0, within));
    return entry === undefined ? null : this.#shown(entry, isOpen);
  }

  /** A document by its number among all documents of the view, from 0; null beyond the last. */
  async at(position: number): Promise<Row | null> {
    const entry = await this.#at.index.at(position);
    return entry === null ? null : this.#rows.document(entry);
  }

  /** Which of two rows comes first. @throws ViewError KEY_INVALID */
  compare(key: string, other: string): number {
    const [a, b] = [readKey(key), readKey(other)];
    if (a.type === "total" || b.type === "total") return Number(a.type === "total") - Number(b.type === "total");
    const order = this.#order(pathOf(a), pathOf(b));
    if (order !== 0 || a.type === "category" || b.type === "category")
      return order || Number(a.type === "document") - Number(b.type === "document");
    return this.#at.index.compare(a.located, b.located);
  }

  /** How many documents come before a row. @throws ViewError KEY_INVALID */
  async positionOf(key: string): Promise<number> {
    return (await this.#at.index.stretch(beginning, this.#boundOf(readKey(key)))).entries;
  }

  /**
   * The first row of which these are the values: of its levels of categories, from the top, and then of its sorted columns; fewer values find
   * a category, or the first document that has them.
   */
  async find(values: readonly unknown[]): Promise<Row | null> {
    const due = values.map((value) => sortValue(value));
    let path: CategoryPath = [];
    for (;;) {
      const [first] = await this.#at.index.next(startOf(path, this.#order), 1);
      if (first === undefined || sharedLevels(this.#order, first.entry.path, path) < path.length) return null;
      if (path.length === due.length && path.length > 0) return this.#rows.category(path);
      const below = await this.#below(path, due[path.length]);
      if (below === null) return this.#sorted(path, due.slice(path.length));
      path = below;
    }
  }

  /** The category of this value within another. */
  async #below(path: CategoryPath, value: Value): Promise<CategoryPath | null> {
    for (const column of this.#at.columns.keys()) {
      if (column < (path.at(-1)?.column ?? 0)) continue;
      const below = [...path, { column, value }];
      const [entry] = await this.#at.index.next(startOf(below, this.#order), 1);
      const found = entry?.entry.path.slice(0, below.length) ?? [];
      if (found.length === below.length && this.#order(found, below) === 0) return found;
    }
    return null;
  }

  /** The first document that stands in a category itself and begins with these values of its sorted columns. */
  async #sorted(path: CategoryPath, values: readonly Value[]): Promise<Row | null> {
    const sorted = this.#at.columns.filter(({ isSorted }) => isSorted);
    if (values.length > sorted.length) return null;
    const compare = (sort: readonly Value[]): number => {
      for (const [at, value] of values.entries()) {
        const order = sorted[at]?.compare(sort[at], value) ?? 0;
        if (order !== 0) return order;
      }
      return 0;
    };
    const bound: Bound = () => (entry) =>
      (this.#order(entry.path, path) || compare((entry.above?.[0] ?? entry).sort)) < 0;
    const [entry] = await this.#at.index.next(bound, 1);
    const isFound = entry !== undefined && this.#order(entry.entry.path, path) === 0 && compare(entry.entry.sort) === 0;
    return isFound ? this.#rows.document(entry) : null;
  }

  async #category(path: CategoryPath): Promise<Row | null> {
    const row = path.length === 0 ? null : await this.#rows.category(path);
    return row === null || row.documents === 0 ? null : row;
  }

  async #document(located: Located): Promise<Row | null> {
    const { index } = this.#at;
    const next = await index.next(index.before(located), 1);
    const [found] = next;
    const isIt = found !== undefined && found.source === located.source && found.entry.id === located.entry.id;
    return isIt && this.#order(found.entry.path, located.entry.path) === 0 ? this.#rows.document(found) : null;
  }

  /** An entry's row, or that of the closed category which hides it. */
  #shown(located: Located, isOpen: IsOpen): Row | Promise<Row> {
    const { path } = located.entry;
    for (let level = 1; level <= path.length; level++)
      if (!isOpen(path.slice(0, level))) return this.#rows.category(path.slice(0, level));
    return this.#rows.document(located);
  }

  #boundOf(keyed: Keyed): Bound {
    if (keyed.type === "total") return end;
    return keyed.type === "category" ? startOf(keyed.path, this.#order) : this.#at.index.before(keyed.located);
  }
}

function pathOf(keyed: Keyed): CategoryPath {
  if (keyed.type === "total") return [];
  return keyed.type === "category" ? keyed.path : keyed.located.entry.path;
}
