// Strict UTF-8, with a fast path: nearly all keys and most values are short and ASCII, where a TextDecoder costs more than it does.
import { ChangeError } from "./change-error.ts";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const longestFast = 32;

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

function isAscii(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if ((bytes[i] ?? 0) >= 0x80) return false;
  return true;
}
