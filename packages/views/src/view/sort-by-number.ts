import type { Compare } from "../value/order.ts";
import type { Value } from "../value/value.ts";
import type { Entry } from "./entry.ts";

/** To sort fewer by their numbers is no faster. */
const FEWEST = 32;

/**
 * Sorts entries that are equal in the order up to some value. Where all have a number there these are sorted by themselves, apart from the
 * entries, which are far apart in memory.
 * @param compare of which the numbers rise, or fall
 */
export function sortByNumber(
  entries: Entry[],
  spot: (entry: Entry) => Value,
  compare: Compare<Entry>,
): readonly Entry[] {
  const numbers = entries.length < FEWEST ? null : numbersOf(entries, spot);
  if (numbers === null) return entries.sort(compare);
  const comparing = (a: number, b: number): number => {
    const [one, other] = [entries[a], entries[b]];
    return one === undefined || other === undefined ? 0 : compare(one, other);
  };
  const rises = comparing(placeOf(numbers, Math.min), placeOf(numbers, Math.max)) < 0;
  const order = Uint32Array.from(numbers, (_, at) => at);
  if (rises) order.sort((a, b) => (numbers[a] ?? 0) - (numbers[b] ?? 0) || comparing(a, b));
  else order.sort((a, b) => (numbers[b] ?? 0) - (numbers[a] ?? 0) || comparing(a, b));
  return Array.from(order, (at) => entries[at]).filter((entry) => entry !== undefined);
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
