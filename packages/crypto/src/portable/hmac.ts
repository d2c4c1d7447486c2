// HMAC-SHA-256 and HKDF-Expand from noble.
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { cutSecret, expandBlocks, hashBytes } from "../framing.ts";

/** HMAC-SHA-256 over the joined parts. */
export function portableHmac(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  const mac = hmac.create(sha256, key);
  for (const part of parts) mac.update(part);
  return mac.digest();
}

/** HKDF-Expand (RFC 5869 section 2.3) with info = `prefix || info`: T(i) = HMAC(PRK, T(i-1) || info || i). */
export function portableExpand(key: Uint8Array, prefix: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  const blocks = expandBlocks(length);
  const output = new Uint8Array(blocks * hashBytes);
  for (let i = 0; i < blocks; i++) {
    const previous = i === 0 ? [] : [output.subarray((i - 1) * hashBytes, i * hashBytes)];
    const block = portableHmac(key, ...previous, prefix, info, Uint8Array.of(i + 1));
    output.set(block, i * hashBytes);
    block.fill(0);
  }
  return cutSecret(output, length);
}
