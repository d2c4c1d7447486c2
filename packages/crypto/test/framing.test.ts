import { labelled } from "@selkie/entry";
import fc from "fast-check";
import { expect, test } from "vitest";
import { equalSecrets } from "../src/constant-time.ts";
import { cutSecret, encodeNonce, expandBlocks, labelPrefix } from "../src/framing.ts";
import { check } from "./property.ts";

test("a nonce is the number, 96 bits big endian", async () => {
  await check(200, [fc.maxSafeNat()], async (nonce) => {
    const bytes = encodeNonce(nonce);
    expect(bytes).toHaveLength(12);
    expect(bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n)).toBe(BigInt(nonce));
  });
  expect(encodeNonce(Number.MAX_SAFE_INTEGER)).toEqual(
    Uint8Array.of(0, 0, 0, 0, 0, 0x1f, 255, 255, 255, 255, 255, 255),
  );
});

test("a derivation has 1 to 255 blocks", () => {
  expect([1, 32, 33, 64, 65, 8160].map(expandBlocks)).toEqual([1, 1, 2, 2, 3, 255]);
  for (const length of [0, -1, 8161, 1.5, Number.NaN]) expect(() => expandBlocks(length)).toThrow("1 to 8160 bytes");
});

test("a label's prefix is what labelled() puts before a payload", () => {
  const payload = Uint8Array.of(1, 2, 3);
  expect(Uint8Array.of(...labelPrefix("mac-salt"), ...payload)).toEqual(labelled("mac-salt", payload));
  expect(labelPrefix("mac-salt")).toBe(labelPrefix("mac-salt"));
});

test("what is cut off a secret is overwritten", () => {
  const bytes = Uint8Array.of(1, 2, 3, 4);
  expect(cutSecret(bytes, 3)).toEqual(Uint8Array.of(1, 2, 3));
  expect(bytes).toEqual(new Uint8Array(4));
});

test("secrets are equal when every byte is", async () => {
  await check(200, [fc.uint8Array(), fc.nat(), fc.integer({ min: 1, max: 255 })], async (bytes, at, change) => {
    expect(equalSecrets(bytes, bytes.slice())).toBe(true);
    expect(equalSecrets(bytes, Uint8Array.of(...bytes, 0))).toBe(false);
    if (bytes.length === 0) return;
    const other = bytes.slice();
    other[at % bytes.length] = (other[at % bytes.length] ?? 0) ^ change;
    expect(equalSecrets(bytes, other)).toBe(false);
  });
});
