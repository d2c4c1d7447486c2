// The verifier that runs everywhere, and against which the native ones are tested.
import { ed25519 } from "@noble/curves/ed25519.js";
import { sha256, sha512 } from "@noble/hashes/sha2.js";
import { BoundedCache } from "./bounded-cache.ts";
import { equalBytes, toHex } from "./bytes.ts";
import { admissiblePoint, type CurvePoint, isWellFormedSignature, littleEndian } from "./ed25519-rule.ts";
import type { SignatureCheck, Verifier } from "./verifier.ts";

const { Point } = ed25519;
const pointByKey = new BoundedCache<{ readonly point: CurvePoint | null }>(4_096);

/** SHA-256 and Ed25519 verification in plain JavaScript (noble): about 1.4 ms a signature. */
export const portableVerifier: Verifier = {
  name: "portable",
  sha256: portableSha256,
  async verifyMany(checks) {
    return checks.map(isValid);
  },
};

/** SHA-256 of the joined chunks in plain JavaScript. */
export function portableSha256(...chunks: readonly Uint8Array[]): Uint8Array {
  const hasher = sha256.create();
  for (const chunk of chunks) hasher.update(chunk);
  return hasher.digest();
}

/**
 * RFC 8032 section 5.1.7 without the cofactor: recompute R = sB - kA and compare encodings. noble's own `verify` multiplies by the
 * cofactor and therefore accepts R plus a torsion point, which OpenSSL and BoringSSL refuse.
 */
function isValid({ publicKey, message, signature }: SignatureCheck): boolean {
  if (!isWellFormedSignature(signature)) return false;
  const { point } = pointByKey.get(toHex(publicKey), () => ({ point: admissiblePoint(publicKey) }));
  if (point === null) return false;
  const r = signature.subarray(0, 32);
  const s = littleEndian(signature.subarray(32));
  const challenge = sha512.create().update(r).update(publicKey).update(message).digest();
  const k = littleEndian(challenge) % Point.Fn.ORDER;
  const expected = Point.BASE.multiplyUnsafe(s).subtract(point.multiplyUnsafe(k));
  return equalBytes(expected.toBytes(), r);
}
