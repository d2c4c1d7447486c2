// Padding: what a relay sees of a plaintext is one of few lengths. Padmé (Nikitin et al., "Reducing Metadata Leakage from Encrypted
// Files and Communication with PURBs", PETS 2019, section 4) keeps O(log log n) bits of a length, at the price of at most 12 %.
import { asPlaintext, type Plaintext } from "@selkie/crypto";
import { ByteReader, EntryError } from "@selkie/entry";
import { BytePool } from "../byte-pool.ts";
import { CoreError } from "../errors.ts";

/** Smallest padded plaintext, bytes: most single changes are below it and look alike. */
export const paddingFloor = 128;
/** The floor of bundles, bytes. */
export const bundleFloor = 256;

/** The padded length of `length` bytes (below 2^31), at least `floor`. */
export function padmeLength(length: number, floor: number = paddingFloor): number {
  if (length <= floor) return floor;
  const exponent = 31 - Math.clz32(length);
  const significant = 32 - Math.clz32(exponent);
  const step = 2 ** (exponent - significant);
  return Math.ceil(length / step) * step;
}

/** They are sealed soon, many at a time. */
const plaintexts = new BytePool();

/** `bytes` followed by zeros up to their padded length. */
export function pad(bytes: Uint8Array, floor: number = paddingFloor): Plaintext {
  const padded = plaintexts.take(padmeLength(bytes.length, floor));
  padded.set(bytes);
  return asPlaintext(padded);
}

/**
 * Reads a padded plaintext whose content knows its own length. What follows the content must be exactly its padding, and zeros, so
 * that every content has one plaintext.
 *
 * @throws CoreError `PART_MALFORMED`
 */
export function readPadded<Content>(
  plaintext: Plaintext,
  read: (reader: ByteReader) => Content,
  floorOf: (content: Content) => number = () => paddingFloor,
): Content {
  const reader = new ByteReader(plaintext);
  try {
    const content = read(reader);
    requirePadding(plaintext, reader.offset, floorOf(content));
    return content;
  } catch (cause) {
    throw asMalformed(cause);
  }
}

/** What follows the content of a plaintext is its padding. @throws CoreError `PART_MALFORMED` */
export function requirePadding(plaintext: Plaintext, end: number, floor: number): void {
  if (plaintext.length !== padmeLength(end, floor)) {
    throw new CoreError("PART_MALFORMED", "a plaintext is not padded to its length");
  }
  for (let at = end; at < plaintext.length; at++) {
    if (plaintext[at] !== 0) throw new CoreError("PART_MALFORMED", `padding byte ${at} is not zero`);
  }
}

/** What a content that does not decode is to those who read parts. */
export function asMalformed(cause: unknown): unknown {
  return cause instanceof EntryError
    ? new CoreError("PART_MALFORMED", "a plaintext does not decode", { cause })
    : cause;
}
