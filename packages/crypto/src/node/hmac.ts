// HMAC-SHA-256 and HKDF-Expand through node:crypto, synchronous; keys are KeyObjects (a raw key costs six times as much).
import { createHmac, createSecretKey, type KeyObject } from "node:crypto";
import { cutSecret, expandBlocks, hashBytes } from "../framing.ts";
import { asBytes } from "./bytes.ts";

/** For what is hashed at once and no secret: each `update` costs more than copying a few bytes. */
const scratch = new Uint8Array(1024);

/** HMAC-SHA-256 over `prefix || message`. */
export function nodeHmac(key: KeyObject, prefix: Uint8Array, message: Uint8Array): Uint8Array {
  return asBytes(createHmac("sha256", key).update(prefix).update(message).digest());
}

/** The first block of HKDF-Expand as an AES key: one HMAC. */
export function nodeExpandKey(key: KeyObject, prefix: Uint8Array, info: Uint8Array): KeyObject {
  const length = prefix.length + info.length;
  const message = length < scratch.length ? scratch.subarray(0, length + 1) : new Uint8Array(length + 1);
  message.set(prefix);
  message.set(info, prefix.length);
  message[length] = 1;
  const block = createHmac("sha256", key).update(message).digest();
  const derived = createSecretKey(block);
  // Buffer has a fill of its own, several times slower.
  Uint8Array.prototype.fill.call(block, 0);
  return derived;
}

/** HKDF-Expand (RFC 5869 section 2.3): T(i) = HMAC(PRK, T(i-1) || prefix || info || i). */
export function nodeExpand(key: KeyObject, prefix: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  const blocks = expandBlocks(length);
  const output = new Uint8Array(blocks * hashBytes);
  for (let i = 0; i < blocks; i++) {
    const block = createHmac("sha256", key);
    if (i > 0) block.update(output.subarray((i - 1) * hashBytes, i * hashBytes));
    output.set(
      block
        .update(prefix)
        .update(info)
        .update(Uint8Array.of(i + 1))
        .digest(),
      i * hashBytes,
    );
  }
  return cutSecret(output, length);
}
