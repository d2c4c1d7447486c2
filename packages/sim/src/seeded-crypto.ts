import { type Argon2Parameters, argon2Limits, type CryptoProvider, portableCrypto } from "@selkie/crypto";
import { nativeCrypto } from "@selkie/crypto/native";
import { toHex } from "@selkie/entry";
import type { SeededRandom } from "./seeded-random.ts";

/** The cheapest Argon2id that a KeyBag accepts. */
export const SIM_KDF: Argon2Parameters = { memory: argon2Limits.memory.floor, passes: 2, lanes: 1 };

/** What draws no randomness and takes no thread: the native provider's own will do. A function that is new must be placed here or below. */
type Repeats =
  | ("name" | "sha256" | "verifyMany" | "importSecret" | "importSigningKey" | "importKemKey" | "signMany" | "macMany")
  | ("derive" | "deriveAead" | "sealMany" | "openMany" | "openBatches" | "unwrap");

const derivedByInput = new Map<string, Uint8Array>();

/**
 * The native provider with randomness that repeats. HPKE under Node draws its own, so wrapping is left to the portable one; what
 * Argon2id gives is remembered, because it runs in a worker that virtual time can't wait for.
 */
export function seededCrypto(random: SeededRandom): CryptoProvider {
  const native: Pick<CryptoProvider, Repeats> = nativeCrypto;
  const { wrap, wrapMany } = portableCrypto({ random: random.bytes });
  return {
    ...native,
    randomBytes: random.bytes,
    wrap,
    wrapMany,
    deriveFromPassword: async (password, salt, parameters) => {
      const input = `${toHex(password)} ${toHex(salt)} ${JSON.stringify(parameters)}`;
      const derived = derivedByInput.get(input) ?? (await nativeCrypto.deriveFromPassword(password, salt, parameters));
      derivedByInput.set(input, derived.slice());
      return derived.slice();
    },
  };
}
