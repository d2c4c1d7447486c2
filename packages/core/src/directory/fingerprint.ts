// Fingerprints: what two people read to each other to know that they hold the same keys.
import { compareBytes, hash, type TenantId, toHex, type Verifier } from "@selkie/entry";
import { WORDS } from "./words.ts";

const digits = 60;

/**
 * A fingerprint of public values: 60 decimal digits (199 bits) in groups of five.
 * SECURITY: A14. Every field goes in with its length, so no two sets of fields share an input (fingerprint.test.ts).
 */
export function fingerprint(verifier: Verifier, purpose: string, fields: readonly Uint8Array[]): string {
  const framed = [new TextEncoder().encode(purpose), ...fields].flatMap((field) => [lengthOf(field), field]);
  const number = BigInt(`0x${toHex(hash(verifier, "fingerprint", ...framed))}`) % 10n ** BigInt(digits);
  const text = number.toString().padStart(digits, "0");
  return (text.match(/.{5}/g) ?? []).join(" ");
}

function lengthOf(field: Uint8Array): Uint8Array {
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, field.length);
  return length;
}

/**
 * The same as words, for reading aloud: 12 of the 2,048 of BIP 39's English list, 132 bits.
 *
 * @param fingerprint as {@link fingerprint} gives it
 */
export function fingerprintWords(fingerprint: string): string {
  let rest = BigInt(fingerprint.replaceAll(" ", ""));
  const words: string[] = [];
  for (let at = 0; at < 12; at++) {
    words.unshift(WORDS[Number(rest % 2_048n)] ?? "");
    rest /= 2_048n;
  }
  return words.join(" ");
}

/**
 * The fingerprint of a tenant: of its id, which is the hash of its founding entry, and of the root keys in force. Whoever founds a tenant of
 * the same name, or follows another root, shows another.
 */
export function tenantFingerprint(
  verifier: Verifier,
  tenant: TenantId,
  roots: readonly { readonly device: Uint8Array }[],
): { readonly fingerprint: string; readonly words: string } {
  const keys = roots.map(({ device }) => device).sort(compareBytes);
  const shown = fingerprint(verifier, "tenant", [tenant, ...keys]);
  return { fingerprint: shown, words: fingerprintWords(shown) };
}
