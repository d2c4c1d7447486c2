import { expect, test } from "vitest";
import { decodeStatement } from "../../../core/src/directory/statement-codec.ts";
import type { SimDevice } from "../../src/sim-device.ts";
import { HeldKeys } from "../support/held-keys.ts";
import { Scene } from "../support/scene.ts";

/** The types of the statements that a device reads with every key it has, out of all that the relay holds of the directory. */
async function readsOf(scene: Scene, device: SimDevice): Promise<readonly string[]> {
  const statements = await (await HeldKeys.of(scene, device)).open(scene.directory, "statement");
  return statements.map(({ plaintext }) => decodeStatement(plaintext).type);
}

test("P-11 who left by itself, and turned the keys for the others as it went, reads nothing that is said or written afterwards", async () => {
  const scene = await Scene.begin("P-11 left by itself");
  const { alice, bob, carol, world } = scene;
  const [own] = (await bob.tenant.directory.devices()).filter(({ isThis }) => isThis);
  if (own === undefined) return expect.fail("a device");
  await scene.run(alice.disconnect()); // an admin would say something of it at once
  await scene.run(bob.tenant.directory.revokeDevice(own.id));
  await world.clock.advance(30_000);

  await scene.run(carol.tenant.directory.createKey("board"));
  await scene.run(carol.database.createDocument({ title: "without him" }));
  await world.clock.advance(30_000);
  const [his, hers] = [await readsOf(scene, bob), await readsOf(scene, carol)];
  expect(hers).toContain("createKey");
  expect(his).toContain("revoke");
  expect(his).not.toContain("createKey");
  await scene.run(alice.connectRelay(world.relay));
  await world.clock.advance(30_000);
  expect(await scene.show(alice)).toEqual(await scene.show(carol));
});

test("P-11 an admin that ends its only device while it is online has told the relay so, though that lets it in no more", async () => {
  const scene = await Scene.begin("P-11 an admin left");
  const { alice, bob, carol, world } = scene;
  await scene.run(alice.tenant.directory.changeUser("CN=bob/O=acme", { role: "admin" }));
  await world.clock.advance(30_000);
  const [own] = (await bob.tenant.directory.devices()).filter(({ isThis }) => isThis);
  if (own === undefined) return expect.fail("a device");
  await scene.run(alice.disconnect());
  await scene.run(bob.tenant.directory.revokeDevice(own.id));
  await world.clock.advance(30_000);
  await scene.run(bob.close());
  const isOut = async (device: SimDevice): Promise<boolean> =>
    (await device.tenant.directory.users()).some(({ name, revoked }) => name === "CN=bob/O=acme" && revoked);
  expect(await isOut(carol)).toBe(true);
  await scene.run(alice.connectRelay(world.relay));
  await world.clock.advance(30_000);
  expect(await isOut(alice)).toBe(true);
});
