import { inspect } from "node:util";
import { expect, test } from "vitest";
import { type AeadKey, CryptoError, type SecretKey } from "../src/index.ts";
import { keyVault } from "../src/keys.ts";
import { nativeCrypto } from "../src/native-node.ts";
import { portableUnderTest } from "./under-test.ts";

const secretBytes = (): Uint8Array => new Uint8Array(32).fill(0xa7);

test("disposing a handle overwrites the key bytes it holds", () => {
  const bytes = secretBytes();
  const vault = keyVault("secret", (material: Uint8Array) => void material.fill(0));
  {
    using handle = vault.hold(bytes);
    expect(vault.reveal(handle)).toBe(bytes);
    expect(bytes).toEqual(secretBytes());
  }
  expect(bytes).toEqual(new Uint8Array(32));
});

test("a vault reveals only what it holds itself", () => {
  const [ours, theirs] = [keyVault("secret", () => undefined), keyVault("secret", () => undefined)];
  const handle = theirs.hold(secretBytes());
  expect(() => ours.reveal(handle)).toThrow(CryptoError);
  expect(() => ours.reveal({ ...ours.hold(secretBytes()) })).toThrow(CryptoError);
});

test("handles show no key bytes, however they are printed", async () => {
  for (const provider of [portableUnderTest.provider, nativeCrypto]) {
    const secret = await provider.importSecret(secretBytes());
    const handles = [
      secret,
      await provider.importSigningKey(secretBytes()),
      await provider.importKemKey(secretBytes()),
      await provider.deriveAead(secret, "derive-journal", new Uint8Array(0)),
    ];
    for (const handle of handles) {
      const printed = [inspect(handle, { showHidden: true, depth: 9 }), JSON.stringify(handle), String(handle)].join();
      // 0xa7 = 167 twice in a row, in any of the ways bytes are printed.
      expect(printed).not.toMatch(/a7a7|167, 167|167,167|"1":167|p6en/);
    }
  }
});

test("errors name lengths, never bytes", async () => {
  const error: unknown = await portableUnderTest.provider
    .importSecret(secretBytes().subarray(1))
    .catch((e: unknown) => e);
  expect(error).toMatchObject({ name: "CryptoError", code: "BAD_LENGTH", message: "a secret must be 32 bytes" });
});

test("one kind of key cannot be passed for another", async () => {
  const { provider } = portableUnderTest;
  const secret: SecretKey = await provider.importSecret(secretBytes());
  // @ts-expect-error a SecretKey is no AeadKey
  const misused: AeadKey = secret;
  await expect(provider.sealMany(misused, [])).rejects.toMatchObject({ code: "FOREIGN_KEY" });
});
