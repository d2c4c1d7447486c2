import { argon2Limits } from "@selkie/crypto";
import { nativeCrypto } from "@selkie/crypto/native";
import { parseTenantId, toHex } from "@selkie/entry";
import { expect, test } from "vitest";
import { KeyBag } from "../src/index.ts";

const kdf = { memory: argon2Limits.memory.floor, passes: argon2Limits.passes.floor, lanes: 1 };

test("a KeyBag is made, saved, opened, exported and imported in a browser", async () => {
  const random = (length: number): Uint8Array => nativeCrypto.randomBytes(length);
  const tenant = parseTenantId(random(32));
  const board = { tenant, keyId: random(16), name: "board", version: random(32), content: random(32), history: null };
  using bag = await KeyBag.create("correct horse", { kdf });
  await bag.addKeyVersions([board]);
  await bag.changePassword("correct horse", "battery staple");
  await expect(KeyBag.open(bag.save(), "correct horse")).rejects.toMatchObject({ code: "WRONG_PASSWORD" });
  using again = await KeyBag.open(bag.save(), "battery staple", { kdf });
  const exported = await again.exportKey(toHex(tenant), "board", "travel");
  using other = await KeyBag.create("password", { kdf });
  await other.importKey(exported, "travel");
  expect(other.keyVersions(tenant)).toEqual([{ ...board, imported: true }]);
  other.lock();
  expect(() => other.keyVersions(tenant)).toThrow(expect.objectContaining({ code: "LOCKED" }));
});
