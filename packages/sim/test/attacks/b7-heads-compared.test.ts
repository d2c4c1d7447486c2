// A relay shows each of two people another history of a member who helps it, and lets neither hear of what the other has seen: they compare.
import { expect, test } from "vitest";
import { handMade } from "../../../core/test/automerge/hand-made-change.ts";
import type { SimDevice } from "../../src/sim-device.ts";
import { setRelayBack } from "../support/disks.ts";
import { HostileMember } from "../support/hostile-member.ts";
import { hex } from "../support/lies.ts";
import { Scene } from "../support/scene.ts";

test("B7 two people who are shown different entries find the fork by comparing what they hold, by a text of one QR code", async () => {
  const scene = await Scene.begin("B7 compared");
  const { alice, bob, carol, world } = scene;
  const compare = async (from: SimDevice, to: SimDevice) =>
    scene.run(to.tenant.compareHeads(await scene.run(from.tenant.headsText())));
  await scene.run(alice.database.createDocument({ title: "for all" }));
  await world.settle();
  expect(await compare(alice, carol)).toMatchObject({ verdict: "same", user: "CN=alice/O=acme", compared: 2, left: 0 });

  const chain = await (await HostileMember.of(bob)).chain(scene.database);
  const [left, right] = [chain, chain.fork()];
  const title = (which: typeof chain, value: string) => {
    const ops = [{ key: { text: "title" }, value }];
    return which.change({ counter: 0 }, handMade({ actor: hex(which.actor({ counter: 0 })), ops }).bytes, {
      kind: "create",
    });
  };
  for (const device of scene.everybody) await scene.run(device.disconnect());
  const before = world.relay.disk.copy();
  await scene.relayEntries().append([await left.write([title(left, "left")])]);
  await scene.run(alice.connectRelay(world.relay));
  await world.settle();
  await scene.run(alice.disconnect());
  setRelayBack(scene, before);
  await scene.relayEntries().append([await right.write([title(right, "right")])]);
  await scene.run(carol.connectRelay(world.relay));
  await world.settle();

  for (const [one, other] of [
    [alice, carol],
    [carol, alice],
  ] as const) {
    const { verdict, differences } = await compare(one, other);
    expect(verdict).toBe("fork");
    expect(differences).toMatchObject([{ type: "fork", name: "things", writer: hex(chain.writer), seq: 0 }]);
    expect(scene.alarms(other)).toContain("FORK");
  }
});
