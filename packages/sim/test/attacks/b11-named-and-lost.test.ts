// A device writes into the directory and then, naming that, into a database; then its disk is lost, and an older one is put in its place.
import { expect, test } from "vitest";
import type { SimDevice } from "../../src/sim-device.ts";
import { keep } from "../support/disks.ts";
import { Scene } from "../support/scene.ts";
import { titles, write } from "../support/titles.ts";

/** Longer than anybody waits before an alarm about what did not come. */
const PATIENCE_MS = 400_000;

/** Many at once are sealed without the journal, so that they name what was just said in the directory: that there is this database. */
async function writeMany(scene: Scene, device: SimDevice): Promise<void> {
  await scene.run(device.database.createDocuments([{ title: "named and lost" }, { title: "this, too" }]));
}

/** Nobody waits for what is gone, and all can write. */
async function expectFree(scene: Scene): Promise<void> {
  const { world, everybody } = scene;
  await world.heal();
  await world.clock.advance(PATIENCE_MS);
  for (const device of everybody) {
    expect(scene.alarms(device)).not.toContain("DIRECTORY_STALE");
    await write(scene, device, [`by ${device.name}`]);
  }
  await world.settle();
  for (const device of everybody)
    expect(await titles(device)).toEqual(expect.arrayContaining(everybody.map(({ name }) => `by ${name}`)));
}

test("B11 A4 entries that are pulled from a store bring what they name of the directory: nobody waits for it when that disk is lost", async () => {
  const scene = await Scene.begin("B11 pulled");
  const { alice, bob } = scene;
  const putBack = keep(alice);
  await scene.run(alice.disconnect());
  await writeMany(scene, alice);
  await scene.run(bob.database.pullChangesFrom(alice.database.getStore()));
  putBack();
  await scene.run(alice.start());
  await expectFree(scene);
  for (const device of scene.everybody) expect(await titles(device)).toContain("named and lost");
});

test("B11 A4 a relay is given what entries name of the directory before the entries: nobody waits for it when that disk is lost at once", async () => {
  const scene = await Scene.begin("B11 relay");
  const { alice, carol, world } = scene;
  await world.settle();
  const putBack = keep(carol);
  await scene.run(carol.disconnect());
  await writeMany(scene, carol);
  // So the two sides have more to compare of the directory than of the database, and are through with that first.
  await scene.run(alice.tenant.directory.createKey("board"));
  await scene.run(carol.connectRelay(world.relay));
  while ((await scene.relayEntries().vector()).size === 0) await world.clock.advance(1);
  putBack();
  await scene.run(carol.start());
  await expectFree(scene);
  for (const device of scene.everybody) expect(await titles(device)).toContain("named and lost");
});
