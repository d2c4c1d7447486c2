// What a removed member still can do, and nobody can prevent: attacks that succeed, so that nobody takes them for held.
import { expect, test } from "vitest";
import { HeldKeys } from "../support/held-keys.ts";
import { Scene } from "../support/scene.ts";

const BOB = "CN=bob/O=acme";

test("R7 who kept a copy of a disk reads it after the device was wiped: bytes that somebody kept are not shredded", async () => {
  const scene = await Scene.begin("R7");
  const { alice, bob, world } = scene;
  await scene.run(alice.database.createDocument({ title: "canary of Alice" }));
  await world.settle();
  const kept = world.device("kept");
  kept.disk = bob.disk.copy();
  kept.keyBagFile = bob.keyBagFile;

  const wiped = Promise.withResolvers<void>();
  bob.tenant.on("revoked", (event) => event.wiped && wiped.resolve());
  await scene.run(alice.tenant.directory.revokeUser(BOB, { wipe: true, wipeAfter: 0 }));
  await scene.run(wiped.promise);
  expect(await bob.life?.store.databases(scene.tenant)).toEqual([]);

  await scene.run(kept.start());
  expect((await scene.show(kept)).join()).toContain("canary of Alice");
});

test("R7 who kept a copy of a disk reads what was purged since", async () => {
  const scene = await Scene.begin("R7 purge");
  const { alice, bob, world } = scene;
  const { id } = await scene.run(alice.database.createDocument({ title: "canary of Alice" }));
  await world.settle();
  const kept = world.device("kept");
  kept.disk = bob.disk.copy();
  kept.keyBagFile = bob.keyBagFile;
  await scene.run(alice.tenant.settings.change({ purgeAfter: 0 }));
  await scene.run(alice.database.purgeDocHistory(id));
  await world.settle();
  expect((await scene.show(bob)).join()).not.toContain("canary");
  await scene.run(kept.start());
  expect((await scene.show(kept)).join()).toContain("canary of Alice");
});

test("R14 a removed member reads what is written by those who have not heard of the removal, and were met by nobody who has", async () => {
  const scene = await Scene.begin("R14 not heard");
  const { alice, bob, carol, world } = scene;
  await scene.run(carol.disconnect());
  await scene.run(bob.disconnect());
  await scene.run(alice.tenant.directory.revokeUser(BOB));
  await world.settle();
  const { id } = await scene.run(carol.database.createDocument({ title: "canary of Carol" }));
  await scene.run(bob.database.pullChangesFrom(carol.database.getStore()));
  expect((await bob.database.getDocument(id)).getData()).toEqual({ title: "canary of Carol" });
  // It ends when she has heard.
  await scene.run(carol.connectRelay(world.relay));
  await world.settle();
  const later = await scene.run(carol.database.createDocument({ title: "secret of Carol" }));
  await world.settle();
  await scene.run(bob.database.pullChangesFrom(carol.database.getStore()).catch(() => undefined));
  expect(await bob.database.findDocument(later.id)).toBeUndefined();
});

test("R15 a member who is still in gives a removed one its keys: with the relay's ciphertext it reads what is written since", async () => {
  const scene = await Scene.begin("R15");
  const { alice, bob, carol, world } = scene;
  await scene.run(bob.disconnect());
  await scene.run(alice.tenant.directory.revokeUser(BOB));
  await scene.run(alice.database.createDocument({ title: "canary of Alice" }));
  await world.settle();
  const keys = await HeldKeys.of(scene, bob);
  expect(await keys.read()).not.toContain("canary");
  await keys.add(carol);
  expect(await keys.read()).toContain("canary of Alice");
});
