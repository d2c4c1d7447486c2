// What an app may write into a document: values that every replica reads back as they were written.
import { CoreError } from "../errors.ts";
import { changeLimits, largestInteger, largestTimestamp } from "./change-limits.ts";
import { encodeText } from "./text.ts";

// Keys under which Automerge marks values of its own classes (`Symbol.for`, so that no wasm need be loaded to know them).
const counter = Symbol.for("_am_counter");
const fixedText = Symbol.for("_am_immutableString");
const numberWrappers = [Symbol.for("_am_int"), Symbol.for("_am_uint"), Symbol.for("_am_f64")];

/** Where a value is: names of fields and indexes of lists. */
type ValuePath = readonly (string | number)[];

/** Whether a value is one of Automerge's counters; `Number(value)` is its count. */
export function isCounter(value: object): boolean {
  return counter in value;
}

/** Whether a value is one of Automerge's texts that cannot be edited; `String(value)` is the text. */
export function isFixedText(value: object): boolean {
  return fixedText in value;
}

/**
 * Throws `VALUE_UNSUPPORTED`, with the path of what cannot be stored, unless a value can be stored without change: null, booleans, numbers, well-formed text, valid dates, bytes,
 * counters, and arrays and plain objects of these. Automerge by itself stores a whole number above 2^63 as 2^63 - 1, a bigint as a
 * number, a class instance as an object, NaN as something without JSON, and half a surrogate pair as U+FFFD.
 */
export function guardValue(value: unknown, at: ValuePath = []): void {
  try {
    guardNested(value, 0);
  } catch (error) {
    throw placed(error, at);
  }
}

/** Throws `VALUE_UNSUPPORTED` unless a map may have this key. */
export function guardKey(key: string, at: ValuePath = []): void {
  if (key === "__proto__") throw unsupported("the key __proto__", at);
  if (!key.isWellFormed()) throw unsupported("a key with half a surrogate pair", at);
}

/** Throws `VALUE_UNSUPPORTED` unless a change may say this of itself. */
export function guardMessage(message: string): void {
  guardText(message);
  if (encodeText(message).length > changeLimits.message)
    throw unsupported(`a message of more than ${changeLimits.message} bytes`);
}

function guardNested(value: unknown, depth: number): void {
  if (typeof value === "number") guardNumber(value);
  else if (typeof value === "string") {
    // A text is an object of its own.
    guardDepth(depth);
    guardText(value);
  } else if (typeof value === "object") {
    if (value !== null) guardObject(value, depth);
  } else if (typeof value !== "boolean")
    throw unsupported(value === undefined ? "undefined (leave the field out, or delete it)" : `a ${typeof value}`);
}

function guardDepth(depth: number): void {
  if (depth > changeLimits.depth) throw unsupported(`more than ${changeLimits.depth} levels, or a cycle`);
}

function guardNumber(value: number): void {
  if (!Number.isFinite(value)) throw unsupported("a number that is not finite");
  if (Number.isInteger(value) && Math.abs(value) > largestInteger) throw unsupported("a whole number beyond 2^53 - 2");
}

function guardText(value: string): void {
  if (!value.isWellFormed()) throw unsupported("a text with half a surrogate pair");
}

function guardObject(value: object, depth: number): void {
  if (value instanceof Uint8Array) return;
  if (value instanceof Date) {
    if (!(Math.abs(value.getTime()) <= largestTimestamp)) throw unsupported("an invalid date");
  } else if (isCounter(value)) guardNumber(wholeNumber(Number(value)));
  else if (isFixedText(value)) guardText(String(value));
  else {
    guardDepth(depth);
    if (Array.isArray(value)) guardArray(value, depth);
    else guardMap(value, depth);
  }
}

function wholeNumber(value: number): number {
  if (!Number.isInteger(value)) throw unsupported("a counter that is not a whole number");
  return value;
}

function guardArray(value: readonly unknown[], depth: number): void {
  let at = 0;
  try {
    for (; at < value.length; at++) {
      if (!(at in value)) throw unsupported("an array with holes");
      guardNested(value[at], depth + 1);
    }
  } catch (error) {
    throw placed(error, [at]);
  }
}

function guardMap(value: object, depth: number): void {
  // Nested in another value, Automerge would store them as objects.
  if (numberWrappers.some((wrapper) => wrapper in value)) throw unsupported("a number wrapped by Automerge");
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw unsupported("an instance of a class");
  let at: PropertyKey = "";
  try {
    for (at of Reflect.ownKeys(value)) guardField(value, at, depth);
  } catch (error) {
    throw placed(error, typeof at === "symbol" ? [] : [at]);
  }
}

function guardField(map: object, key: string | symbol, depth: number): void {
  const property = Object.getOwnPropertyDescriptor(map, key);
  if (property?.enumerable !== true) return;
  if (typeof key === "symbol") throw unsupported("a symbol as a key");
  if (!("value" in property)) throw unsupported("a property with a getter");
  guardKey(key);
  guardNested(property.value, depth + 1);
}

/** What cannot be stored is named, never the value, and where it is not in the message: messages hold no plaintext. */
export function unsupported(what: string, path: ValuePath = []): CoreError {
  return new CoreError("VALUE_UNSUPPORTED", `${what} cannot be stored in a document`, { path });
}

/** The same error, further from what it is about. */
function placed(error: unknown, at: ValuePath): unknown {
  if (at.length === 0 || !(error instanceof CoreError)) return error;
  return new CoreError(error.code, error.message, { path: [...at, ...(error.path ?? [])] });
}
