import type { KeptShape } from "../tree/kept-tree.ts";
import { SOME_ON_PAGE, type Summary } from "../tree/tree-shape.ts";
import { byCodeUnits } from "../value/order.ts";
import type { Value } from "../value/value.ts";
import { costOf } from "../value/value-cost.ts";
import type { EntryColumn } from "./column.ts";
import { type Entry, entryOrder, keyEntry } from "./entry.ts";
import type { Place } from "./place.ts";
import { changedTotal, isSummed, joinTotals, NO_TOTAL, type SummedKind, type Totals, totalOf } from "./total.ts";
import { entryCodec, placeCodec } from "./view-codec.ts";

/** Documents as a view shows them. */
export function entryShape(columns: readonly EntryColumn[]): KeptShape<Entry, Totals> {
  const compare = entryOrder(columns);
  return {
    ...{ number: 1, mostOnPage: SOME_ON_PAGE, summary: totals(columns), codec: entryCodec(columns) },
    ...{ compare, key: keyEntry, weigh: weightOf },
  };
}

/** The same documents by id. */
export function placeShape(columns: readonly EntryColumn[]): KeptShape<Place, Totals> {
  const totalled = totalledOf(columns);
  return {
    ...{ number: 2, mostOnPage: SOME_ON_PAGE, summary: totals(columns), codec: placeCodec(columns) },
    compare: (a, b) => byCodeUnits(a.id, b.id),
    key: ({ id }) => ({ id, keys: [], values: [] }),
    weigh: ({ keys, values }) => {
      let weight = 1;
      for (const { at } of totalled) weight += costOf(values[at]);
      for (const key of keys) weight += weightOfKey(key);
      return weight;
    },
  };
}

/** What a document's place weighs, or more, and each of its entries less. */
export function weightOfAll(entries: readonly Entry[]): number {
  return entries.reduce((sum, entry) => sum + weightOf(entry), 1);
}

export const weightOf = (entry: Entry): number => weightOfKey(entry) + costOf(entry.values);

function weightOfKey({ path, sort, above }: Entry): number {
  let weight = costOf(sort);
  for (const { value } of path) weight += 1 + costOf(value);
  if (above !== undefined) for (const standing of above) weight += 1 + costOf(standing.sort);
  return weight;
}

function totals<E extends { readonly values: readonly Value[] }>(columns: readonly EntryColumn[]): Summary<E, Totals> {
  const totalled = totalledOf(columns);
  return {
    none: totalled.map(() => NO_TOTAL),
    of: (entries) => totalled.map(({ total, at }) => totalOf(total, entries, at)),
    join: (parts) =>
      totalled.map(({ total }, at) =>
        joinTotals(
          total,
          parts.map((part) => part[at] ?? NO_TOTAL),
        ),
      ),
    changed: (before, gone, come) => {
      const changed = totalled.map(({ total, at }, number) =>
        changedTotal(total, before[number] ?? NO_TOTAL, totalOf(total, gone, at), totalOf(total, come, at)),
      );
      return changed.every((total) => total !== null) ? changed : null;
    },
  };
}

function totalledOf(columns: readonly EntryColumn[]): readonly { readonly total: SummedKind; readonly at: number }[] {
  return columns.flatMap(({ total }, at) => (isSummed(total) ? [{ total, at }] : []));
}
