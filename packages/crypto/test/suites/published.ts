// Vectors of the RFCs and drafts that this suite is made of.
import { describe, expect, test } from "vitest";
import xWing from "../../../../docs/spec/vectors/crypto/x-wing.json" with { type: "json" };
import { importXWingKey, xWingDecapsulate, xWingEncapsulate, xWingPublicKey } from "../../src/x-wing.ts";
import { hex } from "../hex.ts";
import { bytesInOrder, type UnderTest } from "../under-test.ts";

const utf8 = new TextEncoder();

// RFC 8032 section 7.1, tests 1 to 3.
const rfc8032 = [
  {
    seed: "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
    publicKey: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    message: "",
    signature:
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
  },
  {
    seed: "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
    publicKey: "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
    message: "72",
    signature:
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
  },
  {
    seed: "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
    publicKey: "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
    message: "af82",
    signature:
      "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
  },
];

// RFC 5869 appendix A.1 to A.3.
const ascending = (from: number, to: number): string =>
  Array.from({ length: to - from + 1 }, (_, i) => (from + i).toString(16).padStart(2, "0")).join("");
const rfc5869 = [
  {
    ikm: "0b".repeat(22),
    salt: ascending(0x00, 0x0c),
    info: ascending(0xf0, 0xf9),
    okm: "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
  },
  {
    ikm: ascending(0x00, 0x4f),
    salt: ascending(0x60, 0xaf),
    info: ascending(0xb0, 0xff),
    okm: "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87",
  },
  {
    ikm: "0b".repeat(22),
    salt: "00".repeat(32),
    info: "",
    okm: "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
  },
];

// The reference implementation of Argon2 (RFC 9106), src/test.c, version 0x13; RFC 9106's own vector needs a secret and associated
// data, which no provider takes: argon2.test.ts runs it on the oracle.
const argon2id = [
  { memory: 256, passes: 2, lanes: 1, tag: "9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe" },
  { memory: 256, passes: 2, lanes: 2, tag: "6d093c501fd5999645e0ea3bf620d7b8be7fd2db59c20d9fff9539da2bf57037" },
];

export function publishedVectorSuite(providers: readonly UnderTest[]): void {
  describe.each(providers)("published vectors on the $name provider", ({ provider, primitives, drawsFrom }) => {
    test("RFC 8032 section 7.1: Ed25519", async () => {
      for (const vector of rfc8032) {
        const key = await provider.importSigningKey(hex(vector.seed));
        expect(key.publicKey).toEqual(hex(vector.publicKey));
        expect(await primitives.sign(hex(vector.seed), hex(vector.message))).toEqual(hex(vector.signature));
        const check = { publicKey: key.publicKey, message: hex(vector.message), signature: hex(vector.signature) };
        expect(await provider.verifyMany([check])).toEqual([true]);
      }
    });

    test("RFC 5869 appendix A: HKDF-SHA-256", async () => {
      for (const { ikm, salt, info, okm } of rfc5869) {
        const prk = await primitives.hmac(hex(salt), hex(ikm));
        expect(await primitives.expand(prk, hex(info), okm.length / 2)).toEqual(hex(okm));
      }
    });

    test("RFC 9106: Argon2id", async () => {
      for (const { tag, ...cost } of argon2id) {
        expect(await primitives.argon2id(utf8.encode("password"), utf8.encode("somesalt"), cost)).toEqual(hex(tag));
      }
    });

    test("X-Wing: keys, encapsulation and decapsulation", async () => {
      for (const vector of xWing.tests) {
        const key = await importXWingKey(primitives.kem, hex(vector.seed));
        expect(xWingPublicKey(key)).toEqual(hex(vector.publicKey));
        expect(await xWingDecapsulate(primitives.kem, key, hex(vector.enc))).toEqual(hex(vector.sharedSecret));
        if (drawsFrom === "platform") continue;
        const random = bytesInOrder(hex(vector.encapsulationSeed));
        const made = await xWingEncapsulate(primitives.kem, hex(vector.publicKey), random);
        expect(made).toEqual({ ciphertext: hex(vector.enc), sharedSecret: hex(vector.sharedSecret) });
      }
    });
  });
}
