// The data of documents as plain objects, looked through without Automerge.
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

/** Where the texts are that can be edited. */
export function* textsIn(value: object, path: readonly (string | number)[]): Iterable<readonly (string | number)[]> {
  for (const key of Object.keys(value)) {
    const item: unknown = Reflect.get(value, key);
    const at = [...path, Array.isArray(value) ? Number(key) : key];
    if (typeof item === "string") yield at;
    else if (typeof item === "object" && item !== null && !ArrayBuffer.isView(item)) yield* textsIn(item, at);
  }
}
