// Who is unshared from a key keeps the version it had. It can still seal under it; what counts, the directory says.
import { expect, test } from "vitest";
import { handMade } from "../../../core/test/automerge/hand-made-change.ts";
import { changeBy, expectWorkGoesOn } from "../support/hostile-change.ts";
import { HostileMember } from "../support/hostile-member.ts";
import { lastChange } from "../support/last-change.ts";
import { hex } from "../support/lies.ts";
import { Scene } from "../support/scene.ts";

test("D11 P-11 who was unshared from a key writes nothing under the version that it kept, and goes on under the others", async () => {
  const scene = await Scene.begin("D11 lost key");
  const { alice, bob, carol, world } = scene;
  const nameOf = async (device: typeof bob): Promise<string> => {
    const own = (await device.tenant.directory.devices()).find(({ isThis }) => isThis);
    return own?.user ?? expect.fail("a device");
  };
  const [his, hers] = [await nameOf(bob), await nameOf(carol)];
  await scene.run(alice.tenant.directory.createKey("board", { share: [his, hers] }));
  await world.settle();
  const board = await HostileMember.keyOf(bob, "board");
  const before = await (await HostileMember.of(bob)).chain(scene.database);
  const create = (chain: typeof before, counter: number, value: string, key = board) =>
    chain.change({ counter }, changeBy(chain, counter, { ops: [{ value }] }, key), { kind: "create", key });
  await scene.plant([await before.write([create(before, 1, "in time")])]);
  const shown = async (device: typeof bob) =>
    (await scene.show(device)).flatMap((text) => /in time|too late|for all/.exec(text)?.[0] ?? []).sort();
  for (const device of scene.everybody) expect(await shown(device)).toEqual(["in time"]);

  await scene.run(carol.disconnect()); // she hears of the change after his entry
  await scene.run(alice.tenant.directory.changeUser(his, { unshare: ["board"] }));
  await world.settle();
  const member = (await HostileMember.of(bob)).under(await lastChange(scene, bob));
  const after = await member.chain(scene.database);
  // Into the document that it created, under a key that it has still.
  const theirs = { id: before.documentId(1, board) };
  const into = after.change(theirs, handMade({ actor: hex(after.actor(theirs)), ops: [{ value: "into it" }] }).bytes);
  const run = await after.write([create(after, 1, "too late")], [create(after, 2, "for all", member.defaultKey), into]);
  await carol.database.getStore().append([run]);
  await scene.plant([run]);
  for (const device of scene.everybody) {
    expect(await shown(device)).toEqual(["for all", "in time"]);
    expect(scene.reasons(device)).toEqual(["CHANGE_ACTOR_FORGED", "WRITE_NOT_ENTITLED"]);
  }
  await expectWorkGoesOn(scene);
  for (const device of scene.everybody) expect(await shown(device)).toEqual(["for all", "in time"]);
});
