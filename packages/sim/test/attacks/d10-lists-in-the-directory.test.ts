// What an admin's stolen device writes into the directory of lists for relays: its statements are an admin's, and stay when it is out.
import { entryType } from "@selkie/entry";
import { describe, expect, test } from "vitest";
import { encodeStatement } from "../../../core/src/directory/statement-codec.ts";
import type { SimDevice } from "../../src/sim-device.ts";
import { HostileMember } from "../support/hostile-member.ts";
import { codeOf, Scene } from "../support/scene.ts";
import { Thief } from "../support/thief.ts";

async function admit(scene: Scene, device: SimDevice, role: "admin" | "editor"): Promise<void> {
  await device.setUp();
  const request = await scene.run(device.ask());
  const approval = await scene.run(scene.alice.tenant.directory.approveJoinRequest(request, { role }));
  await scene.run(device.join(`${approval}`));
  await scene.run(device.connectRelay(scene.world.relay));
  await scene.world.settle();
}

/** Lists of everybody, signed with Dave's key, for each of these places. */
async function lists(scene: Scene, dave: SimDevice, places: readonly { epoch: number; height: number }[]) {
  const thief = await Thief.of(scene, dave);
  const holders = await Promise.all(
    [...scene.everybody, dave].map(async (device) => {
      const { keys } = await Thief.of(scene, device);
      const role = device === dave || device === scene.alice ? "admin" : "editor";
      return { slot: keys.person.requireSlot().publicKey, role } as const;
    }),
  );
  return Promise.all(places.map((place) => thief.list(holders, place)));
}

async function say(scene: Scene, by: SimDevice, said: readonly Uint8Array[]): Promise<void> {
  const hostile = await HostileMember.of(by);
  const { record, directoryKey: key } = hostile;
  const chain = await hostile.chain(record.directory, entryType.statement);
  const parts = said.map((list) => {
    return { kind: "statement", key, plaintext: encodeStatement({ type: "accessList", list }) } as const;
  });
  await scene.plant([await chain.write(parts)], record.directory);
}

const HIGHEST = 2 ** 53 - 1;

describe("D10 lists that an admin's stolen device puts into the directory", () => {
  test.each([
    ["as high as can be", [{ epoch: 0, height: HIGHEST }]],
    ["that leave room for one more", [{ epoch: 0, height: HIGHEST - 1 }]],
    ["of an epoch that only the root begins", [0, 1, 2, 3, 4].map((at) => ({ epoch: HIGHEST, height: HIGHEST - at }))],
    ["that nobody could sign after", [0, 1, 2, 3, 4].map((at) => ({ epoch: 0, height: HIGHEST - at }))],
  ])("keep no other admin from revoking it, nor from letting people in: %s", async (_, places) => {
    const scene = await Scene.begin("D10 lists in the directory");
    const { alice, bob, carol, world } = scene;
    const [dave, erin] = [world.device("dave"), world.device("erin")];
    await admit(scene, dave, "admin");
    await scene.run(dave.disconnect());
    await say(scene, dave, await lists(scene, dave, places));

    await scene.run(alice.tenant.directory.revokeUser("CN=dave/O=acme"));
    await world.settle();
    expect(await codeOf(scene.run(dave.connectRelay(world.relay)))).toBe("DEVICE_REVOKED");
    await admit(scene, erin, "editor");
    await scene.run(erin.openDatabase());
    await scene.run(erin.database.createDocument({ title: "from Erin" }));
    await scene.run(Promise.all([...(erin.life?.connections ?? [])].map((line) => line.synced())));
    await world.settle();
    for (const device of [bob, carol]) expect((await scene.show(device)).join()).toContain("from Erin");
  });
});
