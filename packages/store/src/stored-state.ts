// What may be written as local state: nothing that would be plaintext at rest.
import type { Brand } from "@selkie/entry";

/** A value of the local state. There are two ways to make one, so that storing plaintext by mistake does not compile. */
export type StoredState = Brand<Uint8Array, "StoredState">;

/**
 * Sealed bytes as a stored value: what clients store. Only the sealing functions of `@selkie/crypto` make `SealedBytes`.
 *
 * SECURITY: G1, no plaintext at rest. Test: stored-state.test.ts "G1 refuses plaintext as a stored value at compile time".
 */
export function sealedState(sealed: Brand<Uint8Array, "SealedBytes">): StoredState {
  return sealed as Uint8Array as StoredState;
}

/** A record that everybody may read as a stored value: what a relay stores (access lists, counters), as it holds no key at all. */
export function publicState(record: Uint8Array): StoredState {
  return record as StoredState;
}
