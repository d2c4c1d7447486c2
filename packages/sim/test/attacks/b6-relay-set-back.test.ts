import { MemoryDisk } from "@selkie/store";
import { expect, test } from "vitest";
import { setRelayBack } from "../support/disks.ts";
import { Scene } from "../support/scene.ts";

for (const [what, backUp] of [
  ["yesterday's backup", (disk: MemoryDisk) => disk.copy()],
  ["an empty disk", () => new MemoryDisk()],
] as const) {
  test(`B6 a relay that comes back with ${what} gets back all it had acknowledged, from whoever has it`, async () => {
    const scene = await Scene.begin(`B6 ${what}`);
    const { alice, bob, carol, world } = scene;
    await scene.run(alice.database.createDocument({ title: "yesterday" }));
    await world.settle();
    const backup = backUp(world.relay.disk);
    for (const device of [alice, bob])
      await scene.run(device.database.createDocument({ title: `today, ${device.name}` }));
    await world.settle();
    const before = { shared: await scene.shared(), vector: await scene.relayEntries().vector() };
    await scene.run(carol.close());
    setRelayBack(scene, backup);
    await scene.reconnect([alice, bob]);
    expect(await scene.relayEntries().vector()).toEqual(before.vector);
    expect([...scene.alarms(alice), ...scene.alarms(bob)]).toContain("RELAY_ROLLBACK");
    await scene.run(carol.start());
    await scene.reconnect();
    expect(await scene.shared()).toEqual(before.shared);
  });
}
