// What a device does that learns that it is out, with whole clients, a relay and virtual time.
import { describe, expect, test } from "vitest";
import { Scene } from "./support/scene.ts";

const BOB = "CN=bob/O=acme";
const DAY_MS = 86_400_000;

async function revoked(
  seed: string,
  options: { readonly wipe?: boolean; readonly wipeAfter?: number },
  setting?: number,
) {
  const scene = await Scene.begin(seed);
  const { alice, bob, world } = scene;
  if (setting !== undefined) await scene.run(alice.tenant.settings.change({ wipeAfter: setting }));
  const told: boolean[] = [];
  const refused = Promise.withResolvers<void>();
  bob.tenant.on("revoked", ({ wiped }) => told.push(wiped));
  bob.tenant.on("sync", ({ status }) => (status === "refused" || status === "closed") && refused.resolve());
  await scene.run(bob.database.createDocument({ title: "by Bob" }));
  await world.settle();
  await scene.run(alice.tenant.directory.revokeUser(BOB, options));
  await scene.run(refused.promise);
  await world.clock.advance(1_000);
  return { scene, told };
}

describe("a device that is out", () => {
  test("stops at once when it learns so, says so, and keeps what it holds", async () => {
    const { scene, told } = await revoked("out, keeps", {});
    const { bob } = scene;
    expect(told).toEqual([false]);
    const held = await scene.show(bob);
    expect(held).toHaveLength(1);
    await expect(scene.run(bob.database.createDocument({ title: "more" }))).rejects.toMatchObject({
      code: "DEVICE_REVOKED",
    });
    await expect(scene.run(bob.tenant.directory.rotateKey("default"))).rejects.toMatchObject({
      code: "DEVICE_REVOKED",
    });
    expect(await scene.show(bob)).toEqual(held);
    const feed = await scene.run(Array.fromAsync(bob.database.iterateChangesSince(null)));
    expect(feed.map(({ type, doc }) => [type, doc.getData()])).toEqual([["changed", { title: "by Bob" }]]);
  });

  test("wipes what it holds when the revocation says at once", async () => {
    const { scene, told } = await revoked("out, wipes", { wipe: true, wipeAfter: 0 });
    expect(told).toEqual([false, true]);
    expect(scene.bob.life?.host.bag.keyBag.tenants()).toEqual([]);
    expect(await scene.bob.life?.store.databases(scene.tenant)).toEqual([]);
  });

  test("that is to wipe after a week keeps everything until then", async () => {
    const { scene, told } = await revoked("out, wipes later", { wipe: true });
    await scene.world.clock.advance(6 * DAY_MS);
    expect(told).toEqual([false]);
    expect(await scene.bob.life?.store.databases(scene.tenant)).not.toEqual([]);
    await scene.world.clock.advance(2 * DAY_MS);
    expect(told).toEqual([false, true]);
    expect(await scene.bob.life?.store.databases(scene.tenant)).toEqual([]);
  });

  test("wipes when the tenant's settings say, where the revocation does not say when", async () => {
    const { scene, told } = await revoked("out, wipes by policy", { wipe: true }, 2 * 86_400);
    await scene.world.clock.advance(DAY_MS);
    expect(told).toEqual([false]);
    await scene.world.clock.advance(2 * DAY_MS);
    expect(told).toEqual([false, true]);
  });
});
