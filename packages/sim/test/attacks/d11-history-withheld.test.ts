// Somebody is let in while another turns a key: who can gives the newcomer what lacks. Whose turn that is, is nobody's to keep for itself.
import { expect, test } from "vitest";
import { runsOf } from "../support/lies.ts";
import { Scene } from "../support/scene.ts";

test.each([0, 1, 2, 3])(
  "D11 of those who hold a key each in turn gives what others lack, where those before it do not (%i)",
  async (seed) => {
    const scene = await Scene.begin(`D11 givers ${seed}`);
    const { alice, bob, carol, world } = scene;
    const { directory } = scene;
    const dave = world.device("dave");
    await dave.setUp();
    const request = await scene.run(dave.ask());
    for (const device of [alice, bob, carol]) await scene.run(device.disconnect());
    // Alice lets him in and Bob turns the key; then both are gone, and Carol alone knows of both.
    const response = await scene.run(alice.tenant.directory.approveJoinRequest(request, { role: "editor" }));
    await scene.run(bob.tenant.directory.rotateKey("default"));
    await scene.run(bob.database.createDocument({ title: "under the new key" }));
    await scene.run(bob.connectRelay(world.relay));
    await world.settle();
    await scene.run(bob.disconnect());
    const { store } = alice.life ?? expect.fail("a running device");
    await scene.relayEntries(directory).append(await runsOf(store.entries(scene.tenant, directory)));

    await scene.run(carol.connectRelay(world.relay));
    await world.clock.advance(200_000);
    await scene.run(dave.join(response.toString()));
    await scene.run(dave.connectRelay(world.relay));
    await scene.run(dave.openDatabase());
    await world.settle();
    expect((await scene.show(dave)).join()).toContain("under the new key");
  },
);
