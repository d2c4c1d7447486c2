import { ed25519 } from "@noble/curves/ed25519.js";
import { sha512 } from "@noble/hashes/sha2.js";
import { expect, test } from "vitest";
import { littleEndian } from "../src/ed25519-rule.ts";
import { concatBytes, equalBytes, portableVerifier } from "../src/index.ts";
import { type SubtleVerify, webVerifier } from "../src/web-verifier.ts";
import { pattern, testWriter } from "./chain.ts";
import { craft } from "./ed25519-cases.ts";

const { seed } = testWriter();
const message = pattern("message", 40);
const honest = craft({ seed, message });
const torsion = craft({ seed, message, onR: 3 });

function counting(subtle: SubtleVerify<unknown>): { readonly subtle: SubtleVerify<unknown>; imports: number } {
  const counter = {
    imports: 0,
    subtle: {
      importKey: (...args: Parameters<typeof subtle.importKey>) => {
        counter.imports += 1;
        return subtle.importKey(...args);
      },
      verify: subtle.verify,
    },
  };
  return counter;
}

test("A13 a platform whose WebCrypto multiplies by the cofactor is not trusted", async () => {
  const cofactored: SubtleVerify<Uint8Array> = {
    importKey: async (_format, key) => key,
    verify: async (_algorithm, key, signature, data) => ed25519.verify(signature, data, key),
  };
  expect(await webVerifier(cofactored).verifyMany([honest, torsion])).toEqual([true, false]);
});

test("A13 a platform that takes R = identity, and keeps the rule otherwise, is asked only about other signatures", async () => {
  const { Point } = ed25519;
  const bare: SubtleVerify<Uint8Array> = {
    importKey: async (_format, key) => key,
    verify: async (_algorithm, key, signature, data) => {
      const [R, S] = [signature.subarray(0, 32), littleEndian(signature.subarray(32))];
      if (S >= Point.Fn.ORDER) return false;
      const k = littleEndian(sha512(concatBytes(R, key, data))) % Point.Fn.ORDER;
      const expected = Point.BASE.multiplyUnsafe(S).subtract(Point.fromBytes(key).multiplyUnsafe(k));
      return equalBytes(expected.toBytes(), R);
    },
  };
  const identity = craft({ seed, message, nonce: 0n });
  expect(await bare.verify("Ed25519", identity.publicKey, identity.signature, message)).toBe(true);
  expect(await webVerifier(bare).verifyMany([honest, torsion, identity])).toEqual([true, false, false]);
});

test("A13 a platform whose WebCrypto takes everything, or nothing, is not trusted", async () => {
  for (const answer of [true, false]) {
    const broken: SubtleVerify<Uint8Array> = { importKey: async (_format, key) => key, verify: async () => answer };
    expect(await webVerifier(broken).verifyMany([honest, torsion])).toEqual([true, false]);
  }
});

test("without Ed25519 in WebCrypto, or without WebCrypto, plain JavaScript verifies", async () => {
  const without: SubtleVerify<unknown> = {
    importKey: () => Promise.reject(new DOMException("Unrecognized name.", "NotSupportedError")),
    verify: () => Promise.reject(new DOMException("Unrecognized name.", "NotSupportedError")),
  };
  expect(await webVerifier(without).verifyMany([honest, torsion])).toEqual([true, false]);
  expect(await webVerifier(undefined).verifyMany([honest, torsion])).toEqual([true, false]);
});

test("a key is imported once, a bad key never", async () => {
  const subtle: SubtleVerify<unknown> = {
    importKey: (format, key, algorithm, extractable, usages) =>
      crypto.subtle.importKey(format, new Uint8Array(key), algorithm, extractable, usages),
    verify: (algorithm, key, signature, data) =>
      crypto.subtle.verify(algorithm, key as CryptoKey, new Uint8Array(signature), new Uint8Array(data)),
  };
  const counter = counting(subtle);
  const verifier = webVerifier(counter.subtle);
  const bad = craft({ seed, message, onKey: 1 });
  expect(await verifier.verifyMany([honest, honest, bad])).toEqual([true, true, false]);
  expect(await verifier.verifyMany([honest, bad])).toEqual([true, false]);
  expect(counter.imports).toBe(2); // the self-test's key and the honest one
});

test("hashes are those of the portable verifier", () => {
  const verifier = webVerifier(undefined);
  expect(verifier.sha256(message, message)).toEqual(portableVerifier.sha256(message, message));
});
