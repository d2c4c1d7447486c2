// Crafted Ed25519 inputs: what an attacker who knows a secret key can make, and nobody else would.
import { ed25519 } from "@noble/curves/ed25519.js";
import { sha512 } from "@noble/hashes/sha2.js";
import { littleEndian } from "../src/ed25519-rule.ts";
import { concatBytes, fromHex, type SignatureCheck } from "../src/index.ts";

const { Point } = ed25519;
type CurvePoint = ReturnType<typeof Point.fromBytes>;
export const ORDER: bigint = Point.Fn.ORDER;

/** A generator of the eight points of small order; `TORSION[i]` is i times it, `TORSION[0]` the identity. */
const GENERATOR = Point.fromBytes(fromHex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), true);
export const TORSION: readonly CurvePoint[] = Array.from({ length: 8 }, (_, i) =>
  i === 0 ? Point.ZERO : GENERATOR.multiplyUnsafe(BigInt(i)),
);

/** Every encoding of a point of small order, canonical or not (y + p, sign bit of x = 0). */
export const SMALL_ORDER_ENCODINGS: readonly Uint8Array[] = [
  "0100000000000000000000000000000000000000000000000000000000000000",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0000000000000000000000000000000000000000000000000000000000000080",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
  "0100000000000000000000000000000000000000000000000000000000000080",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
].map(fromHex);

export function scalarBytes(value: bigint): Uint8Array {
  const bytes = new Uint8Array(32);
  for (let i = 0; i < 32; i++) bytes[i] = Number((value >> BigInt(8 * i)) & 255n);
  return bytes;
}

export interface Crafted {
  readonly seed: Uint8Array;
  readonly message: Uint8Array;
  /** Added to R; index into TORSION. */
  readonly onR?: number;
  /** Added to A; index into TORSION. */
  readonly onKey?: number;
  /** Takes the place of the nonce r. */
  readonly nonce?: bigint;
}

/** A signature by somebody who knows the secret, over R + T, under A + T': a verifier with the cofactor takes all of them. */
export function craft({ seed, message, onR = 0, onKey = 0, nonce }: Crafted): SignatureCheck {
  const { scalar, prefix, point } = ed25519.utils.getExtendedPublicKey(seed);
  const publicKey = point.add(torsion(onKey)).toBytes();
  const r = nonce ?? littleEndian(sha512(concatBytes(prefix, message))) % ORDER;
  const R = Point.BASE.multiplyUnsafe(r).add(torsion(onR)).toBytes();
  const k = littleEndian(sha512(concatBytes(R, publicKey, message))) % ORDER;
  return { publicKey, message, signature: concatBytes(R, scalarBytes((r + k * scalar) % ORDER)) };
}

/**
 * A signature under a key of small order, by anybody: S = 0 and R one of the points of small order, where k·A happens to be -R. Tries
 * messages until one fits.
 */
export function craftForSmallOrderKey(index: number): SignatureCheck {
  const key = torsion(index);
  const publicKey = key.toBytes();
  for (let attempt = 0; attempt < 1_000; attempt++) {
    const message = new TextEncoder().encode(`attempt ${attempt}`);
    for (const point of TORSION) {
      const R = point.toBytes();
      const k = littleEndian(sha512(concatBytes(R, publicKey, message))) % ORDER;
      if (!key.multiplyUnsafe(k).add(point).is0()) continue;
      return { publicKey, message, signature: concatBytes(R, new Uint8Array(32)) };
    }
  }
  throw new Error("no message fits");
}

function torsion(index: number): CurvePoint {
  return TORSION[index % 8] ?? Point.ZERO;
}
