import { expect, test } from "vitest";
import { chainOfBob, changeBy, expectWorkGoesOn } from "../support/hostile-change.ts";
import { Scene } from "../support/scene.ts";

test("B5 a chain that a relay cuts into several runs of one batch is shown whole", async () => {
  const scene = await Scene.begin("B5 runs");
  const chain = await chainOfBob(scene);
  const part = (counter: number) =>
    chain.change({ counter }, changeBy(chain, counter, { ops: [{ value: counter }] }), { kind: "create" });
  const runs = [await chain.write([part(1)]), await chain.write([part(2)]), await chain.write([part(3)])];
  await scene.run(scene.carol.database.getStore().append(runs));
  await scene.world.settle();
  expect(await scene.show(scene.carol)).toHaveLength(3);
  await scene.reconnect();
  expect(await scene.shared()).toHaveLength(3);
  await expectWorkGoesOn(scene);
});
