import { hash, type Verifier } from "@selkie/entry";

/** The name of a person's KEM key, a device's signing key or a device's KEM key in revocations and bundles, 32 bytes. */
export function identityKeyName(verifier: Verifier, key: Uint8Array): Uint8Array {
  return hash(verifier, "identity-key", key);
}
