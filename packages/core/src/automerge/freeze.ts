/** Objects that are frozen with everything in them. */
const frozen = new WeakSet<object>();

/**
 * Freezes maps and lists with everything in them, and gives the same object. Automerge shares what did not change between two states
 * of a document, so only what changed is walked. Bytes and dates stay as they are: JavaScript cannot freeze what they hold.
 */
export function freezeDeep<T extends object>(value: T): T {
  if (frozen.has(value) || ArrayBuffer.isView(value) || value instanceof Date) return value;
  for (const item of Object.values(value)) if (typeof item === "object" && item !== null) freezeDeep(item);
  frozen.add(Object.freeze(value));
  return value;
}
