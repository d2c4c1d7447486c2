// One of a user's devices is lost, with whole clients at a relay: the others go on without an admin, under a slot key that the lost one lacks.
import { describe, expect, test } from "vitest";
import type { SimDevice } from "../../src/sim-device.ts";
import { Scene } from "../support/scene.ts";

const BOB = "CN=bob/O=acme";

/** A further device of Bob's, which nobody but the relay talks to. */
async function addDevice(scene: Scene, name: string): Promise<SimDevice> {
  const added = scene.world.device(name);
  await added.setUp("bob");
  const request = await scene.run(added.ask({ device: true }));
  await scene.run(added.join(`${await scene.run(scene.bob.tenant.directory.approveJoinRequest(request))}`));
  await scene.run(added.connectRelay(scene.world.relay));
  await scene.run(added.openDatabase());
  await scene.world.settle();
  return added;
}

/** What a device that the world does not know has to say reaches everybody. */
async function sync(scene: Scene, device: SimDevice): Promise<void> {
  await scene.run(Promise.all([...(device.life?.connections ?? [])].map((line) => line.synced())));
  await scene.world.settle();
}

async function idOf(device: SimDevice): Promise<string> {
  const own = (await device.tenant.directory.devices(BOB)).find(({ isThis }) => isThis);
  return own?.id ?? "";
}

const titles = async (device: SimDevice): Promise<readonly string[]> => {
  const docs = await Promise.all(
    (await device.database.getAllDocumentIds()).map((id) => device.database.getDocument(id)),
  );
  return docs.map((doc) => String(doc.getData()["title"])).sort();
};

describe("a further device", () => {
  test("gets in at a relay by the word of its user's own device, and writes", async () => {
    const scene = await Scene.begin("further device");
    const phone = await addDevice(scene, "phone");
    await scene.run(phone.database.createDocument({ title: "from the phone" }));
    await scene.run(phone.disconnect());
    await scene.run(phone.connectRelay(scene.world.relay)); // by its user's slot key now
    await sync(scene, phone);
    expect(await titles(scene.carol)).toContain("from the phone");
  });

  test("A3 that is lost is shut out at the relay by its user's other device, which goes on, as do those added later", async () => {
    const scene = await Scene.begin("lost device");
    const { bob, carol, world } = scene;
    const phone = await addDevice(scene, "phone");
    await scene.run(phone.disconnect());
    await scene.run(bob.tenant.directory.revokeDevice(await idOf(phone)));
    await scene.run(bob.database.createDocument({ title: "without the phone" }));
    await world.settle();
    expect(await titles(carol)).toContain("without the phone");
    await expect(scene.run(phone.connectRelay(world.relay))).rejects.toMatchObject({ code: "DEVICE_REVOKED" });
    expect(await titles(phone)).not.toContain("without the phone");

    await scene.reconnect([bob]);
    const tablet = await addDevice(scene, "tablet");
    expect(await titles(tablet)).toContain("without the phone");
    await scene.run(tablet.database.createDocument({ title: "from the tablet" }));
    await scene.reconnect([tablet]);
    await sync(scene, tablet);
    expect(await titles(carol)).toContain("from the tablet");
  });
});
