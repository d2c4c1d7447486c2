import { expect, test } from "vitest";
import { SimRelay } from "../src/sim-relay.ts";
import { Scene } from "./support/scene.ts";
import { titles } from "./support/titles.ts";

test("whoever got the directory from a relay registers the tenant at the next one", async () => {
  const scene = await Scene.begin("registering elsewhere");
  const { bob, carol, world } = scene;
  const { clock, network, random, watch } = world;
  await scene.run(bob.database.createDocument({ title: "before the move" }));
  const relay = new SimRelay({ name: "next", clock, network, random, watch });
  relay.start();
  for (const device of scene.everybody) await scene.run(device.disconnect());
  await scene.run(bob.connectRelay(relay));
  await world.clock.advance(30_000);
  await scene.run(carol.connectRelay(relay));
  await world.clock.advance(30_000);
  expect(await titles(carol)).toEqual(["before the move"]);
});
