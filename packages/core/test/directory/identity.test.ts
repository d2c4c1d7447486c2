import { nativeCrypto } from "@selkie/crypto/native";
import { parseTenantId, toHex } from "@selkie/entry";
import { expect, test } from "vitest";
import {
  deviceKemOf,
  deviceKeyOf,
  identityFingerprint,
  loginKeyFor,
  newIdentity,
  publicKeysOf,
  slotKeyFor,
  userKemOf,
} from "../../src/directory/identity.ts";
import { codeOf } from "../codes.ts";
import { pattern, repeatableCrypto, testTenant } from "../fixture.ts";

const crypto = nativeCrypto;
const alice = newIdentity(repeatableCrypto("alice"), "CN=alice/O=acme");

test("an identity needs no tenant, and no two secrets of it are equal", () => {
  const { userSeed, deviceSignSeed, deviceKemSeed, deviceSecret, slotSeed } = alice;
  const secrets = [userSeed, deviceSignSeed, deviceKemSeed, deviceSecret, slotSeed].map(toHex);
  expect(new Set(secrets).size).toBe(5);
  expect(secrets.every((secret) => secret.length === 64)).toBe(true);
  expect(codeOf(() => newIdentity(crypto, "a\nb"))).toBe("NAME_INVALID");
});

test("its public keys are those of its secrets", async () => {
  const keys = await publicKeysOf(crypto, alice);
  expect(keys).toEqual({
    name: "CN=alice/O=acme",
    userKem: (await userKemOf(crypto, alice)).publicKey,
    deviceSign: (await deviceKeyOf(crypto, alice)).publicKey,
    deviceKem: (await deviceKemOf(crypto, alice)).publicKey,
  });
});

test("A9 E4 the login key and the slot key are others than the signing key, and others in every tenant", async () => {
  const otherTenant = parseTenantId(pattern("other tenant", 32));
  const keys = [
    await deviceKeyOf(crypto, alice),
    await loginKeyFor(crypto, alice, testTenant),
    await loginKeyFor(crypto, alice, otherTenant),
    await slotKeyFor(crypto, alice, pattern("salt of one request", 16)),
    await slotKeyFor(crypto, alice, pattern("salt of another", 16)),
  ];
  expect(new Set(keys.map(({ publicKey }) => toHex(publicKey))).size).toBe(keys.length);
  expect((await loginKeyFor(crypto, alice, testTenant)).publicKey).toEqual(keys[1]?.publicKey);
});

test("A14 the fingerprint covers name and every key", async () => {
  const keys = await publicKeysOf(crypto, alice);
  const shown = identityFingerprint(crypto, keys);
  for (const change of [
    { name: "CN=alice/O=acme " },
    { userKem: keys.deviceKem },
    { deviceKem: keys.userKem },
    { deviceSign: pattern("another device", 32) },
  ]) {
    expect(identityFingerprint(crypto, { ...keys, ...change })).not.toBe(shown);
  }
});
