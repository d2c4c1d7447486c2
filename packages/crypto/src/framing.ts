// Byte framing all providers share: label prefixes, nonces, HKDF-Expand's limits.
import { type DeriveLabel, labelled, type MacLabel } from "@selkie/entry";
import { CryptoError } from "./errors.ts";

/** Bytes of an AES-GCM tag, of its nonce, of a SHA-256 output. */
export const tagBytes = 16;
export const nonceBytes = 12;
export const hashBytes = 32;

const prefixes = new Map<MacLabel | DeriveLabel, Uint8Array>();

/** `labelled(label)` with no payload, made once per label: what is fed to a MAC before the payload. */
export function labelPrefix(label: MacLabel | DeriveLabel): Uint8Array {
  const known = prefixes.get(label);
  if (known !== undefined) return known;
  const prefix = labelled(label);
  prefixes.set(label, prefix);
  return prefix;
}

/**
 * A counter as a 96-bit big-endian nonce.
 * @throws CryptoError `BAD_NONCE` unless it is a whole number from 0 to 2^53-1
 */
export function encodeNonce(nonce: number): Uint8Array {
  return writeNonce(new Uint8Array(nonceBytes), nonce);
}

/** The same into 12 bytes that are used again and again; they must begin as zeros. */
export function writeNonce(bytes: Uint8Array, nonce: number): Uint8Array {
  if (!Number.isSafeInteger(nonce) || nonce < 0) throw new CryptoError("BAD_NONCE", "a nonce is a whole number from 0");
  let rest = nonce;
  for (let i = nonceBytes - 1; i >= nonceBytes - 7; i--) {
    bytes[i] = rest & 0xff;
    rest = Math.floor(rest / 256);
  }
  return bytes;
}

/** Blocks of HKDF-Expand for `length` bytes (RFC 5869 section 2.3: at most 255). */
export function expandBlocks(length: number): number {
  if (!Number.isSafeInteger(length) || length < 1 || length > 255 * hashBytes) {
    throw new CryptoError("BAD_LENGTH", `a derived secret must be 1 to ${255 * hashBytes} bytes`);
  }
  return Math.ceil(length / hashBytes);
}

/** The first `length` bytes; what is cut off is overwritten. */
export function cutSecret(bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.length === length) return bytes;
  const cut = bytes.slice(0, length);
  bytes.fill(0);
  return cut;
}
