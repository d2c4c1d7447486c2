// Permit parts: a secret wrapped for one recipient (HPKE), and the bundle of key versions sealed under that secret. Neither needs a
// key version to open, so a new device can begin to read.
import { asPlaintext, type CryptoProvider, type KemKey, type Plaintext, type WrapItem } from "@selkie/crypto";
import {
  type Ciphertext,
  concatBytes,
  equalBytes,
  labelled,
  parseCiphertext,
  partKind,
  RECIPIENT_TAG_BYTES,
  recipientName,
  recipientTag,
  type Salt,
} from "@selkie/entry";
import { partAad } from "./part-cipher.ts";

/** Where a permit part lies: what its wrapping is bound to. */
export interface PermitPlace {
  readonly salt: Salt;
  /** Hash of the entry's header prefix. */
  readonly prefixHash: Uint8Array;
  readonly index: number;
}

/** What a permit tells its recipient. */
export interface PermitSecret {
  /** 32 bytes: opens the bundle. */
  readonly secret: Uint8Array;
  /** The bundle's part index. */
  readonly bundle: number;
}

const encBytes = 1_120;
const secretBytes = 32;
/** Recipient tag, X-Wing encapsulation, sealed secret and bundle index. */
export const permitBytes: number = RECIPIENT_TAG_BYTES + encBytes + secretBytes + 2 + 16;

/** What is wrapped: the secret, then the bundle's part index, u16. */
export function encodePermitSecret({ secret, bundle }: PermitSecret): Plaintext {
  return asPlaintext(concatBytes(secret, Uint8Array.of(bundle >>> 8, bundle & 0xff)));
}

/** A permit in the making. */
export interface PermitItem {
  readonly index: number;
  /** 1,216-byte KEM key. */
  readonly recipient: Uint8Array;
  /** `encodePermitSecret`. */
  readonly secret: Plaintext;
}

/** Wraps the secrets of all permits of an entry. @throws CryptoError `BAD_PUBLIC_KEY` */
export async function wrapPermits(
  crypto: CryptoProvider,
  { salt, prefixHash }: Omit<PermitPlace, "index">,
  permits: readonly PermitItem[],
): Promise<readonly Ciphertext[]> {
  const items = permits.map(({ index, recipient, secret }): WrapItem => {
    return { recipient, aad: partAad(partKind.permit, index), plaintext: secret };
  });
  const wrapped = await crypto.wrapMany(permitInfo(prefixHash), items);
  // One allocation: the permits of an entry travel together.
  const room = new ArrayBuffer(permits.length * permitBytes);
  return permits.flatMap(({ recipient }, nth) => {
    const sealed = wrapped[nth];
    if (sealed === undefined) return [];
    const permit = new Uint8Array(room, nth * permitBytes, permitBytes);
    permit.set(recipientTag(crypto, knownName(crypto, recipient), salt));
    permit.set(sealed.enc, RECIPIENT_TAG_BYTES);
    permit.set(sealed.ciphertext, RECIPIENT_TAG_BYTES + encBytes);
    return [parseCiphertext(permit)];
  });
}

const nameByKem = new WeakMap<Uint8Array, Uint8Array>();

/** Of a key in an array that never changes, as in a statement: whoever is left gets a permit with every revocation. */
function knownName(crypto: CryptoProvider, recipient: Uint8Array): Uint8Array {
  const name = nameByKem.get(recipient) ?? recipientName(crypto, recipient);
  nameByKem.set(recipient, name);
  return name;
}

/** Whether a permit part carries this recipient tag. */
export function isAddressedTo(permit: Ciphertext, tag: Uint8Array): boolean {
  return permit.length === permitBytes && equalBytes(permit.subarray(0, RECIPIENT_TAG_BYTES), tag);
}

/** Unwraps a permit addressed to this key; null is the one answer to whatever is wrong with it. */
export async function unwrapPermit(
  crypto: CryptoProvider,
  kem: KemKey,
  permit: PermitPlace & { readonly ciphertext: Ciphertext },
): Promise<PermitSecret | null> {
  if (permit.ciphertext.length !== permitBytes) return null;
  const enc = permit.ciphertext.subarray(RECIPIENT_TAG_BYTES, RECIPIENT_TAG_BYTES + encBytes);
  const sealed = parseCiphertext(permit.ciphertext.subarray(RECIPIENT_TAG_BYTES + encBytes));
  const aad = partAad(partKind.permit, permit.index);
  const opened = await crypto.unwrap(kem, enc, permitInfo(permit.prefixHash), aad, sealed);
  if (opened === null) return null;
  const bundle = (opened[secretBytes] ?? 0) * 0x100 + (opened[secretBytes + 1] ?? 0);
  return { secret: opened.slice(0, secretBytes), bundle };
}

/** Seals the bundle that permits with this secret open. */
export async function sealBundle(
  crypto: CryptoProvider,
  secret: Uint8Array,
  bundle: PermitPlace & { readonly plaintext: Plaintext },
): Promise<Ciphertext> {
  using key = await bundleKey(crypto, secret, bundle);
  const { index, plaintext } = bundle;
  const sealed = await crypto.sealMany(key, [{ nonce: index, aad: partAad(partKind.permit, index), plaintext }]);
  return parseCiphertext(sealed[0] ?? new Uint8Array());
}

/** Opens a bundle; null is the one answer to whatever is wrong with it. */
export async function openBundle(
  crypto: CryptoProvider,
  secret: Uint8Array,
  bundle: PermitPlace & { readonly ciphertext: Ciphertext },
): Promise<Plaintext | null> {
  using key = await bundleKey(crypto, secret, bundle);
  const { index, ciphertext } = bundle;
  const opened = await crypto.openMany(key, [{ nonce: index, aad: partAad(partKind.permit, index), ciphertext }]);
  return opened[0] ?? null;
}

const permitInfo = (prefixHash: Uint8Array): Uint8Array => labelled("derive-permit-wrap", prefixHash);

async function bundleKey(crypto: CryptoProvider, secret: Uint8Array, { salt, prefixHash }: PermitPlace) {
  using secretKey = await crypto.importSecret(secret);
  return await crypto.deriveAead(secretKey, "derive-permit-bundle", concatBytes(salt, prefixHash));
}
