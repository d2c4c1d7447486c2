import { toHex } from "@selkie/entry";

const textByBytes = new WeakMap<Uint8Array, string>();

/**
 * Hexadecimal of bytes that never change, such as ids in statements: remembered as long as they are. A view of the directory is built again
 * with every statement, out of the same arrays.
 */
export function hexOf(bytes: Uint8Array): string {
  const known = textByBytes.get(bytes);
  if (known !== undefined) return known;
  const text = toHex(bytes);
  textByBytes.set(bytes, text);
  return text;
}
