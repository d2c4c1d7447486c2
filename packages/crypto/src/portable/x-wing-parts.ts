// X-Wing's parts from noble: the fallback and the oracle the native parts are tested against.
import { x25519 } from "@noble/curves/ed25519.js";
import { sha3_256, shake256 } from "@noble/hashes/sha3.js";
import { ml_kem768 } from "@noble/post-quantum/ml-kem.js";
import type { MlKem768, X25519, X25519Key, XWingParts } from "../x-wing.ts";

/** ML-KEM-768. */
export const portableMlKem: MlKem768 = {
  importKey(seed) {
    const { publicKey, secretKey } = ml_kem768.keygen(seed);
    return {
      publicKey,
      decapsulate: (ciphertext) => ml_kem768.decapsulate(ciphertext, secretKey),
      wipe: () => void secretKey.fill(0),
    };
  },
  encapsulate(publicKey, random) {
    const randomness = random(32);
    try {
      const { cipherText, sharedSecret } = ml_kem768.encapsulate(publicKey, randomness);
      return { ciphertext: cipherText, sharedSecret };
    } catch {
      // With lengths known to be right, noble's one refusal is the modulus check: the caller reports BAD_PUBLIC_KEY.
      return null;
    } finally {
      randomness.fill(0);
    }
  },
};

/** X25519. */
export const portableX25519: X25519 = {
  importKey: (scalar) => holdScalar(scalar.slice()),
  ephemeral: (random) => holdScalar(random(32)),
};

/** All of X-Wing from noble. */
export const portableXWing: XWingParts = {
  mlKem: portableMlKem,
  x25519: portableX25519,
  shake256: (seed, length) => shake256(seed, { dkLen: length }),
  sha3: (message) => sha3_256(message),
};

/** Takes the bytes over; they are clamped at each use (RFC 7748 section 5). */
function holdScalar(scalar: Uint8Array): X25519Key {
  return {
    publicKey: x25519.getPublicKey(scalar),
    agree(publicKey) {
      try {
        return x25519.getSharedSecret(scalar, publicKey);
      } catch {
        // noble refuses an all-zero output.
        return null;
      }
    },
    wipe: () => void scalar.fill(0),
  };
}
