// AES-256-GCM from noble (NIST SP 800-38D).
import { gcm } from "@noble/ciphers/aes.js";

/** Ciphertext and tag. */
export function portableSeal(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Uint8Array {
  return gcm(key, nonce, aad).encrypt(plaintext);
}

/** The plaintext, or `null` for every failure. */
export function portableOpen(
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  ciphertext: Uint8Array,
): Uint8Array | null {
  try {
    return gcm(key, nonce, aad).decrypt(ciphertext);
  } catch {
    // A short ciphertext and a wrong tag are the same answer on purpose: no oracle.
    return null;
  }
}
