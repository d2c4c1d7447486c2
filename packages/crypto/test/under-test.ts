// The providers that the suites compare, each with the primitives beneath it, so that published vectors can be run on what has no
// public door (an unlabelled HMAC, a raw AES key).
import { ed25519 } from "@noble/curves/ed25519.js";
import { type CryptoProvider, portableCrypto } from "../src/index.ts";
import { portableArgon2id } from "../src/portable/argon2.ts";
import { portableOpen, portableSeal } from "../src/portable/gcm.ts";
import { portableExpand, portableHmac } from "../src/portable/hmac.ts";
import { portableXWing } from "../src/portable/x-wing-parts.ts";
import { wasmArgon2id } from "../src/wasm-argon2.ts";
import { webSigner } from "../src/web/ed25519.ts";
import { webAesKey, webOpen, webSeal } from "../src/web/gcm.ts";
import { webExpand, webHmac, webHmacKey } from "../src/web/hmac.ts";
import type { Subtle } from "../src/web/subtle.ts";
import { webCrypto } from "../src/web/web-crypto.ts";
import { webX25519 } from "../src/web/x25519.ts";
import type { XWingParts } from "../src/x-wing.ts";

type Bytes = Uint8Array;

/** What a provider is built from; keys are raw bytes here. */
export interface Primitives {
  hmac(key: Bytes, message: Bytes): Promise<Bytes>;
  expand(key: Bytes, info: Bytes, length: number): Promise<Bytes>;
  seal(key: Bytes, nonce: Bytes, aad: Bytes, plaintext: Bytes): Promise<Bytes>;
  open(key: Bytes, nonce: Bytes, aad: Bytes, ciphertext: Bytes): Promise<Bytes | null>;
  sign(seed: Bytes, message: Bytes): Promise<Bytes>;
  argon2id(password: Bytes, salt: Bytes, cost: { memory: number; passes: number; lanes: number }): Promise<Bytes>;
  readonly kem: XWingParts;
}

/** One provider under test. */
export interface UnderTest {
  readonly name: string;
  readonly provider: CryptoProvider;
  readonly primitives: Primitives;
  /** The same provider over another source of randomness, or null when its randomness cannot be given. */
  withRandom(random: (length: number) => Uint8Array): CryptoProvider | null;
  /** Whether the randomness of an encapsulation comes from the given source. */
  readonly drawsFrom: "source" | "platform";
}

/** Unpredictable bytes on every platform. */
export function randomBytes(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  globalThis.crypto.getRandomValues(bytes);
  return bytes;
}

/** Hands out `bytes` from the start; more is an error. */
export function bytesInOrder(bytes: Uint8Array): (length: number) => Uint8Array {
  let at = 0;
  return (length) => {
    if (at + length > bytes.length) throw new RangeError("the fixed randomness is used up");
    at += length;
    return bytes.slice(at - length, at);
  };
}

const none = new Uint8Array(0);

export const portableUnderTest: UnderTest = {
  name: "portable",
  provider: portableCrypto({ random: randomBytes }),
  withRandom: (random) => portableCrypto({ random }),
  drawsFrom: "source",
  primitives: {
    hmac: async (key, message) => portableHmac(key, message),
    expand: async (key, info, length) => portableExpand(key, none, info, length),
    seal: async (...message) => portableSeal(...message),
    open: async (...message) => portableOpen(...message),
    sign: async (seed, message) => ed25519.sign(message, seed),
    argon2id: async (password, salt, cost) => portableArgon2id(password, salt, cost),
    kem: portableXWing,
  },
};

/** This platform's WebCrypto, in the shape the package declares. */
export const platformSubtle = globalThis.crypto.subtle as unknown as Subtle;

export const webUnderTest: UnderTest = {
  name: "web",
  provider: webCrypto(platformSubtle, randomBytes),
  withRandom: (random) => webCrypto(platformSubtle, random),
  drawsFrom: "source",
  primitives: {
    hmac: async (key, message) => webHmac(platformSubtle, await webHmacKey(platformSubtle, key), message),
    expand: async (key, info, length) => webExpand(platformSubtle, await webHmacKey(platformSubtle, key), info, length),
    seal: async (key, nonce, aad, plaintext) =>
      webSeal(platformSubtle, await webAesKey(platformSubtle, key), { nonce, aad }, plaintext),
    open: async (key, nonce, aad, ciphertext) =>
      webOpen(platformSubtle, await webAesKey(platformSubtle, key), { nonce, aad }, ciphertext),
    sign: async (seed, message) => (await webSigner(platformSubtle, seed)).sign(message),
    argon2id: wasmArgon2id,
    kem: { ...portableXWing, x25519: webX25519(platformSubtle) },
  },
};
