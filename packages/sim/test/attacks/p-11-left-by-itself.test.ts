import { expect, test } from "vitest";
import { decodeStatement } from "../../../core/src/directory/statement-codec.ts";
import { KeyRing } from "../../../core/src/keys/key-ring.ts";
import { openKeyVersion } from "../../../core/src/keys/key-version.ts";
import { readAll } from "../../../core/src/replica/read-all.ts";
import { openEntries } from "../../../core/src/sealing/open-entry.ts";
import type { SimDevice } from "../../src/sim-device.ts";
import { HostileMember } from "../support/hostile-member.ts";
import { Scene } from "../support/scene.ts";

/** The types of the statements that a device reads with every key it has, out of all that the relay holds of the directory. */
async function readsOf(scene: Scene, device: SimDevice, { crypto, record }: HostileMember): Promise<readonly string[]> {
  const ring = new KeyRing(crypto, record.directory);
  for (const version of device.life?.host.bag.keyBag.keyVersions(record.tenant) ?? [])
    ring.add(await openKeyVersion(crypto, version));
  const types: string[] = [];
  for await (const { entries } of readAll(scene.relayEntries(record.directory), () => undefined))
    for (const parts of await openEntries(crypto, ring, entries, ["control", "statement"]))
      for (const part of parts)
        if (part.type === "opened" && part.kind === "statement") types.push(decodeStatement(part.plaintext).type);
  return types;
}

test("P-11 who left by itself, and turned the keys for the others as it went, reads nothing that is said or written afterwards", async () => {
  const scene = await Scene.begin("P-11 left by itself");
  const { alice, bob, carol, world } = scene;
  const member = await HostileMember.of(bob);
  const [own] = (await bob.tenant.directory.devices()).filter(({ isThis }) => isThis);
  if (own === undefined) return expect.fail("a device");
  await scene.run(alice.disconnect()); // an admin would say something of it at once
  await scene.run(bob.tenant.directory.revokeDevice(own.id));
  await world.clock.advance(30_000);

  await scene.run(carol.tenant.directory.createKey("board"));
  await scene.run(carol.database.createDocument({ title: "without him" }));
  await world.clock.advance(30_000);
  const [his, hers] = [await readsOf(scene, bob, member), await readsOf(scene, carol, member)];
  expect(hers).toContain("createKey");
  expect(his).toContain("revoke");
  expect(his).not.toContain("createKey");
  await scene.run(alice.connectRelay(world.relay));
  await world.clock.advance(30_000);
  expect(await scene.show(alice)).toEqual(await scene.show(carol));
});
