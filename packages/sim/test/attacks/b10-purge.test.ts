// Purges with whole clients and the relay: who drops what, when, and what a relay that claims a purge achieves.
import { partKind } from "@selkie/entry";
import { hasHoles } from "@selkie/store";
import { expect, test } from "vitest";
import type { SimDevice } from "../../src/sim-device.ts";
import { relayWith } from "../support/disks.ts";
import { runsOf } from "../support/lies.ts";
import { Scene } from "../support/scene.ts";

const WEEK_MS = 604_800_000;
const DAY_MS = 86_400_000;

/** How many entries of the shared database have holes, here and at the relay. */
async function holesIn(scene: Scene): Promise<readonly number[]> {
  const stores = [...scene.everybody.map(({ database }) => database.getStore()), scene.relayEntries()];
  return Promise.all(
    stores.map(async (store) => (await runsOf(store)).flatMap(({ entries }) => entries).filter(hasHoles).length),
  );
}

const missed = (scene: Scene, device: SimDevice): readonly string[] =>
  scene.alarms(device).filter((code) => code === "PART_MISSING");

test("B10 what an admin purges is dropped everywhere once the time is over, at the relay too; the chains verify, and nobody misses anything", async () => {
  const scene = await Scene.begin("B10 purge");
  const { alice, bob, carol, world } = scene;
  const doc = await scene.run(alice.database.createDocument({ title: "gone" }));
  await scene.run(bob.database.createDocument({ title: "stays" }));
  await world.settle();
  await scene.run(carol.disconnect());
  const report = await scene.run(alice.database.purgeDocHistory(doc.id));
  expect(report).toMatchObject({ dropped: 0, synced: true });
  expect(report.pending.map(({ where }) => where).sort()).toEqual(["device", "device", "here", "relay"]);
  await world.settle();
  expect((await scene.show(bob)).join()).not.toContain("gone");
  expect(await holesIn(scene)).toEqual([0, 0, 0, 0]);
  await world.clock.advance(WEEK_MS - DAY_MS);
  expect(await holesIn(scene)).toEqual([0, 0, 0, 0]);
  await world.clock.advance(2 * DAY_MS);
  await world.settle();
  expect(await holesIn(scene)).toEqual([1, 1, 0, 1]);

  // Carol gets the holes with their reason, and drops what she has; what she brings again the relay takes no more.
  await scene.reconnect();
  expect((await scene.show(carol)).join()).not.toContain("gone");
  await world.clock.advance(WEEK_MS + DAY_MS);
  await world.settle();
  expect(await holesIn(scene)).toEqual([1, 1, 1, 1]);
  for (const device of scene.everybody) expect(missed(scene, device)).toEqual([]);
  expect(await scene.shared()).toHaveLength(1);
});

test("B10 a relay that drops parts and says that they were purged is found out, and what it dropped comes again", async () => {
  const scene = await Scene.begin("B10 claimed");
  const { alice, carol, world } = scene;
  await scene.run(carol.disconnect());
  await scene.run(alice.database.createDocument({ title: "wanted" }));
  await world.settle();
  const genuine = await runsOf(scene.relayEntries());
  const honest = world.relay.disk.copy();
  // Its operator retires them, as an honest relay does that was told to.
  const names = genuine.flatMap(({ entries }) =>
    entries.flatMap(({ id, parts }) =>
      parts.flatMap(({ kind }, index) => (kind === partKind.change ? [{ id, index }] : [])),
    ),
  );
  expect(await scene.relayEntries().retire(names)).toBeGreaterThan(0);
  await scene.run(carol.connectRelay(world.relay));
  await world.settle();
  expect((await scene.show(carol)).join()).not.toContain("wanted");
  expect(scene.alarms(carol)).toContain("PART_MISSING");
  await relayWith(scene, honest);
  await scene.run(carol.disconnect());
  await scene.run(carol.connectRelay(world.relay));
  await world.settle();
  expect((await scene.show(carol)).join()).toContain("wanted");
});

test("R18 one admin alone sets the wait to nothing and purges: it is gone at once from whoever hears, not from the relay, nor from who is away", async () => {
  const scene = await Scene.begin("R18");
  const { alice, carol, world } = scene;
  const doc = await scene.run(carol.database.createDocument({ title: "canary of Carol" }));
  await world.settle();
  await scene.run(carol.disconnect());
  await scene.run(alice.tenant.settings.change({ purgeAfter: 0 }));
  await scene.run(alice.database.purgeDocHistory(doc.id));
  await world.settle();
  expect(await holesIn(scene)).toEqual([1, 1, 0, 0]);
  expect((await scene.show(carol)).join()).toContain("canary of Carol");
  await scene.run(carol.connectRelay(world.relay));
  await world.settle();
  expect(await holesIn(scene)).toEqual([1, 1, 1, 0]);
});

test("B10 a relay that does not wait drops nothing before others can know why", async () => {
  const scene = await Scene.begin("B10 at once");
  const { alice, bob, carol, world } = scene;
  await scene.run(alice.tenant.settings.change({ purgeAfter: 0 }));
  const doc = await scene.run(alice.database.createDocument({ title: "gone" }));
  await world.settle();
  await scene.run(carol.disconnect());
  world.relay.crash();
  world.relay.limits = { retireAfterMs: 0 };
  world.relay.start();
  await scene.reconnect([alice, bob]);
  await scene.run(alice.database.purgeDocHistory(doc.id));
  await world.settle();
  expect(await holesIn(scene)).toEqual([1, 1, 0, 1]);
  await scene.reconnect();
  expect(await holesIn(scene)).toEqual([1, 1, 1, 1]);
  for (const device of scene.everybody) expect(missed(scene, device)).toEqual([]);
});

test("B10 what the root purges is dropped by whoever hears of it, and by a relay that need not wait, which admins' devices tell", async () => {
  const scene = await Scene.begin("B10 the root");
  const { alice, bob, world } = scene;
  const exported = await alice.tenant.exportRootKey("a password for the paper");
  world.relay.crash();
  world.relay.limits = { retireAfterMs: 0 };
  world.relay.start();
  await scene.reconnect();
  const doc = await scene.run(alice.database.createDocument({ title: "gone" }));
  await world.settle();
  await scene.run(alice.disconnect());
  {
    await using root = await bob.tenant.asRoot(exported, "a password for the paper"); // Bob is an editor
    await scene.run(root.purgeDocHistory(bob.database.name, doc.id));
  }
  await world.settle();
  expect(await holesIn(scene)).toEqual([0, 1, 1, 0]);
  await scene.run(alice.connectRelay(world.relay));
  await world.settle();
  expect(await holesIn(scene)).toEqual([1, 1, 1, 1]);
  for (const device of scene.everybody) expect(missed(scene, device)).toEqual([]);
});
