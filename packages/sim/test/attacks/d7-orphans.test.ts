import { expect, test } from "vitest";
import { chainOfBob, changeBy, expectWorkGoesOn } from "../support/hostile-change.ts";
import { hex, replicaOf, runsOf } from "../support/lies.ts";
import { Scene } from "../support/scene.ts";

const ENTRIES = 20;
const PARTS = 100;

test("D7 two thousand changes with dependencies that never existed are shown by nobody and hold up nobody", async () => {
  const scene = await Scene.begin("D7");
  const chain = await chainOfBob(scene);
  const entries = Array.from({ length: ENTRIES }, (_, entry) =>
    Array.from({ length: PARTS }, (_, at) => {
      const counter = entry * PARTS + at;
      const deps = [counter.toString(16).padStart(64, "0")];
      return chain.change({ counter }, changeBy(chain, counter, { deps, ops: [{ value: counter }] }));
    }),
  );
  await scene.plant([await chain.write(...entries)]);
  expect(await scene.shared()).toEqual([]);
  await expectWorkGoesOn(scene);
});

test("D7 a change whose dependency comes later counts from then on", async () => {
  const scene = await Scene.begin("D7 late");
  const { alice, bob, carol } = scene;
  await scene.run(carol.disconnect());
  const doc = await scene.run(alice.database.createDocument({ title: "first" }));
  await scene.world.settle();
  const [first] = await scene.writers();
  await scene.run(
    bob.database.changeDoc(await bob.database.getDocument(doc.id), (draft) => {
      draft.getData()["title"] = "second";
    }),
  );
  await scene.world.settle();
  const later = (await runsOf(scene.relayEntries())).filter(({ writer }) => hex(writer) !== first);
  expect(later).toHaveLength(1);
  await scene.run(carol.database.pullChangesFrom(replicaOf(scene, later)));
  expect(await carol.database.findDocument(doc.id)).toBeUndefined();
  await scene.reconnect();
  expect(JSON.stringify(await scene.shared())).toContain("second");
});
