import type { Value } from "../value/value.ts";
import type { CategoryPath } from "./entry.ts";

/** Paths that are remembered; with more, all are forgotten. */
const MOST = 16_384;

const TOP: CategoryPath = [];

/** Paths of categories, of which there are far fewer than of documents: mostly one object for all documents in a category. */
export class Paths {
  /** By the path above, then by column, then by value as a `Map` tells values apart. */
  #below = new Map<CategoryPath, Map<Value, CategoryPath>[]>();
  #count = 0;

  get top(): CategoryPath {
    return TOP;
  }

  /** The path one step further. */
  below(path: CategoryPath, column: number, value: Value): CategoryPath {
    if (this.#count >= MOST) this.#forget();
    if (Object.is(value, -0)) return [...path, { column, value }]; // a `Map` takes it for 0, and a view shows what it is
    const columns = this.#below.get(path) ?? [];
    const known = columns[column]?.get(value);
    if (known !== undefined) return known;
    const made = [...path, { column, value }];
    this.#below.set(path, columns);
    columns[column] = (columns[column] ?? new Map<Value, CategoryPath>()).set(value, made);
    this.#count++;
    return made;
  }

  #forget(): void {
    this.#below = new Map();
    this.#count = 0;
  }
}
