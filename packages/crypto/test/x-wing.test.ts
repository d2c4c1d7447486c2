import { expect, test } from "vitest";
import { portableXWing } from "../src/portable/x-wing-parts.ts";
import { importXWingKey, type X25519Key, xWingDecapsulate, xWingEncapsulate, xWingPublicKey } from "../src/x-wing.ts";
import { randomBytes } from "./under-test.ts";

test("A12 refuses a shared secret of zeros even from a platform that allows it", async () => {
  const seed = new Uint8Array(32).fill(1);
  const honest = await importXWingKey(portableXWing, seed);
  const { ciphertext } = await xWingEncapsulate(portableXWing, xWingPublicKey(honest), randomBytes);
  const lax: X25519Key = { publicKey: honest.x25519.publicKey, agree: () => new Uint8Array(32), wipe: () => undefined };
  const laxParts = { ...portableXWing, x25519: { importKey: () => lax, ephemeral: () => lax } };
  const laxKey = await importXWingKey(laxParts, seed);
  expect(await xWingDecapsulate(portableXWing, honest, ciphertext)).not.toBeNull();
  expect(await xWingDecapsulate(laxParts, laxKey, ciphertext)).toBeNull();
  await expect(xWingEncapsulate(laxParts, xWingPublicKey(honest), randomBytes)).rejects.toMatchObject({
    code: "BAD_PUBLIC_KEY",
  });
});
