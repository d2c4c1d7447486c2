import type { EntryStore } from "@selkie/store";
import { expect, test } from "vitest";
import { expectWorkGoesOn } from "../support/hostile-change.ts";
import { replicaOf, runsOf } from "../support/lies.ts";
import { codeOf, Scene } from "../support/scene.ts";

async function otherDatabase(scene: Scene): Promise<EntryStore> {
  const other = await scene.run(scene.alice.tenant.openDB("other things"));
  await scene.run(other.createDocument({ title: "of the other database" }));
  await scene.world.settle();
  return other.getStore();
}

test("B2 K-7 entries of one database, replayed in another with the same members, count nowhere and are not stored", async () => {
  const scene = await Scene.begin("B2");
  const other = await otherDatabase(scene);
  const replayed = (await runsOf(other)).map((run) => ({ ...run, database: scene.database }));
  expect(replayed.length).toBeGreaterThan(0);
  const { entries } = await scene.run(scene.bob.database.pullChangesFrom(replicaOf(scene, replayed)));
  expect(entries).toBe(0);
  expect((await scene.bob.database.getStore().vector()).size).toBe(0);
  expect(await scene.shared()).toEqual([]);
  await expectWorkGoesOn(scene);
});

test("B2 K-7 entries that are pulled from another database by mistake are refused by name", async () => {
  const scene = await Scene.begin("B2 door");
  const other = await otherDatabase(scene);
  expect(await codeOf(scene.run(scene.bob.database.pullChangesFrom(other)))).toBe("DATABASE_OTHER");
  expect(await scene.shared()).toEqual([]);
});

test("B2 K-7 entries of another tenant with the same database name do not count", async () => {
  const scene = await Scene.begin("B2 tenant");
  const elsewhere = await Scene.begin("B2 another tenant");
  await elsewhere.run(elsewhere.alice.database.createDocument({ title: "elsewhere" }));
  await elsewhere.world.settle();
  const runs = await runsOf(elsewhere.relayEntries());
  const { entries } = await scene.run(scene.bob.database.pullChangesFrom(replicaOf(scene, runs)));
  expect(entries).toBe(0);
  expect(await scene.shared()).toEqual([]);
});
