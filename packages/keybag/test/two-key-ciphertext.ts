// One AES-GCM ciphertext that opens under two keys ("invisible salamanders", Dodis, Grubbs, Ristenpart and Woodage 2018): with two
// blocks of ciphertext, the second is chosen so that GHASH under both keys gives one tag (NIST SP 800-38D sections 6.3 and 7.1).
import { createCipheriv } from "node:crypto";

/** Two blocks and their tag, valid with nonce 0 and `aad` under both 32-byte keys. */
export function twoKeyCiphertext(first: Uint8Array, second: Uint8Array, aad: Uint8Array): Uint8Array {
  const a = equation(first, aad);
  const b = equation(second, aad);
  const c1 = 0x0123456789abcdef_0123456789abcdefn;
  // tag = constant + c1 H^3 + c2 H^2, equal under both keys: one linear equation for c2.
  const known = a.constant ^ b.constant ^ multiply(c1, a.cube ^ b.cube);
  const c2 = multiply(known, inverse(a.square ^ b.square));
  const tag = a.constant ^ multiply(c1, a.cube) ^ multiply(c2, a.square);
  return Uint8Array.from([c1, c2, tag].flatMap(toBlock));
}

interface Equation {
  readonly square: bigint;
  readonly cube: bigint;
  /** What of the tag does not depend on the ciphertext: AAD, lengths, the encrypted counter block. */
  readonly constant: bigint;
}

function equation(key: Uint8Array, aad: Uint8Array): Equation {
  const h = encrypt(key, 0n);
  const square = multiply(h, h);
  const cube = multiply(square, h);
  let hashed = 0n;
  for (let at = 0; at < aad.length; at += 16) {
    const block = new Uint8Array(16);
    block.set(aad.subarray(at, at + 16));
    hashed = multiply(hashed ^ fromBlock(block), h);
  }
  const lengths = (BigInt(aad.length * 8) << 64n) | BigInt(32 * 8);
  return { square, cube, constant: multiply(hashed, cube) ^ multiply(lengths, h) ^ encrypt(key, 1n) };
}

/** Multiplication in GF(2^128), bits reflected (SP 800-38D section 6.3). */
function multiply(x: bigint, y: bigint): bigint {
  let product = 0n;
  let v = y;
  for (let bit = 127n; bit >= 0n; bit--) {
    if (((x >> bit) & 1n) === 1n) product ^= v;
    v = (v & 1n) === 1n ? (v >> 1n) ^ (0xe1n << 120n) : v >> 1n;
  }
  return product;
}

/** x^(2^128 - 2) = 1/x: the product of x^2, x^4, ..., x^(2^127). */
function inverse(x: bigint): bigint {
  let power = multiply(x, x);
  let product = power;
  for (let round = 2; round < 128; round++) {
    power = multiply(power, power);
    product = multiply(product, power);
  }
  return product;
}

function encrypt(key: Uint8Array, block: bigint): bigint {
  const cipher = createCipheriv("aes-256-ecb", key, null).setAutoPadding(false);
  return fromBlock(cipher.update(Uint8Array.from(toBlock(block))));
}

function fromBlock(block: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(block).toString("hex")}`);
}

function toBlock(value: bigint): number[] {
  return [...Buffer.from(value.toString(16).padStart(32, "0"), "hex")];
}
