// X-Wing (draft-connolly-cfrg-xwing-kem-10): X25519 and ML-KEM-768 in one KEM, so that what a relay stores today stays closed to
// a quantum computer later, and to a flaw in ML-KEM alone. The parts are the provider's; the composition is here, once.
import { concatBytes } from "@selkie/entry";
import { CryptoError, requireLength } from "./errors.ts";

/** A value now or a promise of it: native parts answer at once, WebCrypto later. */
export type Eventually<T> = T | Promise<T>;

/** ML-KEM-768 (FIPS 203). */
export interface MlKem768 {
  /** The key of the 64-byte seed d || z (FIPS 203 section 6.1). */
  importKey(seed: Uint8Array): MlKemKey;
  /** `null` when the key fails the modulus check of FIPS 203 section 7.2. Native parts draw randomness of their own. */
  encapsulate(publicKey: Uint8Array, random: RandomSource): Encapsulation | null;
}

/** An ML-KEM-768 decapsulation key. */
interface MlKemKey {
  readonly publicKey: Uint8Array;
  /** Never refuses: a wrong ciphertext yields a pseudorandom secret (implicit rejection, FIPS 203 section 6.3). */
  decapsulate(ciphertext: Uint8Array): Uint8Array;
  /** Overwrites what can be overwritten. */
  wipe(): void;
}

/** X25519 (RFC 7748). */
export interface X25519 {
  /** The key of a 32-byte scalar. */
  importKey(scalar: Uint8Array): Eventually<X25519Key>;
  /** A fresh key. Native parts draw randomness of their own. */
  ephemeral(random: RandomSource): Eventually<X25519Key>;
}

/** An X25519 private key. */
export interface X25519Key {
  readonly publicKey: Uint8Array;
  /** The shared secret, or `null` when the platform itself refuses the point. */
  agree(publicKey: Uint8Array): Eventually<Uint8Array | null>;
  /** Overwrites what can be overwritten. */
  wipe(): void;
}

/** Returns that many unpredictable bytes. */
export type RandomSource = (length: number) => Uint8Array;

/** The parts X-Wing is made of. */
export interface XWingParts {
  readonly mlKem: MlKem768;
  readonly x25519: X25519;
  shake256(seed: Uint8Array, length: number): Uint8Array;
  sha3(message: Uint8Array): Uint8Array;
}

/** A KEM's two outputs for the sender. */
export interface Encapsulation {
  readonly ciphertext: Uint8Array;
  readonly sharedSecret: Uint8Array;
}

/** An X-Wing key as a vault holds it. */
export interface XWingKey {
  readonly mlKem: MlKemKey;
  readonly x25519: X25519Key;
}

/** Lengths in bytes. */
export const xWingLengths = { seed: 32, publicKey: 1216, enc: 1120, sharedSecret: 32 } as const;

const mlKemPublicKeyBytes = 1184;
const mlKemCiphertextBytes = 1088;
// The six bytes `\.//^\` (draft section 5.3).
const xWingLabel = Uint8Array.of(0x5c, 0x2e, 0x2f, 0x2f, 0x5e, 0x5c);

/** The key of a 32-byte seed: d || z || X25519 scalar = SHAKE-256(seed, 96). @throws CryptoError `BAD_LENGTH` */
export async function importXWingKey(parts: XWingParts, seed: Uint8Array): Promise<XWingKey> {
  requireLength(seed, xWingLengths.seed, "a KEM seed");
  const expanded = parts.shake256(seed, 96);
  try {
    const mlKem = parts.mlKem.importKey(expanded.subarray(0, 64));
    return { mlKem, x25519: await parts.x25519.importKey(expanded.subarray(64)) };
  } finally {
    expanded.fill(0);
  }
}

/** 1,216 bytes: the ML-KEM-768 encapsulation key, then the X25519 public key. */
export function xWingPublicKey(key: XWingKey): Uint8Array {
  return concatBytes(key.mlKem.publicKey, key.x25519.publicKey);
}

/** @throws CryptoError `BAD_LENGTH`, `BAD_PUBLIC_KEY` */
export async function xWingEncapsulate(
  parts: XWingParts,
  publicKey: Uint8Array,
  random: RandomSource,
): Promise<Encapsulation> {
  requireLength(publicKey, xWingLengths.publicKey, "an X-Wing public key");
  const theirs = publicKey.subarray(mlKemPublicKeyBytes);
  const post = parts.mlKem.encapsulate(publicKey.subarray(0, mlKemPublicKeyBytes), random);
  if (post === null) throw new CryptoError("BAD_PUBLIC_KEY", "the ML-KEM-768 part of a public key is out of range");
  const ephemeral = await parts.x25519.ephemeral(random);
  const classic = await agreeStrictly(ephemeral, theirs);
  ephemeral.wipe();
  if (classic === null) throw new CryptoError("BAD_PUBLIC_KEY", "the X25519 part of a public key has small order");
  return {
    ciphertext: concatBytes(post.ciphertext, ephemeral.publicKey),
    sharedSecret: combine(parts, [post.sharedSecret, classic], [ephemeral.publicKey, theirs]),
  };
}

/** The shared secret of an encapsulation of the right length, or `null` when its X25519 part has small order. */
export async function xWingDecapsulate(parts: XWingParts, key: XWingKey, enc: Uint8Array): Promise<Uint8Array | null> {
  const theirs = enc.subarray(mlKemCiphertextBytes);
  const post = key.mlKem.decapsulate(enc.subarray(0, mlKemCiphertextBytes));
  const classic = await agreeStrictly(key.x25519, theirs);
  if (classic === null) return null;
  return combine(parts, [post, classic], [theirs, key.x25519.publicKey]);
}

/**
 * The shared secret, or `null` for a point of small order, whose output is all zero (RFC 7748 section 6.1, RFC 9180 section 7.1.4).
 * SECURITY: most platforms refuse such points themselves, not all need to (tests "A12 refuses every small-order point and every
 * all-zero output", "A12 refuses a shared secret of zeros even from a platform that allows it").
 */
async function agreeStrictly(key: X25519Key, theirs: Uint8Array): Promise<Uint8Array | null> {
  const shared = await key.agree(theirs);
  return shared?.some((byte) => byte !== 0) === true ? shared : null;
}

/** Overwrites what can be overwritten of an X-Wing key. */
export function wipeXWingKey(key: XWingKey): void {
  key.mlKem.wipe();
  key.x25519.wipe();
}

/** SHA3-256(ss_M || ss_X || ct_X || pk_X || label), draft section 5.3; both secrets are overwritten. */
function combine(
  parts: XWingParts,
  secrets: readonly [Uint8Array, Uint8Array],
  context: readonly [Uint8Array, Uint8Array],
): Uint8Array {
  const input = concatBytes(...secrets, ...context, xWingLabel);
  const sharedSecret = parts.sha3(input);
  for (const bytes of [input, ...secrets]) bytes.fill(0);
  return sharedSecret;
}
