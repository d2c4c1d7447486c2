import { numberOf } from "../expression/number-functions.ts";
import { addExactly, type ExactSum, roundSum } from "../tree/exact-sum.ts";
import { compareValues } from "../value/order.ts";
import { sortValue } from "../value/sort-value.ts";
import type { Value } from "../value/value.ts";

/**
 * What the values of a column come to. What is null never counts; `sum` and `avg` take numbers alone, `min` and `max` give the least and
 * the greatest in the order of all values, `distinct` how many there are that differ in it.
 */
export type TotalKind = SummedKind | "distinct";

/** Totals that follow from those of the stretches that a stretch is made of. */
export type SummedKind = (typeof SUMMED_KINDS)[number];
export const SUMMED_KINDS = ["sum", "avg", "count", "min", "max"] as const;
export const TOTAL_KINDS: readonly TotalKind[] = [...SUMMED_KINDS, "distinct"];

export function isSummed(kind: TotalKind | null): kind is SummedKind {
  return kind !== null && kind !== "distinct";
}

/** What is kept of a stretch of values, so that stretches can be joined. */
export interface Total {
  /** Of those that are not null; for `sum` and `avg`, of those that are numbers. */
  readonly count: number;
  /** Empty but for `sum` and `avg`. */
  readonly sum: ExactSum;
  /** Null but for `min` and `max`. */
  readonly extreme: Value;
}

/** What documents come to: a total for each column that is summed up. */
export type Totals = readonly Total[];

export const NO_TOTAL: Total = { count: 0, sum: [], extreme: null };

/** Larger numbers are not added up, so that no sum is more than a number can say. */
const LARGEST = 1e300;

/** Of the values of one column. */
export function totalOf(
  kind: SummedKind,
  entries: readonly { readonly values: readonly Value[] }[],
  column: number,
): Total {
  let [count, extreme]: [number, Value] = [0, null];
  const numbers: number[] = [];
  for (const { values } of entries) {
    const value = values[column] ?? null;
    if (value === null) continue;
    if (kind === "sum" || kind === "avg") {
      const number = numberOf(value);
      if (number === null || Math.abs(number) > LARGEST) continue;
      numbers.push(number);
    } else if (kind !== "count") extreme = furthest(kind, sortValue(value), extreme);
    count++;
  }
  return { count, sum: addExactly([numbers]), extreme };
}

/** Of stretches. */
export function joinTotals(kind: SummedKind, totals: readonly Total[]): Total {
  let [count, extreme]: [number, Value] = [0, null];
  for (const total of totals) {
    count += total.count;
    if ((kind === "min" || kind === "max") && total.extreme !== null) extreme = furthest(kind, total.extreme, extreme);
  }
  return { count, sum: addExactly(totals.map(({ sum }) => sum)), extreme };
}

/** Of a stretch where some have gone and others come; null where those that have gone may have been the least or the greatest. */
export function changedTotal(kind: SummedKind, before: Total, gone: Total, come: Total): Total | null {
  if (gone.extreme !== null && compareValues(gone.extreme, before.extreme) === 0) return null;
  const { extreme } = joinTotals(kind, [before, come]);
  const sum = addExactly([before.sum, gone.sum.map((part) => -part), come.sum]);
  return { count: before.count - gone.count + come.count, sum, extreme };
}

/** What is shown of it; null where there is nothing to compare, or to divide by. */
export function shownTotal(kind: SummedKind, { count, sum, extreme }: Total): Value {
  if (kind === "count") return count;
  if (kind === "min" || kind === "max") return extreme;
  if (kind === "sum") return roundSum(sum);
  return count === 0 ? null : roundSum(sum) / count;
}

function furthest(kind: "min" | "max", value: Value, extreme: Value): Value {
  const order = extreme === null ? 0 : compareValues(value, extreme);
  return extreme === null || (kind === "min" ? order < 0 : order > 0) ? value : extreme;
}
