import type { Compare } from "../value/order.ts";
import type { CategoryPath } from "./entry.ts";
import type { Bound } from "./merged-index.ts";

/** Before everything. */
export const beginning: Bound = () => () => false;

/** Where a category begins: with the documents that stand in it itself. */
export function startOf(path: CategoryPath, order: Compare<CategoryPath>): Bound {
  return () => (entry) => order(entry.path, path) < 0;
}

/** Where a category ends, with all its categories. */
export function endOf(path: CategoryPath, order: Compare<CategoryPath>): Bound {
  return () => (entry) => order(entry.path.slice(0, path.length), path) <= 0;
}
