// A relay, and whoever colludes with it, brings chains without end, of keys that nobody let in and of a device that was removed.
import { type DatabaseId, type EntryType, entryType, toHex, type VerifiedRun } from "@selkie/entry";
import { expect, test } from "vitest";
import type { SimDevice } from "../../src/sim-device.ts";
import { expectWorkGoesOn } from "../support/hostile-change.ts";
import { HostileMember } from "../support/hostile-member.ts";
import { replicaOf, runsOf } from "../support/lies.ts";
import { Scene } from "../support/scene.ts";

/** Of strangers, and of a device that was removed. */
const KEPT = { ofStrangers: 1_024, ofRemoved: 256 };

/** So many chains of an entry each. */
async function chainsOf(
  member: HostileMember,
  count: number,
  database: DatabaseId,
  type: EntryType = entryType.change,
): Promise<readonly VerifiedRun[]> {
  const runs: VerifiedRun[] = [];
  for (let at = 0; at < count; at++) runs.push(await (await member.chain(database, type)).write([]));
  return runs;
}

/** Dave is let in by Alice, and writes. */
async function newcomer(scene: Scene): Promise<void> {
  const { alice, world } = scene;
  const dave = world.device("dave");
  await dave.setUp();
  const request = await scene.run(dave.ask());
  const approve = alice.tenant.directory.approveJoinRequest(request, { role: "editor" });
  await scene.run(dave.join((await scene.run(approve)).toString()));
  await world.settle();
  const line = await scene.run(dave.connectRelay(world.relay));
  const database = await scene.run(dave.openDatabase());
  await scene.run(database.createDocument({ title: "by Dave" }));
  await scene.run(line.synced());
  await world.settle();
}

/** How many of these chains a device keeps, and of how many others. */
async function kept(scene: Scene, device: SimDevice, runs: readonly VerifiedRun[], database = scene.database) {
  const vector = await device.life?.store.entries(scene.tenant, database).vector();
  const writers = new Set(runs.map(({ writer }) => toHex(writer)));
  const hostile = [...(vector?.keys() ?? [])].filter((writer) => writers.has(writer)).length;
  return { hostile, others: (vector?.size ?? 0) - hostile };
}

test("D12 of chains of nobody's that a relay brings without end a device keeps so many; who was let in meanwhile is complete", async () => {
  const scene = await Scene.begin("D12 strangers");
  const { carol, world } = scene;
  const stranger = await (await HostileMember.of(scene.bob)).stranger();
  const runs = [...(await chainsOf(stranger, KEPT.ofStrangers + 100, scene.database))];
  await scene.plant(runs);
  for (const device of scene.everybody) expect((await kept(scene, device, runs)).hostile).toBe(KEPT.ofStrangers);
  const more = await chainsOf(stranger, 100, scene.database);
  runs.push(...more);
  await scene.plant(more);
  for (const device of scene.everybody) expect((await kept(scene, device, runs)).hostile).toBe(KEPT.ofStrangers);

  // Dave is let in while Carol, who has no room for chains of people she does not know, is away.
  await scene.run(carol.disconnect());
  await newcomer(scene);
  const others = new Set(runs.map(({ writer }) => toHex(writer)));
  const ofDave = (await runsOf(scene.relayEntries())).filter(({ writer }) => !others.has(toHex(writer)));
  await scene.run(carol.database.pullChangesFrom(replicaOf(scene, ofDave)));
  expect((await scene.show(carol)).join()).not.toContain("by Dave");
  await scene.run(carol.connectRelay(world.relay));
  await world.settle();
  expect((await scene.show(carol)).join()).toContain("by Dave");
  await expectWorkGoesOn(scene);
  expect((await kept(scene, carol, runs)).hostile).toBe(KEPT.ofStrangers);
});

test("D9 D12 of chains without end of a device that was removed so many are kept, and nobody's work is held up", async () => {
  const scene = await Scene.begin("D12 removed");
  const { alice, bob, carol, world } = scene;
  const mallory = await HostileMember.of(bob);
  await scene.run(bob.disconnect());
  await scene.run(alice.tenant.directory.revokeUser("CN=bob/O=acme"));
  await world.settle();
  const runs = await chainsOf(mallory, KEPT.ofRemoved + 50, scene.database);
  await scene.relayEntries().append(runs);
  await scene.reconnect([alice, carol]);
  for (const device of [alice, carol]) expect((await kept(scene, device, runs)).hostile).toBe(KEPT.ofRemoved);
  await scene.run(alice.database.createDocument({ title: "by Alice" }));
  await world.settle();
  expect((await scene.show(carol)).join()).toContain("by Alice");
});

test("D12 of chains of nobody's in the directory a device keeps so many; people are let in, and removed, as before", async () => {
  const scene = await Scene.begin("D12 directory");
  const { alice, carol, world } = scene;
  const stranger = await (await HostileMember.of(scene.bob)).stranger();
  const runs = await chainsOf(stranger, KEPT.ofStrangers + 100, scene.directory, entryType.statement);
  await scene.plant(runs, scene.directory);
  for (const device of scene.everybody)
    expect((await kept(scene, device, runs, scene.directory)).hostile).toBe(KEPT.ofStrangers);
  await newcomer(scene);
  expect((await scene.show(carol)).join()).toContain("by Dave");
  await scene.run(alice.tenant.directory.revokeUser("CN=dave/O=acme"));
  await world.settle();
  const users = await carol.tenant.directory.users();
  expect(users.find(({ name }) => name === "CN=dave/O=acme")?.revoked).toBe(true);
  expect((await kept(scene, carol, runs, scene.directory)).hostile).toBe(KEPT.ofStrangers);
});
