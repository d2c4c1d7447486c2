import { expect, test } from "vitest";
import { keep } from "../support/disks.ts";
import { Scene } from "../support/scene.ts";
import { titles, write } from "../support/titles.ts";

test("G2 a store that was set back with its KeyBag says so on the first contact with a relay, and has everything again that it had sent", async () => {
  const scene = await Scene.begin("G2 relay");
  const { alice, carol } = scene;
  await write(scene, alice, ["before"]);
  await scene.world.settle();
  const putBack = keep(alice);
  await write(scene, alice, ["sent", "sent again"]);
  await scene.world.settle();
  expect(scene.alarms(alice)).toEqual([]);
  putBack();
  await scene.run(alice.start());
  expect(await titles(alice)).toEqual(["before"]);
  expect(scene.alarms(alice)).toEqual([]); // nothing on the device knows
  await scene.reconnect();
  await scene.world.settle();
  expect(await titles(alice)).toEqual(["before", "sent", "sent again"]);
  expect(scene.alarms(alice)).toEqual(["STORE_SET_BACK"]);
  expect(scene.alarms(carol)).toEqual([]);
});

test("G2 what it had said in the directory shows it too", async () => {
  const scene = await Scene.begin("G2 directory");
  const { alice } = scene;
  await scene.world.settle();
  const putBack = keep(alice);
  await scene.run(alice.tenant.directory.createKey("board"));
  await scene.world.settle();
  putBack();
  await scene.run(alice.start());
  await scene.reconnect();
  await scene.world.settle();
  expect(scene.alarms(alice)).toEqual(["STORE_SET_BACK"]);
});

test("G2 a device that starts again, after a crash too, hears no such alarm", async () => {
  const scene = await Scene.begin("G2 honest");
  const { alice } = scene;
  await write(scene, alice, ["before"]);
  await scene.world.settle();
  alice.crash();
  await scene.run(alice.start());
  await scene.reconnect();
  await write(scene, alice, ["after a crash"]);
  await scene.world.settle();
  expect(await titles(alice)).toEqual(["after a crash", "before"]);
  for (const device of scene.everybody) expect(scene.alarms(device)).toEqual([]);
});

test("R13 a store that is set back and had sent nothing since notices nothing: what it had not sent is gone, what others wrote comes again", async () => {
  const scene = await Scene.begin("R13");
  const { alice, carol } = scene;
  await write(scene, alice, ["before"]);
  await scene.world.settle();
  const putBack = keep(alice);
  await write(scene, carol, ["by Carol"]);
  await scene.world.settle();
  await scene.run(alice.disconnect());
  await write(scene, alice, ["never sent"]);
  putBack();
  await scene.run(alice.start());
  await scene.reconnect();
  await scene.world.settle();
  expect(await titles(alice)).toEqual(["before", "by Carol"]);
  expect(scene.alarms(alice)).toEqual([]);
});
