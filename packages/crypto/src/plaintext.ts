// Plaintext is another type than ciphertext, so that bytes which were never sealed cannot be handed to a store or a transport.
import type { Brand } from "@selkie/entry";

/** Bytes that must never leave the key side unsealed. */
export type Plaintext = Brand<Uint8Array, "Plaintext">;

/** Marks bytes as plaintext; nothing is copied. */
export function asPlaintext(bytes: Uint8Array): Plaintext {
  return bytes as Plaintext;
}
