// What a device uploaded stays at the relay: it knows what is there, and the next meeting costs what is new.
import { describe, expect, test } from "vitest";
import type { SimDevice } from "../src/sim-device.ts";
import { Observer } from "./support/observer.ts";
import { Scene } from "./support/scene.ts";

/** Type byte of a vector. */
const VECTOR = 7;

/** Somebody connects, syncs, and is gone again: how many bytes came from the relay, and vectors went either way. */
async function meeting(scene: Scene, device: SimDevice): Promise<{ readonly bytes: number; readonly vectors: number }> {
  const observer = new Observer(scene);
  const line = await scene.run(device.connectRelay(scene.world.relay));
  await scene.run(line.synced());
  await scene.run(device.disconnect());
  const bytes = observer.sizes(`relay>${device.name}`).reduce((sum, size) => sum + size, 0);
  const frames = observer.frames.filter(({ lane }) => lane.split(">").includes(device.name));
  return { bytes, vectors: frames.filter(({ frame }) => frame[0] === VECTOR).length };
}

async function write(scene: Scene, device: SimDevice, count: number): Promise<void> {
  const rows = Array.from({ length: count }, (_, index) => ({ by: device.name, index }));
  await scene.run(device.database.createDocuments(rows));
}

describe("what a device uploaded", () => {
  for (const crashes of [false, true])
    test(`is not sent back to it when it comes again${crashes ? ", after its power went off" : ""}`, async () => {
      const bytes: number[] = [];
      for (const count of [20, 2_000]) {
        const scene = await Scene.begin(`uploaded once ${crashes}`);
        const { alice, bob, world } = scene;
        await write(scene, bob, 1);
        await world.settle();
        for (const device of scene.everybody) await scene.run(device.disconnect());
        await write(scene, alice, count);
        await meeting(scene, alice);
        if (crashes) {
          alice.crash();
          await scene.run(alice.start());
        }
        await write(scene, bob, 1);
        await scene.run(bob.connectRelay(world.relay));
        await world.settle();
        await write(scene, alice, 1);
        const second = await meeting(scene, alice);
        expect(second.vectors).toBe(0);
        bytes.push(second.bytes);
        await scene.reconnect();
        expect(await scene.shared()).toHaveLength(count + 3);
      }
      const [few = 0, many = 0] = bytes;
      expect(many).toBeLessThan(1.1 * few);
    });

  test("comes back as far as no acknowledgement came, and nothing is lost", async () => {
    const scene = await Scene.begin("uploaded, not acknowledged");
    const { alice, bob, world } = scene;
    await write(scene, bob, 1);
    await world.settle();
    await scene.run(alice.disconnect());
    await write(scene, alice, 50);
    const held = (await scene.relayEntries().vector()).size;
    const line = await scene.run(alice.connectRelay(world.relay));
    const synced = line.synced().catch(() => null);
    await scene.run(until(scene, async () => (await scene.relayEntries().vector()).size > held));
    world.network.breakLines((a, b) => [a, b].includes("alice"));
    await scene.run(alice.disconnect());
    await scene.run(synced);
    await write(scene, bob, 1);
    await write(scene, alice, 1);
    const first = await meeting(scene, alice);
    await write(scene, bob, 1);
    await world.settle();
    expect((await meeting(scene, alice)).bytes).toBeLessThan(first.bytes / 2);
    await scene.reconnect();
    expect(await scene.shared()).toHaveLength(54);
  });
});

/** Virtual time passes until it is so. */
async function until(scene: Scene, isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await scene.world.clock.pause(1);
}
