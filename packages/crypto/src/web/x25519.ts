// X25519 through WebCrypto.
import { concatBytes, fromHex } from "@selkie/entry";
import type { X25519, X25519Key } from "../x-wing.ts";
import type { Subtle, WebKey } from "./subtle.ts";

// RFC 8410 section 7: what precedes the 32 bytes of an X25519 private key in PKCS#8.
const pkcs8 = fromHex("302e020100300506032b656e04220420");
// RFC 7748 section 4.1: u = 9.
const basePoint = Uint8Array.of(9, ...new Uint8Array(31));
const algorithm = { name: "X25519" } as const;

/** X25519 over this SubtleCrypto. */
export function webX25519(subtle: Subtle): X25519 {
  return {
    importKey: (scalar) => importScalar(subtle, scalar),
    async ephemeral(random) {
      const scalar = random(32);
      try {
        return await importScalar(subtle, scalar);
      } finally {
        scalar.fill(0);
      }
    },
  };
}

async function importScalar(subtle: Subtle, scalar: Uint8Array): Promise<X25519Key> {
  const der = concatBytes(pkcs8, scalar);
  let key: WebKey;
  try {
    key = await subtle.importKey("pkcs8", der, algorithm, false, ["deriveBits"]);
  } finally {
    der.fill(0);
  }
  return {
    // A public key is the agreement with the base point (RFC 7748 section 6.1), so the handle need not be extractable.
    publicKey: await multiply(subtle, key, basePoint),
    async agree(publicKey) {
      try {
        return await multiply(subtle, key, publicKey);
      } catch {
        // WebCrypto refuses an all-zero output.
        return null;
      }
    },
    wipe() {
      // The key lives in the platform's handle only.
    },
  };
}

async function multiply(subtle: Subtle, key: WebKey, point: Uint8Array): Promise<Uint8Array> {
  const theirs = await subtle.importKey("raw", point, algorithm, false, []);
  return new Uint8Array(await subtle.deriveBits({ ...algorithm, public: theirs }, key, 256));
}
