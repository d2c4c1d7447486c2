// A relay that stores no more: who writes is told, everything goes on, and what is written goes up when there is room.
import type { RelayLimits } from "@selkie/server";
import { hasHoles } from "@selkie/store";
import { expect, test } from "vitest";
import type { SimDevice } from "../src/sim-device.ts";
import { runsOf } from "./support/lies.ts";
import { codeOf, Scene } from "./support/scene.ts";

async function restartRelay(scene: Scene, limits: Partial<RelayLimits>): Promise<void> {
  const { relay } = scene.world;
  relay.crash();
  relay.limits = limits;
  relay.start();
  await scene.reconnect();
}

/** How waiting for the relay ends. */
async function syncedOf(scene: Scene, device: SimDevice): Promise<string | null> {
  const [line] = device.life?.connections ?? [];
  if (line === undefined) throw new RangeError("a device that is connected");
  return await codeOf(scene.run(line.synced()));
}

const write = (scene: Scene, device: SimDevice, title: string) => scene.run(device.database.createDocument({ title }));

test.each(["loginKeyBytes", "tenantBytes"] as const)(
  "a relay that is over its %s: synced says so, and nothing is lost",
  async (limit) => {
    const scene = await Scene.begin(`no room: ${limit}`);
    const { alice, bob, carol, world } = scene;
    const before = await write(scene, alice, "before");
    await world.settle();
    await restartRelay(scene, { [limit]: 1 });
    const errors: unknown[] = [];
    alice.tenant.on("sync", ({ status, error }) => errors.push([status, error]));

    expect(await syncedOf(scene, alice)).toBeNull();
    const { id } = await write(scene, alice, "no room for this");
    expect(await syncedOf(scene, alice)).toBe("QUOTA_EXCEEDED");
    await write(scene, alice, "nor for this");
    expect(await syncedOf(scene, alice)).toBe("QUOTA_EXCEEDED");
    expect(errors).toEqual([["online", expect.objectContaining({ code: "QUOTA_EXCEEDED" })]]);

    // Pulling works on, and who wrote nothing is in sync.
    expect(await syncedOf(scene, bob)).toBeNull();
    expect(await bob.database.findDocument(id)).toBeUndefined();
    expect((await bob.database.getDocument(before.id)).getData()).toEqual({ title: "before" });

    await restartRelay(scene, {});
    expect(await syncedOf(scene, alice)).toBeNull();
    await world.settle();
    expect((await carol.database.getDocument(id)).getData()).toEqual({ title: "no room for this" });
    expect(await scene.shared()).toHaveLength(3);
  },
);

test("B10 a relay that has no room for a purge drops nothing until it has taken it", async () => {
  const scene = await Scene.begin("B10 no room");
  const { alice, world } = scene;
  const holes = async () => (await runsOf(scene.relayEntries())).flatMap(({ entries }) => entries).filter(hasHoles);
  await scene.run(alice.tenant.settings.change({ purgeAfter: 0 }));
  const { id } = await write(scene, alice, "gone");
  await world.settle();
  await restartRelay(scene, { loginKeyBytes: 1, retireAfterMs: 0 });
  await scene.run(alice.database.purgeDocHistory(id));
  expect(await syncedOf(scene, alice)).toBe("QUOTA_EXCEEDED");
  await world.clock.advance(60_000);
  expect(await holes()).toHaveLength(0);

  await restartRelay(scene, { retireAfterMs: 0 });
  expect(await holes()).toHaveLength(1);
});
