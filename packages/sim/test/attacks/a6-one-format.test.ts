// One format a version, without a fallback; and the least version that a tenant writes, which its root raises.
import { expect, test } from "vitest";
import {
  grantOfMallory,
  MALLORY,
  namesKnownTo,
  sayInDirectory,
  sayUnsigned,
  statementPart,
} from "../support/directory-lies.ts";
import { expectWorkGoesOn } from "../support/hostile-change.ts";
import { HostileMember } from "../support/hostile-member.ts";
import { codeOf, Scene } from "../support/scene.ts";

/** Says in the directory that from now on only this version is written. */
const sayMinVersion = (scene: Scene, by: HostileMember, version: number): Promise<void> =>
  sayInDirectory(scene, by, statementPart(by, { type: "minVersion", version }));

test("A6 K-1 an admin's statement under a signature that is not its writer's lets nobody in, whoever brings it", async () => {
  const scene = await Scene.begin("A6 signature");
  const admin = await HostileMember.of(scene.alice);
  const grant = await grantOfMallory(admin);
  for (const signature of [new Uint8Array(64), admin.crypto.randomBytes(64)])
    await sayUnsigned(scene, admin, signature, grant);
  for (const device of scene.everybody) expect(await namesKnownTo(device)).not.toContain(MALLORY);
  await sayInDirectory(scene, admin, grant); // the signature is all that was wrong
  for (const device of scene.everybody) expect(await namesKnownTo(device)).toContain(MALLORY);
});

test("A6 what the root asks for and this software is too old for: it says so, works on, sends nothing, and loses nothing", async () => {
  const scene = await Scene.begin("A6 update");
  const { alice, bob, carol, world } = scene;
  await scene.run(bob.database.createDocument({ title: "before" }));
  await world.settle();
  const root = await HostileMember.root(alice);
  await sayMinVersion(scene, root, 1);
  expect(scene.alarms(bob)).toEqual([]);
  await sayMinVersion(scene, root, 2).catch(() => undefined); // settling says that nothing can be sent
  await world.clock.advance(10_000);
  for (const device of scene.everybody) expect(scene.alarms(device)).toEqual(["UPDATE_NEEDED"]);

  const writers = await scene.writers();
  const { id } = await scene.run(carol.database.createDocument({ title: "waits" }));
  const [line] = carol.life?.connections ?? [];
  expect(await scene.run(codeOf(line?.synced() ?? Promise.resolve()))).toBe("UPDATE_NEEDED");
  expect(await scene.writers()).toEqual(writers);
  await scene.run(carol.close());
  await scene.run(carol.start());
  expect((await carol.database.getDocument(id)).getData()).toEqual({ title: "waits" });
  expect((await scene.show(carol)).join()).toContain("before");

  // It only grows: what is said later and is lower changes nothing.
  await scene.run(carol.connectRelay(world.relay));
  await sayMinVersion(scene, root, 1).catch(() => undefined);
  await world.clock.advance(10_000);
  const [again] = carol.life?.connections ?? [];
  expect(await scene.run(codeOf(again?.synced() ?? Promise.resolve()))).toBe("UPDATE_NEEDED");
});

test("A6 nobody but the root raises the version: not an admin, and not who makes up a root", async () => {
  const scene = await Scene.begin("A6 who");
  const admin = await HostileMember.of(scene.alice);
  const liar = await (await HostileMember.of(scene.bob)).stranger();
  const { directoryKey } = admin;
  await sayMinVersion(scene, admin, 9);
  await sayMinVersion(scene, Object.assign(liar, { directoryKey }), 9);
  // Alice's device hears only that another wrote with its keys.
  for (const device of scene.everybody)
    expect(scene.alarms(device)).toEqual(device === scene.alice ? ["STORE_SET_BACK"] : []);
  await expectWorkGoesOn(scene);
});
