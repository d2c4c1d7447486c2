// A member signs two entries at one place, and nobody has revoked him: which branch counts is for those to say who could.
import { entryType, type VerifiedRun } from "@selkie/entry";
import { expect, test } from "vitest";
import { encodeStatement } from "../../../core/src/directory/statement-codec.ts";
import { give, idsHeld, idsOf, valuesIn, writeValue } from "../support/branches.ts";
import { type HostileChain, HostileMember } from "../support/hostile-member.ts";
import { Scene } from "../support/scene.ts";

interface Split {
  readonly scene: Scene;
  readonly chain: HostileChain;
  readonly first: VerifiedRun;
  readonly left: readonly VerifiedRun[];
  readonly right: readonly VerifiedRun[];
}

/** Bob's chain goes on in two ways. */
async function split(seed: string): Promise<Split> {
  const scene = await Scene.begin(seed);
  const chain = await (await HostileMember.of(scene.bob)).chain(scene.database);
  const first = await writeValue(chain, 0, "first");
  const branch = chain.fork();
  const left = [await writeValue(chain, 1, "left 1"), await writeValue(chain, 2, "left 2")];
  const right = [
    await writeValue(branch, 11, "right 1"),
    await writeValue(branch, 12, "right 2"),
    await writeValue(branch, 13, "right 3"),
  ];
  return { scene, chain, first, left, right };
}

/** What of the chain everybody holds, and the relay; works only if all hold the same. */
async function held({ scene, chain }: Split): Promise<readonly string[]> {
  const stores = [...scene.everybody.map(({ database }) => database.getStore()), scene.relayEntries()];
  const all = await Promise.all(stores.map((store) => idsHeld(store, chain.writer)));
  for (const ids of all) expect(ids).toEqual(all[0]);
  return all[0] ?? [];
}

test.each(["relay first", "admin first"] as const)(
  "D1 everybody shows the branch that the admin received first, and holds nothing else (%s)",
  async (which) => {
    const cast = await split(`D1 voices ${which}`);
    const { scene, first, left, right } = cast;
    if (which === "relay first") await scene.relayEntries().append([first, ...right]);
    for (const device of scene.everybody) await scene.run(device.disconnect());
    await give(scene, scene.alice, [first, ...left]);
    await give(scene, scene.carol, [first, ...right]);
    await scene.reconnect();
    await scene.world.settle();
    await scene.reconnect();
    expect(valuesIn(await scene.shared())).toEqual(["first", "left 1", "left 2"]);
    expect(await held(cast)).toEqual(idsOf(first, ...left));
    for (const device of scene.everybody) expect(scene.alarms(device)).toContain("EQUIVOCATION");

    // Who is removed then keeps what counted so far.
    await scene.run(scene.bob.disconnect());
    await scene.run(scene.alice.tenant.directory.revokeUser("CN=bob/O=acme"));
    await scene.reconnect([scene.alice, scene.carol]);
    for (const device of [scene.alice, scene.carol])
      expect(valuesIn(await scene.show(device))).toEqual(["first", "left 1", "left 2"]);
  },
);

test("D1 what comes before the fork, and the branch that counts, go on being exchanged: everybody gets what is written there since, also who joins later, and nobody the other", async () => {
  const cast = await split("D1 goes on");
  const { scene, chain, first, left, right } = cast;
  const { alice, carol, world } = scene;
  for (const device of scene.everybody) await scene.run(device.disconnect());
  await give(scene, alice, [first, ...left]);
  await give(scene, carol, [first, ...right]);
  for (let round = 0; round < 2; round += 1) await scene.reconnect();
  const later = await writeValue(chain, 3, "left 3");
  await give(scene, carol, [later]);
  await world.settle();
  const dave = world.device("dave");
  await dave.setUp();
  const request = await scene.run(dave.ask());
  const answer = await scene.run(alice.tenant.directory.approveJoinRequest(request, { role: "editor" }));
  await scene.run(dave.join(answer.toString()));
  await scene.run(dave.connectRelay(world.relay));
  await scene.run(dave.openDatabase());
  await world.clock.advance(60_000);
  expect(await held(cast)).toEqual(idsOf(first, ...left, later));
  expect(await idsHeld(dave.database.getStore(), chain.writer)).toEqual(idsOf(first, ...left, later));
  for (const device of [...scene.everybody, dave])
    expect(valuesIn(await scene.show(device)), device.name).toEqual(["first", "left 1", "left 2", "left 3"]);
});

test("D1 what an admin has not received has no voice: neither branch counts until one does, and whose chain it is makes its own anew", async () => {
  const { scene, first, left, right } = await split("D1 no voice");
  for (const device of scene.everybody) await scene.run(device.disconnect());
  await give(scene, scene.bob, [first, ...left]);
  await give(scene, scene.carol, [first, ...right]);
  await scene.run(scene.bob.meet(scene.carol));
  await scene.world.settle();
  for (const device of [scene.bob, scene.carol]) {
    expect(valuesIn(await scene.show(device))).toEqual(["first", "left 1", "left 2"]);
    const refused = await Array.fromAsync(device.tenant.directory.quarantined());
    expect(refused.filter(({ reason }) => reason === "BEHIND_FORK")).toHaveLength(device === scene.bob ? 2 : 3);
  }
});

test("D1 a chain of the directory goes on for everybody as the admin received it", async () => {
  const scene = await Scene.begin("D1 directory voices");
  const { alice, carol } = scene;
  const hostile = await HostileMember.of(scene.bob);
  const { directory } = hostile.record;
  const chain = await hostile.chain(directory, entryType.statement);
  const say = (of: HostileChain, name: string): Promise<VerifiedRun> =>
    of.write([
      { kind: "statement", key: hostile.directoryKey, plaintext: encodeStatement({ type: "database", name }) },
    ]);
  const first = await say(chain, "first");
  const branch = chain.fork();
  const left = [await say(chain, "left 1"), await say(chain, "left 2")];
  const right = [await say(branch, "right 1"), await say(branch, "right 2"), await say(branch, "right 3")];
  for (const device of scene.everybody) await scene.run(device.disconnect());
  await alice.life?.store.entries(scene.tenant, directory).append([first, ...left]);
  await carol.life?.store.entries(scene.tenant, directory).append([first, ...right]);
  for (const device of [alice, carol]) await scene.run(device.close());
  for (const device of [alice, carol]) await scene.run(device.start());
  await scene.reconnect();
  await scene.world.settle();
  await scene.reconnect();
  for (const device of scene.everybody) {
    const { store } = device.life ?? expect.fail("a running device");
    const held = await idsHeld(store.entries(scene.tenant, directory), chain.writer);
    expect(held, device.name).toEqual(idsOf(first, ...left));
  }
});
