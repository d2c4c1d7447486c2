// Entries are far apart in memory: what they are mostly sorted by is taken out of them first, and compared by itself.

import type { Compare } from "../value/order.ts";
import type { Value } from "../value/value.ts";
import type { Entry } from "./entry.ts";

/** To take something out of fewer is no faster. */
const FEWEST = 32;

/**
 * Sorts entries that are equal in the order up to some value; where all have a number there, by these first.
 * @param compare of which the numbers rise, or fall
 */
export function sortByNumber(
  entries: Entry[],
  spot: (entry: Entry) => Value,
  compare: Compare<Entry>,
): readonly Entry[] {
  const numbers = entries.length < FEWEST ? null : numbersOf(entries, spot);
  if (numbers === null) return entries.sort(compare);
  const [least, most] = [entries[placeOf(numbers, Math.min)], entries[placeOf(numbers, Math.max)]];
  const rises = least !== undefined && most !== undefined && compare(least, most) < 0;
  const rising: Compare<number> = (a, b) => (numbers[a] ?? 0) - (numbers[b] ?? 0);
  return sortApart(entries, rises ? rising : (a, b) => rising(b, a), compare);
}

/** Sorts many entries that begin with texts, each mostly with its own; null for few, and where one begins otherwise. @param texts the order of what they begin with */
export function sortByText(
  entries: readonly Entry[],
  texts: Compare<Value>,
  compare: Compare<Entry>,
): readonly Entry[] | null {
  if (entries.length < FEWEST) return null;
  const taken: string[] = [];
  for (const { sort, above } of entries) {
    const [text] = sort;
    if (typeof text !== "string" || above !== undefined) return null;
    taken.push(text);
  }
  return sortApart(entries, (a, b) => texts(taken[a], taken[b]), compare);
}

/** @param first compares what was taken out of two, by where they are @param then where that is equal */
function sortApart(entries: readonly Entry[], first: Compare<number>, then: Compare<Entry>): readonly Entry[] {
  const order = new Uint32Array(entries.length);
  for (let at = 0; at < order.length; at++) order[at] = at;
  const alike: Compare<number> = (a, b) => {
    const [one, other] = [entries[a], entries[b]];
    return one === undefined || other === undefined ? 0 : then(one, other);
  };
  order.sort((a, b) => first(a, b) || alike(a, b)); // of two infinities the difference is NaN
  const sorted: Entry[] = [];
  for (const at of order) {
    const entry = entries[at];
    if (entry !== undefined) sorted.push(entry);
  }
  return sorted;
}

/** Null where one has none. */
function numbersOf(entries: readonly Entry[], spot: (entry: Entry) => Value): Float64Array | null {
  const numbers = new Float64Array(entries.length);
  let next = 0;
  for (const entry of entries) {
    const value = spot(entry);
    if (typeof value !== "number" || Number.isNaN(value)) return null;
    numbers[next++] = value;
  }
  return numbers;
}

/** Of the least of some numbers, or of the greatest. */
function placeOf(numbers: Float64Array, pick: (a: number, b: number) => number): number {
  return numbers.indexOf(numbers.reduce((a, b) => pick(a, b)));
}
