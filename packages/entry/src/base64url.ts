// base64url without padding (RFC 4648 section 5), in one spelling per byte string: what keys and requests travel as between people.
import { EntryError } from "./entry-error.ts";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** Four digits for three bytes, no padding. */
export function toBase64url(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const group = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    const digits = Math.min(4, bytes.length - at + 1);
    for (let digit = 0; digit < digits; digit++) text += ALPHABET[(group >> (18 - 6 * digit)) & 63];
  }
  return text;
}

/** The bytes that {@link toBase64url} wrote. @throws EntryError `BAD_BASE64URL` for anything that {@link toBase64url} does not write */
export function fromBase64url(text: string): Uint8Array {
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  let group = 0;
  for (let at = 0; at < text.length; at++) {
    const digit = ALPHABET.indexOf(text.charAt(at));
    if (digit < 0) throw new EntryError("BAD_BASE64URL", "a character that base64url does not use");
    group = ((group << 6) | digit) & 0xff_ffff;
    // After the second, third and fourth digit of a group a byte is complete.
    if (at % 4 > 0) bytes[Math.floor(at / 4) * 3 + (at % 4) - 1] = (group >> (6 - 2 * (at % 4))) & 0xff;
  }
  if (toBase64url(bytes) !== text) throw new EntryError("BAD_BASE64URL", "not the one spelling of these bytes");
  return bytes;
}
