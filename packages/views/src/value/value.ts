import { isCounter } from "@selkie/core";

/**
 * What a document holds at some place, as expressions and indexes see it: null, a boolean, a number, a bigint, a Date, a string, bytes, a
 * list or an object. What is not there is null, a counter is its number.
 */
export type Value = unknown;

/** Kinds of values, in the order in which they sort. */
export const kind = { nothing: 0, boolean: 1, number: 2, date: 3, text: 4, bytes: 5, list: 6, object: 7 } as const;
export type Kind = (typeof kind)[keyof typeof kind];

export function kindOf(value: Value): Kind {
  switch (typeof value) {
    case "string":
      return kind.text;
    case "number":
    case "bigint":
      return kind.number;
    case "boolean":
      return kind.boolean;
    case "object":
      return value === null ? kind.nothing : kindOfObject(value);
    default:
      return kind.nothing;
  }
}

/** A document's value, as this package speaks of it. */
export function valueIn(data: unknown): Value {
  if (data === undefined) return null;
  return typeof data === "object" && isCounter(data) ? data.value : data;
}

/** A value all of which is as expressions see it, and that nobody else can change. */
export function plainValue(data: unknown): Value {
  const value = valueIn(data);
  switch (kindOf(value)) {
    case kind.date:
      return new Date((value as Date).getTime());
    case kind.bytes:
      return Uint8Array.from(value as Uint8Array);
    case kind.list:
      return Array.from(value as readonly unknown[], plainValue);
    case kind.object:
      return Object.fromEntries(Object.entries(value as object).map(([key, member]) => [key, plainValue(member)]));
    default:
      return value;
  }
}

/** What stands at a place of a document; null where nothing does. Only what an object or a list holds itself, nothing it inherits. */
export function valueAt(data: unknown, path: readonly (string | number)[]): Value {
  let value = valueIn(data);
  for (const step of path) value = valueIn(memberOf(value, step));
  return value;
}

function memberOf(value: Value, step: string | number): unknown {
  const is = kindOf(value);
  if (is === kind.list) return typeof step === "number" ? (value as readonly unknown[])[step] : null;
  if (is !== kind.object || !Object.hasOwn(value as object, step)) return null;
  return (value as Record<string | number, unknown>)[step];
}

function kindOfObject(value: object): Kind {
  if (Array.isArray(value)) return kind.list; // first: keys of indexes are lists
  if (value instanceof Date) return kind.date;
  return value instanceof Uint8Array ? kind.bytes : kind.object;
}
