// A member names databases without end before its rights end: what it wrote in the real ones is cut where it ends, all the same.
import type { Database, DocId } from "@selkie/core";
import { expect, test } from "vitest";
import type { Data, SimDevice } from "../../src/sim-device.ts";
import { Scene } from "../support/scene.ts";

const BOB = "CN=bob/O=acme";
const namesOf = (count: number) => Array.from({ length: count }, (_, at) => `name ${String(at).padStart(3, "0")}`);

/** Alice has one database open. Bob has written in many others, and in one that Carol knows, which sorts last. */
async function crowd(seed: string, names: readonly string[], databases: number) {
  const scene = await Scene.begin(seed);
  const { alice, bob, carol, world } = scene;
  const real = await open(scene, carol, "zz real");
  await scene.run(real.createDocument({ title: "by Carol" }));
  for (const name of names) {
    const database = await open(scene, bob, name);
    await scene.run(database.createDocument({ title: `in ${name}` }));
    if (databases < names.length) await closed(scene, bob, database);
  }
  const ofBob = await open(scene, bob, "zz real");
  const { id } = await scene.run(ofBob.createDocument({ title: "by Bob, in time" }));
  await world.settle();
  await closed(scene, bob, ofBob);
  await closed(scene, carol, real);
  world.relay.crash();
  world.relay.limits = { databasesPerSession: databases };
  world.relay.start();
  await scene.reconnect();
  return { scene, alice, bob, carol, world, id };
}

function open(scene: Scene, device: SimDevice, name: string): Promise<Database<Data>> {
  return scene.run(device.tenant.openDB<Data>(name));
}

/** Closed, and what was written in it sent. */
async function closed(scene: Scene, device: SimDevice, database: Database<Data>): Promise<void> {
  await scene.run(Promise.resolve(database[Symbol.asyncDispose]()));
  for (const line of device.life?.connections ?? []) await scene.run(line.synced());
}

const titleOf = async (database: Database<Data>, id: DocId) => (await database.findDocument(id))?.getData()["title"];

test("D12 a revocation brings in every database that was named, a few at a time, and cuts where the chains end", async () => {
  // More than are open for it at a time, and more than the relay takes.
  const names = namesOf(70);
  const { scene, alice, bob, carol, world, id } = await crowd("D12 names", names, 67);
  const held = alice.life?.store;
  expect(await scene.run(alice.tenant.directory.revokeUser(BOB))).toEqual({ synced: true });
  await scene.run(bob.disconnect());
  await world.settle();
  expect((await held?.databases(scene.tenant))?.length).toBeGreaterThan(names.length);
  expect(await titleOf(await open(scene, carol, "zz real"), id)).toBe("by Bob, in time");
  expect(await titleOf(await open(scene, alice, "zz real"), id)).toBe("by Bob, in time");
  await world.settle();
  expect(scene.reasons(carol)).toEqual([]);

  // What was open for it is not any more: there is room for as many again.
  const again = await Promise.all(names.slice(0, 60).map((name) => open(scene, alice, name)));
  await scene.run(Promise.all([...(alice.life?.connections ?? [])].map((line) => line.synced())));
  for (const [at, database] of again.entries()) {
    const [only] = await database.getAllDocumentIds();
    expect(only === undefined ? undefined : await titleOf(database, only)).toBe(`in ${names[at]}`);
  }
});

test("D12 a database that the app opens while a revocation looks through it stays open, and in sync", async () => {
  const names = namesOf(24);
  const { scene, alice, bob, carol, world } = await crowd("D12 opened meanwhile", names, 200);
  const revoking = alice.tenant.directory.revokeUser("CN=carol/O=acme");
  const opened = await Promise.all(
    ["name 000", "name 010", "name 023", "zz real"].map((name) => open(scene, alice, name)),
  );
  expect(await scene.run(revoking)).toEqual({ synced: true });
  await scene.run(carol.disconnect());
  await world.settle();
  for (const [at, database] of opened.entries()) {
    const same = await open(scene, bob, database.name);
    await scene.run(same.createDocument({ title: `later ${at}` }));
    await world.settle();
    const ids = await database.getAllDocumentIds();
    expect(await Promise.all(ids.map((each) => titleOf(database, each)))).toContain(`later ${at}`);
  }
});
