/**
 * Freezes maps and lists with everything in them, and gives the same object. Automerge shares what did not change between two states
 * of a document, so only what changed is walked. Bytes and dates stay as they are: JavaScript cannot freeze what they hold.
 *
 * INVARIANT: nothing else freezes parts of a document, and what lies inside is frozen first: whatever is frozen is so to the bottom.
 * Test: document.test.ts.
 */
export function freezeDeep<T extends object>(value: T): T {
  if (Object.isFrozen(value) || ArrayBuffer.isView(value) || value instanceof Date) return value;
  for (const item of Object.values(value)) if (typeof item === "object" && item !== null) freezeDeep(item);
  return Object.freeze(value);
}
