/** Byte framing all providers share: label prefixes, nonces, HKDF-Expand's limits. */
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
export function encodeNonce(nonce: number): Uint8Array<ArrayBuffer> {
  if (!Number.isSafeInteger(nonce) || nonce < 0) throw new CryptoError("BAD_NONCE", "a nonce is a whole number from 0");
  const bytes = new Uint8Array(nonceBytes);
  const view = new DataView(bytes.buffer);
  view.setUint32(4, Math.floor(nonce / 0x1_0000_0000));
  view.setUint32(8, nonce % 0x1_0000_0000);
  return bytes;
}

/** Blocks of HKDF-Expand for `length` bytes (RFC 5869 section 2.3: at most 255). */
export function expandBlocks(length: number): number {
  if (!Number.isSafeInteger(length) || length < 1 || length > 255 * hashBytes) {
    throw new CryptoError("BAD_LENGTH", `a derived secret must be 1 to ${255 * hashBytes} bytes`);
  }
  return Math.ceil(length / hashBytes);
}
