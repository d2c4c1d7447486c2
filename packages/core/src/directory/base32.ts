// Base32 (RFC 4648 section 6, no padding): bytes in letters and digits that QR codes take in their alphanumeric mode, and that survive mail,
// other cases and broken lines. Base45 (RFC 9285) is 6 % shorter; its alphabet has the space, which none of these leave alone.
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** Eight characters for five bytes, fewer for the last ones; unused bits are zero. */
export function toBase32(bytes: Uint8Array): string {
  let text = "";
  let held = 0;
  let bits = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    for (; bits >= 5; bits -= 5) text += ALPHABET[(held >>> (bits - 5)) & 31];
    held &= 31;
  }
  return bits === 0 ? text : text + ALPHABET[(held << (5 - bits)) & 31];
}

/** The bytes of such a text; null when it is not the one encoding of any. */
export function fromBase32(text: string): Uint8Array | null {
  const bytes: number[] = [];
  let held = 0;
  let bits = 0;
  for (const character of text) {
    const value = ALPHABET.indexOf(character);
    if (value < 0) return null;
    held = ((held << 5) | value) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push((held >>> bits) & 0xff);
  }
  const read = Uint8Array.from(bytes);
  return toBase32(read) === text ? read : null;
}
