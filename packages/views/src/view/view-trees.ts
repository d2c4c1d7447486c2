import type { KeptShape } from "../tree/kept-tree.ts";
import type { Summary } from "../tree/tree-shape.ts";
import { byCodeUnits } from "../value/order.ts";
import type { Value } from "../value/value.ts";
import type { PlannedColumn } from "./column.ts";
import { type Entry, entryOrder } from "./entry.ts";
import type { Place } from "./place.ts";
import { joinTotals, NO_TOTAL, type Totals, totalOf } from "./total.ts";
import { entryCodec, placeCodec } from "./view-codec.ts";

/** Documents as a view shows them. */
export function entryShape(columns: readonly PlannedColumn[]): KeptShape<Entry, Totals> {
  return { number: 1, compare: entryOrder(columns), summary: totals(columns), codec: entryCodec };
}

/** The same documents by id. */
export function placeShape(columns: readonly PlannedColumn[]): KeptShape<Place, Totals> {
  return { number: 2, compare: (a, b) => byCodeUnits(a.id, b.id), summary: totals(columns), codec: placeCodec };
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
