import { type Kind, kind, kindOf, type Value, valueIn } from "./value.ts";

/** Negative when the first comes before the second, 0 when they are equal. */
export type Compare<T> = (a: T, b: T) => number;

/** By code units: the same on every device, whatever language it speaks. */
export const byCodeUnits: Compare<string> = (a, b) => (a === b ? 0 : a < b ? -1 : 1);

/**
 * One order over all values: by kind, then within it. NaN comes before all other numbers, an invalid date before all others; 0 and -0 are
 * equal, and so are a number and a bigint of one value.
 */
export function valueOrder(text: Compare<string> = byCodeUnits): Compare<Value> {
  const within: Record<Kind, Compare<never>> = {
    [kind.nothing]: () => 0,
    [kind.boolean]: (a: boolean, b: boolean) => Number(a) - Number(b),
    [kind.number]: compareNumbers,
    [kind.date]: (a: Date, b: Date) => compareNumbers(a.getTime(), b.getTime()),
    [kind.text]: text,
    [kind.bytes]: compareBytes,
    [kind.list]: (a: readonly Value[], b: readonly Value[]) => compareLists(a, b, compare),
    [kind.object]: (a: object, b: object) => compareObjects(a, b, compare),
  };
  function compare(a: Value, b: Value): number {
    // Nearly all are of these, and compared very often.
    if (a === b) return 0;
    if (typeof a === "string" && typeof b === "string") return text(a, b);
    if (typeof a === "number" && typeof b === "number") return compareNumbers(a, b);
    const kindOfA = kindOf(a);
    return kindOfA - kindOf(b) || (within[kindOfA] as Compare<Value>)(a, b);
  }
  return compare;
}

/** The order of values with texts by code units. */
export const compareValues: Compare<Value> = valueOrder();

function compareNumbers(a: number | bigint, b: number | bigint): number {
  if (a < b) return -1;
  if (a > b) return 1;
  return Number(Number.isNaN(b)) - Number(Number.isNaN(a));
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let at = 0; at < shared; at++) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

function compareLists(a: readonly Value[], b: readonly Value[], compare: Compare<Value>): number {
  const shared = Math.min(a.length, b.length);
  for (let at = 0; at < shared; at++) {
    const difference = compare(valueIn(a[at]), valueIn(b[at]));
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** As lists of their keys and values, in the order of keys. */
function compareObjects(a: object, b: object, compare: Compare<Value>): number {
  return compareLists(sortedEntries(a), sortedEntries(b), compare);
}

/** The members of an object, in the order of their names. */
export function sortedEntries(value: object): readonly (readonly [string, Value])[] {
  return Object.entries(value).sort(([a], [b]) => byCodeUnits(a, b));
}
