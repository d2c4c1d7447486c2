import type { Summary, TreeShape } from "../tree/tree-shape.ts";
import { byCodeUnits } from "../value/order.ts";
import type { Value } from "../value/value.ts";
import type { PlannedColumn } from "./column.ts";
import { type Entry, entryOrder } from "./entry.ts";
import { joinTotals, NO_TOTAL, type Total, totalOf } from "./total.ts";

/** What documents come to: a total for each column that has one. */
export type Totals = readonly Total[];

/** Where a document stands, by its id. */
export interface Place {
  readonly id: string;
  /** Enough of each of its entries to find it. */
  readonly keys: readonly Entry[];
  /** What it adds to the totals of the whole view, once however many categories it stands in: a value for each column. */
  readonly values: readonly Value[];
}

/** Documents as a view shows them. */
export function entryShape(columns: readonly PlannedColumn[]): TreeShape<Entry, Totals> {
  return { compare: entryOrder(columns), summary: totals(columns) };
}

/** The same documents by id. */
export function placeShape(columns: readonly PlannedColumn[]): TreeShape<Place, Totals> {
  return { compare: (a, b) => byCodeUnits(a.id, b.id), summary: totals(columns) };
}

function totals<E extends { readonly values: readonly Value[] }>(
  columns: readonly PlannedColumn[],
): Summary<E, Totals> {
  const totalled = columns.flatMap(({ total }, at) => (total === null ? [] : [{ total, at }]));
  return {
    none: totalled.map(() => NO_TOTAL),
    of: (entries) =>
      totalled.map(({ total, at }) =>
        totalOf(
          total,
          entries.map(({ values }) => values[at] ?? null),
        ),
      ),
    join: (parts) =>
      totalled.map(({ total }, at) =>
        joinTotals(
          total,
          parts.map((part) => part[at] ?? NO_TOTAL),
        ),
      ),
  };
}
