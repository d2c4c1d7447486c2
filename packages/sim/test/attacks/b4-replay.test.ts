import { expect, test } from "vitest";
import { runsOf } from "../support/lies.ts";
import { Scene } from "../support/scene.ts";

test("B4 everything delivered a hundred times more changes neither state, heads, position nor storage, and tells nobody", async () => {
  const scene = await Scene.begin("B4");
  const doc = await scene.run(scene.alice.database.createDocument({ title: "once" }));
  await scene.run(
    scene.alice.database.changeDoc(doc, (draft) => {
      draft.getData()["title"] = "twice";
    }),
  );
  await scene.world.settle();
  const store = scene.bob.database.getStore();
  const runs = await runsOf(store);
  const before = [await scene.shared(), await store.vector(), await store.position(), await runsOf(store)];
  const told: unknown[] = [];
  scene.bob.database.on("change", (event) => told.push(event));
  for (let time = 0; time < 100; time += 1)
    expect((await scene.run(store.append(runs))).map(({ type }) => type)).toEqual(runs.map(() => "known"));
  expect([await scene.shared(), await store.vector(), await store.position(), await runsOf(store)]).toEqual(before);
  expect(told).toEqual([]);
  await scene.reconnect();
  expect(await scene.shared()).toEqual(before[0]);
});
