// Strict UTF-8, with a fast path: nearly all keys and most values are short and ASCII, where TextDecoder and TextEncoder cost more than a loop.
import { ChangeError } from "./change-error.ts";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();
const longestFast = 32;

/** The UTF-8 bytes of a well-formed text. */
export function encodeText(text: string): Uint8Array {
  if (text.length > longestFast) return encoder.encode(text);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0x80) return encoder.encode(text);
    bytes[i] = unit;
  }
  return bytes;
}

/** The text of UTF-8 bytes (RFC 3629: no surrogates, no overlong forms); throws `CHANGE_BAD_VALUE` otherwise. */
export function decodeText(bytes: Uint8Array, start: number, end: number): string {
  if (end - start <= longestFast && isAscii(bytes, start, end)) {
    let text = "";
    for (let i = start; i < end; i++) text += String.fromCharCode(bytes[i] ?? 0);
    return text;
  }
  try {
    return decoder.decode(bytes.subarray(start, end));
  } catch {
    // The decoder's own error says nothing that the code does not.
    throw new ChangeError("CHANGE_BAD_VALUE", "a text is not UTF-8");
  }
}

/** Throws `CHANGE_BAD_VALUE` unless the bytes are UTF-8. */
export function checkText(bytes: Uint8Array, start: number, end: number): void {
  if (!isAscii(bytes, start, end)) decodeText(bytes, start, end);
}

/** How many bytes in front are ASCII. */
export function asciiLength(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && (bytes[at] ?? 0) < 0x80) at++;
  return at - start;
}

function isAscii(bytes: Uint8Array, start: number, end: number): boolean {
  return asciiLength(bytes, start, end) === end - start;
}

/** The order of the UTF-8 bytes, which is that of the code points: UTF-16 code units put surrogates before U+E000. */
export function compareAsUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [left, right] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (left !== right) return rank(left) - rank(right);
  }
  return a.length - b.length;
}

function rank(unit: number): number {
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x1_0000 : unit;
}
