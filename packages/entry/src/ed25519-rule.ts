// The one Ed25519 validity rule (docs/spec/entry.md section 3). RFC 8032 section 5.1.7 leaves room for several verdicts on crafted
// inputs, and libraries use it; replicas that disagree on one signature disagree for ever. What providers do alike is left to them;
// what they do not is decided here, before any of them is asked.
import { ed25519 } from "@noble/curves/ed25519.js";
import { equalBytes } from "./bytes.ts";
import { isOfPrimeOrder } from "./prime-order.ts";

/** Encoding of the identity: y = 1, x = 0. */
const IDENTITY = new Uint8Array(32).fill(1, 0, 1);

/** A point of the curve, as noble computes with it. */
export type CurvePoint = ReturnType<typeof ed25519.Point.fromBytes>;

/**
 * Whether an Ed25519 public key may sign anything in Selkie: 32 bytes, the canonical encoding (RFC 8032 section 5.1.3) of a point of
 * prime order. Costs about half a millisecond; verifiers remember the answer.
 *
 * SECURITY: a key with a torsion component, or of small order, makes verifiers disagree or signs for everybody.
 * Test: ed25519-rule.test.ts "A12 ...".
 */
export function isAdmissiblePublicKey(key: Uint8Array): boolean {
  return admissiblePoint(key) !== null;
}

/** The point of an admissible key, or null. */
export function admissiblePoint(key: Uint8Array): CurvePoint | null {
  const point = decodeStrictly(key);
  return point !== null && isOfPrimeOrder(point.y) ? point : null;
}

/**
 * Whether 64 bytes can be a signature at all: S < L (RFC 8032 section 5.1.7, no malleability) and R not the identity.
 *
 * SECURITY: under an admissible key the identity is the only point of small order that sB - kA can be. A member can make such a
 * signature (r = 0); OpenSSL and WebCrypto refuse it, byte comparison alone does not. Tests: ed25519-rule.test.ts "A13 ...".
 */
export function isWellFormedSignature(signature: Uint8Array): boolean {
  return (
    signature.length === 64 && isBelowOrder(signature.subarray(32)) && !equalBytes(signature.subarray(0, 32), IDENTITY)
  );
}

/** Little-endian bytes as a number. */
export function littleEndian(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = value * 256n + BigInt(bytes[i] ?? 0);
  return value;
}

function decodeStrictly(key: Uint8Array): CurvePoint | null {
  try {
    return ed25519.Point.fromBytes(key, false);
  } catch {
    // noble throws on every encoding of another length, not canonical, or not on the curve: not admissible, whatever the reason.
    return null;
  }
}

function isBelowOrder(scalar: Uint8Array): boolean {
  // The top byte of L is 0x10: nearly every scalar is decided by its top byte, without big numbers.
  const top = scalar[31] ?? 0;
  if (top < 0x10) return true;
  return top === 0x10 && littleEndian(scalar) < ed25519.Point.Fn.ORDER;
}
