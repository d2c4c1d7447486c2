// Committed boxes: a sealed box that also commits to its key, for secrets that are guessed or tried one after another (passwords,
// key versions). AES-GCM alone lets an attacker who chooses both keys make one ciphertext that opens under two of them ("invisible
// salamanders", Dodis et al. 2018), and test many password guesses with one box ("partitioning oracles", Len, Grubbs and
// Ristenpart 2021). The commitment is 32 bytes of HMAC-SHA-256 output: two keys with one commitment are a collision.
import { concatBytes, type DeriveLabel, parseCiphertext } from "@selkie/entry";
import { equalSecrets } from "./constant-time.ts";
import type { SecretKey } from "./keys.ts";
import type { Plaintext } from "./plaintext.ts";
import type { CryptoProvider } from "./provider.ts";
import { asSealedBytes, boxSaltBytes, type SealedBytes } from "./sealed-box.ts";

/** Bytes of the key commitment. */
const commitmentBytes = 32;
const tag = 16;
// The last byte of the derivation's info keeps the commitment apart from the key.
const forCommitment = Uint8Array.of(1);
const forKey = Uint8Array.of(2);

/** `salt 24 | commitment 32 | AES-256-GCM(...)`: both derived from key, label and salt. */
export async function sealCommittedBox(
  crypto: CryptoProvider,
  key: SecretKey,
  label: DeriveLabel,
  aad: Uint8Array,
  plaintext: Plaintext,
): Promise<SealedBytes> {
  const salt = crypto.randomBytes(boxSaltBytes);
  const commitment = await crypto.derive(key, label, concatBytes(salt, forCommitment), commitmentBytes);
  using boxKey = await crypto.deriveAead(key, label, concatBytes(salt, forKey));
  const sealed = await crypto.sealMany(boxKey, [{ nonce: 0, aad, plaintext }]);
  return asSealedBytes(concatBytes(salt, commitment, ...sealed));
}

/**
 * The plaintext, or `null` for every failure.
 * SECURITY: the commitment is compared, in constant time, before any byte is decrypted (test "A10 refuses a two-key ciphertext").
 */
export async function openCommittedBox(
  crypto: CryptoProvider,
  key: SecretKey,
  label: DeriveLabel,
  aad: Uint8Array,
  box: Uint8Array,
): Promise<Plaintext | null> {
  if (box.length < boxSaltBytes + commitmentBytes + tag) return null;
  const salt = box.subarray(0, boxSaltBytes);
  const expected = await crypto.derive(key, label, concatBytes(salt, forCommitment), commitmentBytes);
  if (!equalSecrets(expected, box.subarray(boxSaltBytes, boxSaltBytes + commitmentBytes))) return null;
  using boxKey = await crypto.deriveAead(key, label, concatBytes(salt, forKey));
  const ciphertext = parseCiphertext(box.subarray(boxSaltBytes + commitmentBytes));
  const [plaintext] = await crypto.openMany(boxKey, [{ nonce: 0, aad, ciphertext }]);
  return plaintext ?? null;
}
