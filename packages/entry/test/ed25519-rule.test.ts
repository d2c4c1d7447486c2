import { readFileSync } from "node:fs";
import { ed25519 } from "@noble/curves/ed25519.js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sharedFile } from "../../../tools/shared.ts";
import { littleEndian } from "../src/ed25519-rule.ts";
import { concatBytes, fromHex, isAdmissiblePublicKey, portableVerifier, type SignatureCheck } from "../src/index.ts";
import { nativeVerifier as nodeVerifier } from "../src/native-node.ts";
import { nativeVerifier as webVerifier } from "../src/native-web.ts";
import { pattern, testWriter } from "./chain.ts";
import { craft, craftForSmallOrderKey, ORDER, SMALL_ORDER_ENCODINGS, scalarBytes, TORSION } from "./ed25519-cases.ts";

const verifiers = [portableVerifier, nodeVerifier, webVerifier];
const isFull = process.env["SELKIE_TEST_FULL"] !== undefined;
const seed = testWriter().seed;
const message = new TextEncoder().encode("selkie");

/** One verdict per check; fails when two verifiers disagree on any. */
async function verdicts(checks: readonly SignatureCheck[]): Promise<readonly boolean[]> {
  const [first = [], ...others] = await Promise.all(verifiers.map((verifier) => verifier.verifyMany(checks)));
  for (const [index, answers] of others.entries()) {
    expect(answers, `${verifiers[index + 1]?.name} disagrees with ${verifiers[0]?.name}`).toEqual(first);
  }
  return first;
}

describe("A12 public keys", () => {
  test("A12 refuses every encoding of a point of small order", async () => {
    const signature = ed25519.sign(message, seed);
    for (const publicKey of SMALL_ORDER_ENCODINGS) expect(isAdmissiblePublicKey(publicKey)).toBe(false);
    const checks = SMALL_ORDER_ENCODINGS.map((publicKey) => ({ publicKey, message, signature }));
    expect(new Set(await verdicts(checks))).toEqual(new Set([false]));
  });

  test("A12 refuses S = 0, which signs anything under a key of small order", async () => {
    const checks = TORSION.map((_, index) => craftForSmallOrderKey(index));
    for (const check of checks) expect(check.signature.subarray(32)).toEqual(new Uint8Array(32));
    expect(new Set(await verdicts(checks))).toEqual(new Set([false]));
  });

  test("A12 refuses all 196 pairs of small-order R and key with S = 0 (the inputs of ZIP 215)", async () => {
    const checks = SMALL_ORDER_ENCODINGS.flatMap((publicKey) =>
      SMALL_ORDER_ENCODINGS.map((R) => ({ publicKey, message, signature: concatBytes(R, new Uint8Array(32)) })),
    );
    expect(checks).toHaveLength(196);
    expect(new Set(await verdicts(checks))).toEqual(new Set([false]));
  });

  test("A12 refuses S = 0 and S = 1 under an honest key", async () => {
    const honest = craft({ seed, message });
    const checks = [0n, 1n].map((s) => ({
      ...honest,
      signature: concatBytes(honest.signature.subarray(0, 32), scalarBytes(s)),
    }));
    expect(await verdicts(checks)).toEqual([false, false]);
  });

  test("A12 refuses a key with a torsion component, though its owner signs correctly", async () => {
    const checks = [1, 2, 3, 4, 5, 6, 7].map((onKey) => craft({ seed, message, onKey }));
    for (const { publicKey } of checks) expect(isAdmissiblePublicKey(publicKey)).toBe(false);
    expect(new Set(await verdicts(checks))).toEqual(new Set([false]));
    expect(await verdicts([craft({ seed, message })])).toEqual([true]);
  });

  test("A12 refuses encodings that are not canonical, not on the curve, or not 32 bytes", async () => {
    const honest = craft({ seed, message });
    const p = 2n ** 255n - 19n;
    const keys = [
      // y = p + 3 and p + 4: points of the curve under another spelling
      ...[3n, 4n, 5n, 6n, 9n, 10n, 14n, 15n, 16n, 18n].map((y) => scalarBytes(p + y)),
      scalarBytes(2n),
      new Uint8Array(32).fill(255),
      honest.publicKey.subarray(0, 31),
      concatBytes(honest.publicKey, new Uint8Array(1)),
      new Uint8Array(0),
    ];
    for (const publicKey of keys) expect(isAdmissiblePublicKey(publicKey)).toBe(false);
    expect(new Set(await verdicts(keys.map((publicKey) => ({ ...honest, publicKey }))))).toEqual(new Set([false]));
  });

  test("A12 takes honest keys", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) =>
        isAdmissiblePublicKey(ed25519.getPublicKey(bytes)),
      ),
      { numRuns: 20 },
    );
  });
});

describe("A13 all verifiers give one verdict", () => {
  test("A13 R plus any point of small order is refused", async () => {
    const checks = [1, 2, 3, 4, 5, 6, 7].map((onR) => craft({ seed, message, onR }));
    expect(new Set(await verdicts(checks))).toEqual(new Set([false]));
    for (const { signature, publicKey } of checks) {
      expect(ed25519.verify(signature, message, publicKey), "noble's own verify takes it: the case is real").toBe(true);
    }
  });

  test("A13 R = identity is refused, as OpenSSL and WebCrypto do and a comparison of bytes does not", async () => {
    const check = craft({ seed, message, nonce: 0n });
    expect(ed25519.verify(check.signature, message, check.publicKey)).toBe(true);
    expect(await verdicts([check])).toEqual([false]);
  });

  test("A13 S above the group order is refused, also where the sum still fits", async () => {
    const honest = craft({ seed, message });
    const s = littleEndian(honest.signature.subarray(32));
    const checks = [1n, 2n, 8n, 15n]
      .map((times) => s + times * ORDER)
      .filter((sum) => sum < 2n ** 256n)
      .concat([ORDER, ORDER - 1n, 2n ** 252n, 2n ** 256n - 1n])
      .map((sum) => ({ ...honest, signature: concatBytes(honest.signature.subarray(0, 32), scalarBytes(sum)) }));
    expect(new Set(await verdicts(checks))).toEqual(new Set([false]));
  });

  test("A13 an R that is not canonical is refused", async () => {
    const honest = craft({ seed, message });
    const checks = SMALL_ORDER_ENCODINGS.map((R) => ({
      ...honest,
      signature: concatBytes(R, honest.signature.subarray(32)),
    }));
    expect(new Set(await verdicts(checks))).toEqual(new Set([false]));
  });

  test("A13 signatures of any other length are refused, not thrown at", async () => {
    const honest = craft({ seed, message });
    const signatures = [0, 32, 63, 65, 128].map((length) =>
      concatBytes(honest.signature, honest.signature).subarray(0, length),
    );
    expect(new Set(await verdicts(signatures.map((signature) => ({ ...honest, signature }))))).toEqual(
      new Set([false]),
    );
  });

  test(
    "A13 random torsion on R and A: no difference in 10^3 cases (10^5 with SELKIE_TEST_FULL)",
    async () => {
      const total = isFull ? 100_000 : 1_000;
      const batch = 250;
      const tally = { honest: 0, refused: 0 };
      for (let start = 0; start < total; start += batch) {
        const expected: boolean[] = [];
        const checks = Array.from({ length: batch }, (_, i) => {
          const random = pattern(`torsion ${start + i}`, 8);
          const onR = (random[0] ?? 0) % 8;
          // A fresh key costs a decoding on every verifier; every eighth case has one, which may bear torsion.
          const onKey = i % 8 === 0 ? (random[1] ?? 0) % 8 : 0;
          const of = i % 8 === 0 ? pattern(`seed ${start + i}`, 32) : seed;
          expected.push(onR === 0 && onKey === 0);
          return craft({ seed: of, message: random, onR, onKey });
        });
        const answers = await verdicts(checks);
        expect(answers).toEqual(expected);
        for (const answer of answers) tally[answer ? "honest" : "refused"] += 1;
      }
      expect(tally.honest).toBeGreaterThan(total / 20);
      expect(tally.refused).toBeGreaterThan(total / 2);
    },
    isFull ? 3_600_000 : 60_000,
  );

  test("A13 any single bit of signature, key or message makes it invalid everywhere", async () => {
    const honest = craft({ seed, message });
    const checks: SignatureCheck[] = [];
    for (const field of ["signature", "message"] as const) {
      for (let bit = 0; bit < honest[field].length * 8; bit++) {
        checks.push({ ...honest, [field]: flipBit(honest[field], bit) });
      }
    }
    for (let bit = 0; bit < 256; bit += 5) checks.push({ ...honest, publicKey: flipBit(honest.publicKey, bit) });
    expect(new Set(await verdicts(checks))).toEqual(new Set([false]));
  });
});

const wycheproof = sharedFile("vectors/wycheproof/ed25519_test.json");
interface Wycheproof {
  readonly testGroups: readonly {
    readonly publicKey: { readonly pk: string };
    readonly tests: readonly {
      readonly tcId: number;
      readonly msg: string;
      readonly sig: string;
      readonly result: string;
    }[];
  }[];
}

test.skipIf(wycheproof === null)("A13 Wycheproof: all verifiers give the published verdict", async () => {
  const suite = JSON.parse(readFileSync(wycheproof ?? "", "utf8")) as Wycheproof;
  const cases = suite.testGroups.flatMap((group) =>
    group.tests.map(({ msg, sig, result, tcId }) => ({
      tcId,
      isValid: result === "valid",
      check: { publicKey: fromHex(group.publicKey.pk), message: fromHex(msg), signature: fromHex(sig) },
    })),
  );
  expect(cases.length).toBeGreaterThanOrEqual(150);
  expect(await verdicts(cases.map(({ check }) => check))).toEqual(cases.map(({ isValid }) => isValid));
});

function flipBit(bytes: Uint8Array, bit: number): Uint8Array {
  const flipped = bytes.slice();
  flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return flipped;
}
