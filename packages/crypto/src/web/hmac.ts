// HMAC-SHA-256 and HKDF-Expand through WebCrypto, whose own HKDF always extracts first and so cannot be used.
import { concatBytes } from "@selkie/entry";
import { cutSecret, expandBlocks, hashBytes } from "../framing.ts";
import type { Subtle, WebKey } from "./subtle.ts";

/** An HMAC-SHA-256 key as a handle. */
export function webHmacKey(subtle: Subtle, bytes: Uint8Array): Promise<WebKey> {
  return subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
}

/** HMAC-SHA-256 over the joined parts. */
export async function webHmac(subtle: Subtle, key: WebKey, ...parts: readonly Uint8Array[]): Promise<Uint8Array> {
  return new Uint8Array(await subtle.sign("HMAC", key, concatBytes(...parts)));
}

/** HKDF-Expand (RFC 5869 section 2.3): T(i) = HMAC(PRK, T(i-1) || info || i). */
export async function webExpand(subtle: Subtle, key: WebKey, info: Uint8Array, length: number): Promise<Uint8Array> {
  const blocks = expandBlocks(length);
  const output = new Uint8Array(blocks * hashBytes);
  let previous = new Uint8Array(0);
  for (let i = 0; i < blocks; i++) {
    const block = await webHmac(subtle, key, previous, info, Uint8Array.of(i + 1));
    output.set(block, i * hashBytes);
    previous = output.subarray(i * hashBytes, (i + 1) * hashBytes);
    block.fill(0);
  }
  return cutSecret(output, length);
}
