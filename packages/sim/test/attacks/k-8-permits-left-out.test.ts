// A relay that leaves out the permits that a device is due, while it is a member and while it sleeps.
import { tableIndex, toHex } from "@selkie/entry";
import type { MemoryDisk } from "@selkie/store";
import { expect, test } from "vitest";
import { maliciousRelay } from "../../src/malicious-relay.ts";
import type { SimDevice } from "../../src/sim-device.ts";
import { relayWith } from "../support/disks.ts";
import { runsOf, without } from "../support/lies.ts";
import { Scene } from "../support/scene.ts";

/** The type of frames that answer fences. */
const FENCED = 12;

async function enter(scene: Scene, device: SimDevice): Promise<void> {
  const line = await scene.run(device.connectRelay(scene.world.relay));
  await scene.run(line.synced());
  await scene.world.settle();
}

/** The relay has what permits Bob a key, and a document under it, with holes where that is; gives the disk of an honest one. */
async function leaveOut(scene: Scene, table: number): Promise<MemoryDisk> {
  const { alice, bob, world } = scene;
  const { directory } = scene;
  await scene.run(bob.disconnect());
  const before = world.relay.disk.copy();
  const known = await scene.relayEntries(directory).vector();
  await scene.run(alice.tenant.directory.createKey("board", { share: ["CN=bob/O=acme"] }));
  await scene.run(alice.database.createDocument({ title: "on the board" }, { key: "board" }));
  await world.settle();
  const genuine = await runsOf(scene.relayEntries(directory));
  const contents = await runsOf(scene.relayEntries());
  const honest = world.relay.disk.copy();

  await relayWith(scene, before);
  const fresh = genuine.filter(({ writer, entries }) => entries.length - 1 > (known.get(toHex(writer))?.seq ?? -1));
  await scene.relayEntries(directory).append(fresh.map((run) => without(run, (part) => part.table === table)));
  await scene.relayEntries().append(contents);
  return honest;
}

function expectMissed(scene: Scene, device: SimDevice): void {
  expect(scene.alarms(device)).toContain("PART_MISSING");
  expect(new Set(scene.alarms(device)).size).toBe(1);
  expect(device.noticed.filter(({ type }) => type === "report")).toEqual([]);
}

for (const [what, table] of [
  ["a permit", tableIndex.hpke],
  ["what a permit opens", tableIndex.bundle],
] as const)
  for (const isRestarted of [false, true])
    test(`K-8 ${what} that a relay leaves out is missed, and comes from an honest one later${isRestarted ? ", after a restart too" : ""}`, async () => {
      const scene = await Scene.begin(`permits left out ${what} ${isRestarted}`);
      const { bob } = scene;
      const honest = await leaveOut(scene, table);
      await enter(scene, bob);
      expect((await scene.show(bob)).join()).not.toContain("on the board");
      expectMissed(scene, bob);

      if (isRestarted) {
        await scene.run(bob.close());
        await scene.run(bob.start());
      }
      await relayWith(scene, honest);
      await enter(scene, bob);
      expect((await scene.show(bob)).join()).toContain("on the board");
      expect(bob.noticed.filter(({ type }) => type === "report")).toEqual([]);
    });

test("K-8 a permit that a relay leaves out is missed, though the relay never says that it has given everything", async () => {
  const scene = await Scene.begin("permits left out in silence");
  const { bob, world } = scene;
  await leaveOut(scene, tableIndex.hpke);
  const mute = (frame: Uint8Array): readonly Uint8Array[] => (frame[0] === FENCED ? [] : [frame]);
  await scene.run(bob.connectRelay(world.relay, maliciousRelay(world.relay.accept, { fromRelay: mute })));
  await world.clock.advance(60_000);
  expect(scene.alarms(bob)).toEqual([]);
  await world.clock.advance(600_000);
  expectMissed(scene, bob);
});
