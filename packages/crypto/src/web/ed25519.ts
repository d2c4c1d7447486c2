// Ed25519 signing through WebCrypto, or noble.
import { ed25519 } from "@noble/curves/ed25519.js";
import { concatBytes, fromHex } from "@selkie/entry";
import type { Subtle } from "./subtle.ts";

/** A signing key in whichever form the platform allows. */
export interface WebSigner {
  sign(message: Uint8Array): Promise<Uint8Array>;
  /** Overwrites what can be overwritten. */
  wipe(): void;
}

// RFC 8410 section 7: what precedes the 32-byte seed of an Ed25519 key in PKCS#8.
const pkcs8 = fromHex("302e020100300506032b657004220420");

/** A signer over this SubtleCrypto; the seed stays the caller's to wipe. */
export async function webSigner(subtle: Subtle, seed: Uint8Array): Promise<WebSigner> {
  const der = concatBytes(pkcs8, seed);
  try {
    const key = await subtle.importKey("pkcs8", der, { name: "Ed25519" }, false, ["sign"]);
    return {
      sign: async (message) => new Uint8Array(await subtle.sign("Ed25519", key, message)),
      wipe() {
        // The key lives in the platform's handle only.
      },
    };
  } finally {
    der.fill(0);
  }
}

/** The same in plain JavaScript. */
export function portableSigner(seed: Uint8Array): WebSigner {
  const key = seed.slice();
  return {
    sign: async (message) => ed25519.sign(message, key),
    wipe: () => void key.fill(0),
  };
}
