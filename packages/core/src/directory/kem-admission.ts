// Which X-Wing public keys may be admitted. A key that no permit can be wrapped for would stop every rotation that includes it.
import { concatBytes, equalBytes, fromHex } from "@selkie/entry";

/** Bytes of an X-Wing public key: ML-KEM-768 encapsulation key, then X25519 public key. */
export const kemKeyBytes = 1_216;

const mlKemKeyBytes = 1_184;
const mlKemPolynomialBytes = 1_152;
const q = 3_329;

/**
 * Whether a key is one that a permit can be wrapped for: the modulus check of FIPS 203 section 7.2, and an X25519 part that is not of
 * small order (RFC 7748 section 6.1: its shared secret would be zero whatever the sender's key).
 * SECURITY: A12 (kem-admission.test.ts).
 */
export function isAdmissibleKemKey(key: Uint8Array): boolean {
  if (key.length !== kemKeyBytes) return false;
  return isReduced(key.subarray(0, mlKemPolynomialBytes)) && !isSmallOrder(key.subarray(mlKemKeyBytes));
}

const verdictByKey = new WeakMap<Uint8Array, boolean>();

/** The same for a key in an array that never changes, as in a statement: a view of the directory asks again with every statement. */
export function isAdmissibleKnownKemKey(key: Uint8Array): boolean {
  const known = verdictByKey.get(key);
  if (known !== undefined) return known;
  const verdict = isAdmissibleKemKey(key);
  verdictByKey.set(key, verdict);
  return verdict;
}

/** Every coefficient, twelve bits little endian, is below q. */
function isReduced(polynomials: Uint8Array): boolean {
  for (let at = 0; at + 2 < polynomials.length; at += 3) {
    const [a = 0, b = 0, c = 0] = [polynomials[at], polynomials[at + 1], polynomials[at + 2]];
    if ((a | ((b & 0x0f) << 8)) >= q || ((b >>> 4) | (c << 4)) >= q) return false;
  }
  return true;
}

// The u-coordinates of small order, little endian, and their encodings above p; the top bit is ignored (RFC 7748 section 5).
const high = (first: number) => concatBytes(Uint8Array.of(first), new Uint8Array(30).fill(0xff), Uint8Array.of(0x7f));
const smallOrder: readonly Uint8Array[] = [
  new Uint8Array(32),
  concatBytes(Uint8Array.of(1), new Uint8Array(31)),
  fromHex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
  fromHex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
  high(0xec), // p - 1
  high(0xed), // p, that is 0
  high(0xee), // p + 1, that is 1
];

function isSmallOrder(x25519: Uint8Array): boolean {
  const canonical = x25519.slice();
  canonical[31] = (canonical[31] ?? 0) & 0x7f;
  return smallOrder.some((point) => equalBytes(point, canonical));
}
