// Sealed boxes: one message under a long-lived secret, a fresh key per message. The 24-byte random salt goes into the key
// derivation, so there is no nonce to repeat and no 2^32 limit on messages (NIST SP 800-38D section 8.3).
//
// A box is not committing: someone who knows two secrets can make one box that opens under both. Where the secret is chosen by
// trial (a password, one of several keys), use the committed box.
import { type Brand, concatBytes, type DeriveLabel, parseCiphertext } from "@selkie/entry";
import type { SecretKey } from "./keys.ts";
import type { Plaintext } from "./plaintext.ts";
import type { CryptoProvider } from "./provider.ts";

/** A sealed or committed box: safe to store or send. */
export type SealedBytes = Brand<Uint8Array, "SealedBytes">;

/** Marks stored bytes as a box, so that they can be opened; opening is what checks them. */
export function asSealedBytes(bytes: Uint8Array): SealedBytes {
  return bytes as SealedBytes;
}

/** Bytes of the random salt that starts a box. */
export const boxSaltBytes = 24;
const tag = 16;

/** `salt 24 | AES-256-GCM(HKDF-Expand(key, label, salt), nonce 0, aad)`. */
export async function sealBox(
  crypto: CryptoProvider,
  key: SecretKey,
  label: DeriveLabel,
  aad: Uint8Array,
  plaintext: Plaintext,
): Promise<SealedBytes> {
  const salt = crypto.randomBytes(boxSaltBytes);
  using boxKey = await crypto.deriveAead(key, label, salt);
  const sealed = await crypto.sealMany(boxKey, [{ nonce: 0, aad, plaintext }]);
  return asSealedBytes(concatBytes(salt, ...sealed));
}

/** The plaintext, or `null` when the key, the label, the aad or any byte of the box is another. */
export async function openBox(
  crypto: CryptoProvider,
  key: SecretKey,
  label: DeriveLabel,
  aad: Uint8Array,
  box: Uint8Array,
): Promise<Plaintext | null> {
  if (box.length < boxSaltBytes + tag) return null;
  using boxKey = await crypto.deriveAead(key, label, box.subarray(0, boxSaltBytes));
  const ciphertext = parseCiphertext(box.subarray(boxSaltBytes));
  const [plaintext] = await crypto.openMany(boxKey, [{ nonce: 0, aad, ciphertext }]);
  return plaintext ?? null;
}
