// Who is kept from something hears of it though nobody writes any more who has it: admins' devices say once a day what they have seen.
import { fromHex, parseWriterKey } from "@selkie/entry";
import { expect, test } from "vitest";
import type { SimDevice } from "../../src/sim-device.ts";
import { setRelayBack } from "../support/disks.ts";
import { Scene } from "../support/scene.ts";

const DAY_MS = 86_400_000;

/** The chains of a database that a device holds, and how many entries of each. */
async function chains(device: SimDevice): Promise<readonly (readonly [string, number])[]> {
  const vector = await device.database.getStore().vector();
  return [...vector].map(([writer, { seq }]) => [writer, seq + 1] as const);
}

async function aDayLater(scene: Scene, days = 1): Promise<void> {
  await scene.world.clock.advance(days * DAY_MS + 60_000);
  await scene.world.settle();
}

const entriesOf = async (scene: Scene): Promise<number> =>
  (await chains(scene.alice)).reduce((sum, [, entries]) => sum + entries, 0);

test("B5 an admin that only reads says once a day what it has seen, as long as others write, and once more after it was started again", async () => {
  const scene = await Scene.begin("B5 only reads");
  const { alice, bob, carol } = scene;
  await scene.run(bob.database.createDocument({ title: "one" }));
  await scene.run(carol.database.createDocument({ title: "two" }));
  await scene.world.settle();
  const before = await entriesOf(scene);
  await aDayLater(scene);
  expect(await entriesOf(scene)).toBe(before + 1);
  await aDayLater(scene, 3);
  await scene.run(alice.close());
  await scene.run(alice.start());
  await scene.reconnect([alice]);
  await aDayLater(scene, 2);
  expect(await entriesOf(scene)).toBe(before + 1);

  await scene.run(bob.database.createDocument({ title: "three" }));
  await scene.world.settle();
  // It is never on for a day.
  for (let at = 0; at < 3; at += 1) {
    await scene.world.clock.advance(DAY_MS / 2);
    await scene.run(alice.close());
    await scene.run(alice.start());
    await scene.reconnect([alice]);
  }
  await scene.world.settle();
  expect(await entriesOf(scene)).toBe(before + 3); // Bob's, and hers
});

test("B5 K-10 what is withheld from one device shows when an admin has said that it is there, though who wrote it is gone", async () => {
  const scene = await Scene.begin("B5 said by an admin");
  const { alice, bob, carol, world } = scene;
  await scene.run(bob.database.createDocument({ title: "for all" }));
  await world.settle();
  const before = world.relay.disk.copy();
  await scene.run(carol.disconnect());
  await scene.run(bob.database.createDocument({ title: "not for Carol" }));
  await world.settle();
  const ofBob = new Set((await chains(alice)).map(([writer]) => writer));
  await scene.run(bob.disconnect());
  await aDayLater(scene);
  const said = (await chains(alice)).filter(([writer]) => !ofBob.has(writer));
  expect(said.map(([, entries]) => entries)).toEqual([1]);

  // The relay shows Carol everything but what Bob wrote last.
  await scene.run(alice.disconnect());
  setRelayBack(scene, before);
  for (const [writer] of said) {
    const from = parseWriterKey(fromHex(writer));
    const run = await alice.database.getStore().read(from, 0, { entries: 1, bytes: 2 ** 20 });
    if (run !== null) await scene.relayEntries().append([run]);
  }
  await scene.run(carol.connectRelay(world.relay));
  await world.clock.advance(600_000);
  expect(scene.alarms(carol)).toContain("GAP");
});
