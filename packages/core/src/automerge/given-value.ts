import { Counter } from "@automerge/automerge/slim";
import { isMap } from "./plain-data.ts";
import { isCounter } from "./values.ts";

/**
 * A value that passed the guard, as Automerge takes it: within a list or a map it knows counters by its own class alone, and would store any
 * other as a map with a number in it. Test: draft.test.ts "... counters ...".
 */
export function givenValue(value: unknown): unknown {
  return holdsCounter(value) ? withCounters(value) : value;
}

function holdsCounter(value: unknown): boolean {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return false;
  return isCounter(value) || Object.values(value).some(holdsCounter);
}

function withCounters(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withCounters);
  if (isMap(value)) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withCounters(item)]));
  return typeof value === "object" && value !== null && isCounter(value) ? new Counter(Number(value)) : value;
}
