import { counter } from "./counter.ts";
import { isCounter, isFixedText } from "./values.ts";

/** The same data in objects of its own: Automerge refuses those of one document in another, and those of a draft end with it. */
export function plainCopy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plainCopy);
  if (isMap(value)) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plainCopy(item)]));
  return typeof value === "object" && value !== null && isCounter(value) ? counter(Number(value)) : value;
}

/** Whether a value of a document holds others by their names. */
export function isMap(value: unknown): value is object {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return !(value instanceof Date || value instanceof Uint8Array || isCounter(value) || isFixedText(value));
}
