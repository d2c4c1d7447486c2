import { byCodeUnits, type Compare } from "../value/order.ts";
import type { Value } from "../value/value.ts";
import type { EntryColumn } from "./column.ts";

/** One level of categories. */
export interface Step {
  /** The column that it is of: one whose texts have several levels has several. */
  readonly column: number;
  readonly value: Value;
}

/** A category: the way to it from the top. */
export type CategoryPath = readonly Step[];

/** That of what stands in no category. One for all: a page says each path that it has once. */
export const NO_CATEGORY: CategoryPath = [];

/** A document that others stand beneath, as they answer it. */
export interface Standing {
  readonly sort: readonly Value[];
  readonly id: string;
}

/** A document in a category. */
export interface Entry {
  readonly path: CategoryPath;
  /** What orders it among those of its path: of the value of each sorted column what counts in an order. */
  readonly sort: readonly Value[];
  readonly id: string;
  /** A value for each column; none where an entry only says where one stands. */
  readonly values: readonly Value[];
  /** The documents that it stands beneath, from the top; at least one. */
  readonly above?: readonly Standing[];
}

/** Where a document would stand if it answered none, and the id of the one that it answers. */
export interface MappedEntry extends Entry {
  readonly responseTo?: string;
}

/**
 * How the entries of a view follow one another: by category, then by sorted columns, then by id. What stands in a category itself comes before
 * its categories, and a document before those that stand beneath it.
 */
export function entryOrder(columns: readonly EntryColumn[]): Compare<Entry> {
  const [paths, within] = [pathOrder(columns), orderWithin(columns)];
  return (a, b) => paths(a.path, b.path) || within(a, b);
}

/** Of entries of one category. */
export function orderWithin(columns: readonly EntryColumn[]): Compare<Entry> {
  const orders = columns.filter(({ isSorted }) => isSorted).map(({ compare }) => compare);
  const idsFall = columns.some((column) => column.idsFall);
  const own: Compare<Standing> = (a, b) => {
    for (let at = 0; at < orders.length; at++) {
      const order = orders[at]?.(a.sort[at], b.sort[at]) ?? 0;
      if (order !== 0) return order;
    }
    return idsFall ? byCodeUnits(b.id, a.id) : byCodeUnits(a.id, b.id);
  };
  return (a, b) => (a.above === undefined && b.above === undefined ? own(a, b) : compareWays(own, wayTo(a), wayTo(b)));
}

/** The documents from the top to an entry, with itself. */
function wayTo(entry: Entry): readonly Standing[] {
  return [...(entry.above ?? []), entry];
}

function compareWays(own: Compare<Standing>, a: readonly Standing[], b: readonly Standing[]): number {
  for (const [at, standing] of a.entries()) {
    const other = b[at];
    const order = other === undefined ? 1 : own(standing, other);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

export function pathOrder(columns: readonly EntryColumn[]): Compare<CategoryPath> {
  return (a, b) => {
    if (a === b) return 0;
    const shared = Math.min(a.length, b.length);
    for (let at = 0; at < shared; at++) {
      const [step, other] = [a[at], b[at]];
      if (step === undefined || other === undefined) break;
      const order = step.column - other.column || (columns[step.column]?.compare(step.value, other.value) ?? 0);
      if (order !== 0) return order;
    }
    return a.length - b.length;
  };
}

/** How many levels two paths begin with alike. */
export function sharedLevels(order: Compare<CategoryPath>, a: CategoryPath, b: CategoryPath): number {
  let levels = 0;
  while (levels < a.length && levels < b.length && order(a.slice(0, levels + 1), b.slice(0, levels + 1)) === 0)
    levels++;
  return levels;
}

/** Enough of an entry to find it. */
export function keyEntry({ path, sort, id, above }: Entry): Entry {
  return above === undefined ? { path, sort, id, values: [] } : { path, sort, id, values: [], above };
}
