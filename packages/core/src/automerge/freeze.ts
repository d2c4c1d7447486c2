import { type Counter, isCounter, shownCounter } from "./counter.ts";

/** Objects of Automerge's that show as another: the same with its fields in order, or as a counter of ours; frozen. */
const shownByObject = new WeakMap<object, object>();

/**
 * The data of a document's state, frozen, with the fields of every map in the order of their code points: the order in which Automerge
 * loads them, so that equal documents print equally whichever way their changes came. What is in order stays the same object.
 * Automerge shares what did not change between two states, so only what changed is walked. Bytes and dates stay as they are:
 * JavaScript cannot freeze what they hold.
 *
 * INVARIANT: nothing else freezes parts of a document, and what lies inside is frozen first: whatever is frozen is so to the bottom.
 * Test: document.test.ts.
 */
export function freezeDeep<T extends object>(value: T): T {
  if (Object.isFrozen(value)) return (shownByObject.get(value) ?? value) as T;
  if (ArrayBuffer.isView(value) || value instanceof Date) return value;
  if (isCounter(value)) return showAs(value, shownCounter(value) as T & Counter);
  const names = Object.keys(value);
  const isMap = Object.getPrototypeOf(value) === Object.prototype;
  let copy = isMap && !isOrdered(names) ? orderedCopy(value, names) : null;
  for (const name of names) {
    const item: unknown = Reflect.get(value, name);
    if (typeof item !== "object" || item === null) continue;
    const frozen = freezeDeep(item);
    if (frozen !== item) copy ??= orderedCopy(value, names);
    if (copy !== null) Reflect.set(copy, name, frozen);
  }
  return copy === null ? Object.freeze(value) : showAs(value, Object.freeze(copy) as T);
}

/** An object of Automerge's shows as another from now on. */
function showAs<T extends object>(value: T, shown: T): T {
  shownByObject.set(Object.freeze(value), shown);
  return shown;
}

/** A copy that Automerge still knows as the same object: by symbols, when it is looked for in a list. */
function orderedCopy(value: object, names: readonly string[]): object {
  const copy: object = Array.isArray(value) ? [...(value as unknown[])] : {};
  const fields = Array.isArray(value) ? [] : names.toSorted(compareText);
  for (const key of [...fields, ...Object.getOwnPropertySymbols(value)]) {
    const property = Object.getOwnPropertyDescriptor(value, key);
    if (property !== undefined) Object.defineProperty(copy, key, { ...property, writable: true, configurable: true });
  }
  return copy;
}

function isOrdered(names: readonly string[]): boolean {
  let before: string | null = null;
  for (const name of names) {
    if (isIndex(name)) continue; // JavaScript puts these first, in the order of their numbers
    if (before !== null && compareText(before, name) > 0) return false;
    before = name;
  }
  return true;
}

/** Whether a name is an array index (ECMA-262 section 6.1.7). */
function isIndex(name: string): boolean {
  const first = name.charCodeAt(0);
  return first >= 48 && first <= 57 && Number(name) < 4_294_967_295 && String(Number(name) >>> 0) === name;
}

/** In the order of code points, which is that of UTF-8: surrogates, which spell what lies beyond U+FFFF, come last. */
function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const [left, right] = [a.charCodeAt(at), b.charCodeAt(at)];
    if (left !== right) return weightOf(left) - weightOf(right);
  }
  return a.length - b.length;
}

function weightOf(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
