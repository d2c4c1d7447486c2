import { expect, test } from "vitest";
import { codeOf, Scene } from "../support/scene.ts";

const admissions = (scene: Scene): number =>
  scene.world.relay.log.filter((line) => line.includes("session.admitted")).length;

test("F1 K-5 a login that a client makes to one relay, forwarded to the relay that knows it, is refused there", async () => {
  const scene = await Scene.begin("F1");
  const { alice, world } = scene;
  await scene.run(alice.disconnect());
  const before = admissions(scene);
  expect(before).toBeGreaterThan(0);
  // The liar listens at an address of its own and passes every frame on, both ways.
  const dial = () => world.network.connect("alice", "relay", world.relay.accept);
  expect(await codeOf(scene.run(alice.connect(dial, { origin: "wss://liar.test" })))).toBe("CONNECTION_REFUSED");
  expect(admissions(scene)).toBe(before);
  await scene.run(alice.connect(dial, { origin: world.relay.origin }));
  expect(admissions(scene)).toBe(before + 1);
});
