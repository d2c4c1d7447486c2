// Byte strings: hexadecimal at the edges, comparison and joining inside.
import { EntryError } from "./entry-error.ts";

const DIGITS: readonly number[] = [..."0123456789abcdef"].map((digit) => digit.charCodeAt(0));
/** How many bytes become text at a time. */
const PIECE = 64;
/** By number of bytes: room for their digits, used again and again. Text made of all its digits at once is twice as fast as joined text. */
const digitsByLength: number[][] = [];

/** Lower-case hexadecimal, two digits a byte. */
export function toHex(bytes: Uint8Array): string {
  return sliceToHex(bytes, 0, bytes.length);
}

/** The same from `start` to `end`, without a view of these. */
export function sliceToHex(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let at = start; at < end; at += PIECE) text += pieceToHex(bytes, at, Math.min(PIECE, end - at));
  return text;
}

function pieceToHex(bytes: Uint8Array, start: number, length: number): string {
  digitsByLength[length] ??= new Array<number>(2 * length).fill(0);
  const digits = digitsByLength[length];
  for (let i = 0; i < length; i++) {
    const byte = bytes[start + i] ?? 0;
    digits[2 * i] = DIGITS[byte >>> 4] ?? 0;
    digits[2 * i + 1] = DIGITS[byte & 15] ?? 0;
  }
  return String.fromCharCode(...digits);
}

/**
 * The bytes of lower-case hexadecimal text; upper case is refused, so that a byte string has one spelling.
 *
 * @throws EntryError `BAD_HEX`
 */
export function fromHex(text: string): Uint8Array {
  if (text.length % 2 !== 0) throw new EntryError("BAD_HEX", "an odd number of hexadecimal digits");
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = digitOf(text.charCodeAt(2 * i)) * 16 + digitOf(text.charCodeAt(2 * i + 1));
  }
  return bytes;
}

function digitOf(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  if (code >= 0x61 && code <= 0x66) return code - 0x61 + 10;
  throw new EntryError("BAD_HEX", "not a lower-case hexadecimal digit");
}

/** Whether both hold the same bytes. Not constant time: for public values only. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Lexicographic order of unsigned bytes, a prefix first: negative, zero or positive. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** All parts, one after the other, in a new array. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const joined = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}
