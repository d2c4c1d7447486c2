import { expect, test } from "vitest";
import { Scene } from "../support/scene.ts";

test("F2 everything a client sent in a session, sent again in another, logs nobody in and stores nothing", async () => {
  const scene = await Scene.begin("F2");
  const { alice, world } = scene;
  await scene.run(alice.disconnect());
  const recorded: Uint8Array[] = [];
  world.network.tap = (lane, frame) => void (lane === "alice>relay" && recorded.push(frame));
  await scene.run(alice.connectRelay(world.relay));
  await scene.run(alice.database.createDocument({ title: "recorded" }));
  await world.settle();
  world.network.tap = null;
  await scene.run(alice.disconnect());
  expect(recorded.length).toBeGreaterThan(3);

  const before = { log: admitted(scene), entries: await scene.relayEntries().position() };
  const line = await scene.run(world.network.connect("thief", "relay", world.relay.accept));
  const answers: Uint8Array[] = [];
  const listening = (async () => {
    for await (const frame of line.receive()) answers.push(frame);
  })();
  for (const frame of recorded) {
    await scene.run(Promise.race([line.send(frame).catch(() => undefined), world.clock.pause(50)]));
  }
  await scene.run(listening.catch(() => undefined));
  expect({ log: admitted(scene), entries: await scene.relayEntries().position() }).toEqual(before);
});

const admitted = (scene: Scene): number =>
  scene.world.relay.log.filter((line) => line.includes("session.admitted")).length;
