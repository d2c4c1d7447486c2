// Wycheproof, on every provider: what the library authors' own vectors leave out.
import { equalBytes } from "@selkie/entry";
import { describe, expect, test } from "vitest";
import { hex } from "../hex.ts";
import type { UnderTest } from "../under-test.ts";

/** Reads a file of Wycheproof, or null when it is not there. */
export type ReadWycheproof = (name: string) => Promise<string | null>;

interface Case {
  readonly tcId: number;
  readonly comment?: string;
  readonly flags?: readonly string[];
  readonly result: "valid" | "invalid" | "acceptable";
}

interface File<Group, Test> {
  readonly testGroups: readonly (Group & { readonly tests: readonly (Case & Test)[] })[];
}

type Cases<Group, Test> = readonly (Group & Case & Test)[];

async function read<Group, Test>(readText: ReadWycheproof, name: string): Promise<Cases<Group, Test> | null> {
  const text = await readText(name);
  if (text === null) return null;
  const file = JSON.parse(text) as File<Group, Test>;
  return file.testGroups.flatMap((group) => group.tests.map((one) => ({ ...group, ...one })));
}

/** The ids of the cases whose verdict is not the expected one. */
async function failures<One extends Case>(
  cases: readonly One[],
  holds: (one: One) => Promise<boolean> | boolean,
): Promise<readonly number[]> {
  const failed: number[] = [];
  for (const one of cases) if (!(await holds(one))) failed.push(one.tcId);
  return failed;
}

interface Gcm {
  readonly key: string;
  readonly iv: string;
  readonly aad: string;
  readonly msg: string;
  readonly ct: string;
  readonly tag: string;
}
interface Signed {
  readonly publicKey: { readonly pk: string };
  readonly msg: string;
  readonly sig: string;
}
interface Mac {
  readonly key: string;
  readonly msg: string;
  readonly tag: string;
}
interface Hkdf {
  readonly ikm: string;
  readonly salt: string;
  readonly info: string;
  readonly size: number;
  readonly okm: string;
}
interface Agreement {
  readonly public: string;
  readonly private: string;
  readonly shared: string;
}
interface MlKem {
  readonly seed: string;
  readonly m: string;
  readonly ek: string;
  readonly c: string;
  readonly K: string;
}

export async function wycheproofSuite(providers: readonly UnderTest[], readText: ReadWycheproof): Promise<void> {
  const gcm = await read<{ ivSize: number; keySize: number }, Gcm>(readText, "aes_gcm_test.json");
  const ed25519 = await read<Signed, Signed>(readText, "ed25519_test.json");
  const hmac = await read<{ tagSize: number }, Mac>(readText, "hmac_sha256_test.json");
  const hkdf = await read<object, Hkdf>(readText, "hkdf_sha256_test.json");
  const x25519 = await read<object, Agreement>(readText, "x25519_test.json");
  const keyGen = await read<object, MlKem>(readText, "mlkem_768_keygen_seed_test.json");
  const encapsulation = await read<object, MlKem>(readText, "mlkem_768_encaps_test.json");
  const decapsulation = await read<object, MlKem>(readText, "mlkem_768_test.json");

  describe.each(providers)("Wycheproof on the $name provider", ({ provider, primitives, drawsFrom }) => {
    test.skipIf(gcm === null)("AES-256-GCM with 96-bit nonces", async () => {
      const cases = (gcm ?? []).filter(({ ivSize, keySize }) => ivSize === 96 && keySize === 256);
      expect(cases).toHaveLength(66);
      const failed = await failures(cases, async ({ key, iv, aad, msg, ct, tag, result }) => {
        const opened = await primitives.open(hex(key), hex(iv), hex(aad), hex(ct + tag));
        if (result === "invalid") return opened === null;
        const sealed = await primitives.seal(hex(key), hex(iv), hex(aad), hex(msg));
        return opened !== null && equalBytes(opened, hex(msg)) && equalBytes(sealed, hex(ct + tag));
      });
      expect(failed).toEqual([]);
    });

    test.skipIf(ed25519 === null)("Ed25519 verification", async () => {
      const cases = ed25519 ?? [];
      expect(cases).toHaveLength(151);
      const verdicts = await provider.verifyMany(
        cases.map(({ publicKey, msg, sig }) => ({
          publicKey: hex(publicKey.pk),
          message: hex(msg),
          signature: hex(sig),
        })),
      );
      expect(cases.filter(({ result }, i) => verdicts[i] !== (result === "valid")).map(({ tcId }) => tcId)).toEqual([]);
    });

    test.skipIf(hmac === null)("HMAC-SHA-256", async () => {
      const cases = hmac ?? [];
      expect(cases).toHaveLength(174);
      const failed = await failures(cases, async ({ key, msg, tag, tagSize, result }) => {
        const mac = await primitives.hmac(hex(key), hex(msg));
        return equalBytes(mac.subarray(0, tagSize / 8), hex(tag)) === (result === "valid");
      });
      expect(failed).toEqual([]);
    });

    test.skipIf(hkdf === null)("HKDF-SHA-256", async () => {
      const cases = hkdf ?? [];
      expect(cases).toHaveLength(86);
      const failed = await failures(cases, async ({ ikm, salt, info, size, okm, result }) => {
        // RFC 5869 section 2.2: extraction is HMAC, with zeros in place of a missing salt.
        const prk = await primitives.hmac(salt === "" ? new Uint8Array(32) : hex(salt), hex(ikm));
        const derived = await primitives.expand(prk, hex(info), size).catch(() => null);
        return result === "invalid" ? derived === null : derived !== null && equalBytes(derived, hex(okm));
      });
      expect(failed).toEqual([]);
    });

    test.skipIf(x25519 === null)("A12 X25519: every shared secret, and none where it would be all zero", async () => {
      const cases = x25519 ?? [];
      expect(cases).toHaveLength(518);
      expect(cases.filter(({ flags }) => flags?.includes("ZeroSharedSecret"))).toHaveLength(31);
      const failed = await failures(cases, async (one) => {
        const key = await primitives.kem.x25519.importKey(hex(one.private));
        const shared = await key.agree(hex(one.public));
        if (/^0*$/.test(one.shared)) return shared === null;
        return shared !== null && equalBytes(shared, hex(one.shared));
      });
      expect(failed).toEqual([]);
    });

    test.skipIf(keyGen === null)("ML-KEM-768 keys from seeds", async () => {
      const cases = keyGen ?? [];
      expect(cases).toHaveLength(100);
      const failed = await failures(cases, ({ seed, ek }) =>
        equalBytes(primitives.kem.mlKem.importKey(hex(seed)).publicKey, hex(ek)),
      );
      expect(failed).toEqual([]);
    });

    test.skipIf(encapsulation === null)("ML-KEM-768 encapsulation refuses keys out of range", async () => {
      const cases = (encapsulation ?? []).filter(({ ek }) => ek.length === 2 * 1184);
      expect(cases.filter(({ result }) => result === "invalid")).toHaveLength(112);
      expect(cases.filter(({ result }) => result === "valid")).toHaveLength(133);
      const failed = await failures(cases, ({ ek, m, c, K, result }) => {
        const made = primitives.kem.mlKem.encapsulate(hex(ek), () => hex(m));
        if (result === "invalid" || made === null) return (result === "invalid") === (made === null);
        if (drawsFrom === "platform" && !equalBytes(made.ciphertext, hex(c))) return made.ciphertext.length === 1088;
        return equalBytes(made.ciphertext, hex(c)) && equalBytes(made.sharedSecret, hex(K));
      });
      expect(failed).toEqual([]);
    });

    test.skipIf(decapsulation === null)("ML-KEM-768 decapsulation, implicit rejection included", async () => {
      // Seeds and ciphertexts of another length cannot get here: X-Wing cuts both out of inputs whose length is checked.
      const cases = (decapsulation ?? []).filter(({ seed, c }) => seed.length === 128 && c.length === 2 * 1088);
      expect(cases).toHaveLength(153);
      const failed = await failures(cases, ({ seed, ek, c, K }) => {
        const key = primitives.kem.mlKem.importKey(hex(seed));
        return equalBytes(key.publicKey, hex(ek)) && equalBytes(key.decapsulate(hex(c)), hex(K));
      });
      expect(failed).toEqual([]);
    });
  });
}
