import { hash, toHex, type Verifier } from "@selkie/entry";

/** The name of a person's KEM key, a device's signing key or a device's KEM key in revocations and bundles, 32 bytes. */
export function identityKeyName(verifier: Verifier, key: Uint8Array): Uint8Array {
  return hash(verifier, "identity-key", key);
}

const textByKey = new WeakMap<Uint8Array, string>();

/** The same in hexadecimal, for keys in arrays that never change: remembered as long as they are. */
export function identityKeyText(verifier: Verifier, key: Uint8Array): string {
  const known = textByKey.get(key);
  if (known !== undefined) return known;
  const text = toHex(identityKeyName(verifier, key));
  textByKey.set(key, text);
  return text;
}
