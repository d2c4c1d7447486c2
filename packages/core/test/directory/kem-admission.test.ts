import { asPlaintext, CryptoError, portableCrypto } from "@selkie/crypto";
import { nativeCrypto } from "@selkie/crypto/native";
import { concatBytes, fromHex } from "@selkie/entry";
import { describe, expect, test } from "vitest";
import { isAdmissibleKemKey } from "../../src/directory/kem-admission.ts";
import { pattern } from "../fixture.ts";

const { publicKey } = await nativeCrypto.importKemKey(pattern("KEM", 32));
const mlKem = publicKey.subarray(0, 1_184);
const withX25519 = (point: Uint8Array) => concatBytes(mlKem, point);
const tailored = (first: string, last: string) => fromHex(first + "f".repeat(60) + last);

test("admits what honest devices make", async () => {
  for (let at = 0; at < 20; at++) {
    const { publicKey } = await nativeCrypto.importKemKey(pattern(`KEM ${at}`, 32));
    expect(isAdmissibleKemKey(publicKey)).toBe(true);
  }
});

describe("refuses", () => {
  const bad: readonly [string, Uint8Array][] = [
    ["X25519 0", withX25519(new Uint8Array(32))],
    ["X25519 1", withX25519(new Uint8Array(32).with(0, 1))],
    ["X25519 of order 8", withX25519(fromHex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"))],
    [
      "X25519 of order 8, the other",
      withX25519(fromHex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157")),
    ],
    ["X25519 p - 1", withX25519(tailored("ec", "7f"))],
    ["X25519 p", withX25519(tailored("ed", "7f"))],
    ["X25519 p + 1", withX25519(tailored("ee", "7f"))],
    ["X25519 0, top bit set", withX25519(new Uint8Array(32).with(31, 0x80))],
    ["X25519 p + 1, top bit set", withX25519(tailored("ee", "ff"))],
    ["an ML-KEM coefficient of q", concatBytes(Uint8Array.of(0x01, 0x0d), publicKey.subarray(2))],
    [
      "an ML-KEM coefficient of 4,095",
      concatBytes(publicKey.subarray(0, 1_149), Uint8Array.of(0, 0xf0, 0xff), publicKey.subarray(1_152)),
    ],
    ["a byte too few", publicKey.subarray(1)],
    ["a byte too many", concatBytes(publicKey, new Uint8Array(1))],
    ["nothing", new Uint8Array()],
  ];

  test.each(bad)("A12 refuses a KEM key: %s", (_, key) => {
    expect(isAdmissibleKemKey(key)).toBe(false);
  });

  test.each([nativeCrypto, portableCrypto({ random: (length) => pattern("random", length) })])(
    "A12 refuses exactly what no provider wraps for: $name",
    async (crypto) => {
      const wrap = (key: Uint8Array) =>
        crypto.wrap(key, new Uint8Array(), new Uint8Array(), asPlaintext(new Uint8Array(34)));
      for (const [what, key] of bad) await expect(wrap(key), what).rejects.toThrow(CryptoError);
      await expect(wrap(publicKey)).resolves.toBeDefined();
    },
  );
});
