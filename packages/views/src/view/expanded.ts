import type { CategoryPath } from "./entry.ts";
import { keyOf } from "./row-key.ts";

/** Which categories are open: so many levels from the top, and others, whatever their level. */
export class Expanded {
  #levels: number;
  readonly #others: Map<string, boolean>;

  constructor(levels: number, others: ReadonlyMap<string, boolean> = new Map()) {
    this.#levels = levels;
    this.#others = new Map(others);
  }

  readonly isOpen = (path: CategoryPath): boolean =>
    this.#others.get(keyOf({ type: "category", path })) ?? path.length <= this.#levels;

  set(path: CategoryPath, isOpen: boolean): void {
    this.#others.set(keyOf({ type: "category", path }), isOpen);
  }

  expandTo(levels: number): void {
    this.#levels = levels;
    this.#others.clear();
  }

  copy(): Expanded {
    return new Expanded(this.#levels, this.#others);
  }
}
