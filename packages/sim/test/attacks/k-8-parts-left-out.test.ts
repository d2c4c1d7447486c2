// A relay that gives entries without parts of documents: holes keep an entry's id, so that it verifies.

import { partKind, toHex } from "@selkie/entry";
import type { MemoryDisk } from "@selkie/store";
import { expect, test } from "vitest";
import type { SimDevice } from "../../src/sim-device.ts";
import { relayWith } from "../support/disks.ts";
import { runsOf, without } from "../support/lies.ts";
import { Scene } from "../support/scene.ts";

/** Two documents of Alice's came to these devices without their content; gives the honest relay's disk. */
async function withheldFrom(scene: Scene, victims: readonly SimDevice[]): Promise<MemoryDisk> {
  const { alice, world } = scene;
  await scene.run(alice.database.createDocument({ title: "zero" }));
  await world.settle();
  for (const victim of victims) await scene.run(victim.disconnect());
  const before = world.relay.disk.copy();
  const known = await scene.relayEntries().vector();
  for (const title of ["one", "two"]) {
    await scene.run(alice.database.createDocument({ title }));
    await world.settle();
  }
  const genuine = await runsOf(scene.relayEntries());
  const honest = world.relay.disk.copy();
  await relayWith(scene, before);
  const fresh = genuine.filter(({ writer, entries }) => entries.length - 1 > (known.get(toHex(writer))?.seq ?? -1));
  await scene.relayEntries().append(fresh.map((run) => without(run, ({ kind }) => kind === partKind.change)));
  await connect(scene, victims);
  for (const victim of victims) {
    expect((await scene.show(victim)).join()).not.toMatch(/one|two/);
    expect(new Set(scene.alarms(victim))).toEqual(new Set(["PART_MISSING"]));
  }
  return honest;
}

async function connect(scene: Scene, devices: readonly SimDevice[]): Promise<void> {
  for (const device of devices) {
    const line = await scene.run(device.connectRelay(scene.world.relay));
    await scene.run(line.synced());
  }
  await scene.world.settle();
}

async function expectHealed(scene: Scene, device: SimDevice): Promise<void> {
  expect((await scene.show(device)).join()).toMatch(/one.*two|two.*one/s);
  expect(await scene.show(device)).toEqual(await scene.show(scene.alice));
  for (const each of scene.everybody) {
    expect(scene.alarms(each)).not.toContain("RELAY_ROLLBACK");
    expect(each.noticed.filter(({ type }) => type === "report")).toEqual([]);
  }
}

test("K-8 parts of documents that a relay leaves out come from an honest one later", async () => {
  const scene = await Scene.begin("parts relay");
  const { carol } = scene;
  const honest = await withheldFrom(scene, [carol]);
  await relayWith(scene, honest);
  await connect(scene, [carol]);
  await expectHealed(scene, carol);
});

test("K-8 parts of documents that a relay leaves out come from another device, and from that one the relay has them", async () => {
  const scene = await Scene.begin("parts peer");
  const { alice, bob, carol } = scene;
  await withheldFrom(scene, [bob, carol]);
  await scene.run(carol.meet(alice));
  await scene.world.settle();
  await expectHealed(scene, carol);
  await expectHealed(scene, bob); // by the relay, which has them from Carol
});

test("K-8 what nobody in reach has is asked for once with each connection: that ends, and is announced once", async () => {
  const scene = await Scene.begin("parts nowhere");
  const { bob, carol } = scene;
  await withheldFrom(scene, [bob, carol]);
  const alarms = scene.alarms(carol);
  for (let again = 0; again < 3; again += 1) {
    for (const device of [bob, carol]) await scene.run(device.disconnect());
    await scene.run(carol.meet(bob));
    await scene.world.settle();
    for (const device of [bob, carol]) await scene.run(device.disconnect());
    await connect(scene, [bob, carol]);
  }
  expect(scene.alarms(carol)).toEqual(alarms);
  expect(scene.alarms(bob)).toEqual(alarms);
  // Work goes on behind what is missing, and is sent on.
  await scene.run(carol.database.createDocument({ title: "three" }));
  await scene.world.settle();
  expect((await scene.show(bob)).join()).toContain("three");
  await scene.run(carol.meet(scene.alice));
  await scene.world.settle();
  await scene.world.settle(); // from Alice to Carol, to the relay, to Bob
  await expectHealed(scene, carol);
  await expectHealed(scene, bob);
});
