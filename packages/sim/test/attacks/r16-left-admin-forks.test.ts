// An admin revokes somebody and leaves by itself; who has its keys says something else in the place of that. An attack that succeeds, for a while.
import { entryType, type VerifiedEntry, type VerifiedRun } from "@selkie/entry";
import { expect, test } from "vitest";
import type { Statement } from "../../../core/src/directory/statement.ts";
import type { SimDevice } from "../../src/sim-device.ts";
import { statementPart } from "../support/directory-lies.ts";
import { HostileMember } from "../support/hostile-member.ts";
import { lastChange } from "../support/last-change.ts";
import { Scene } from "../support/scene.ts";

const [BOB, CAROL] = ["CN=bob/O=acme", "CN=carol/O=acme"];

const isOut = async (device: SimDevice, user: string): Promise<boolean> =>
  (await device.tenant.directory.users()).some(({ name, revoked }) => name === user && revoked);

const cutAfter = ({ header, id, signature }: VerifiedEntry) =>
  signature === null ? expect.fail("a signed entry") : { writer: header.writer, seq: header.seq, id, signature };

/**
 * Bob, an admin, revoked Carol and then himself; Dave heard him, and Alice did if she was there. A relay that has his keys shows another
 * statement in the place of the revocation, and Dave meets it there.
 */
async function forked(seed: string, hears: "Alice too" | "Dave alone") {
  const scene = await Scene.begin(seed);
  const { alice, bob, carol, world } = scene;
  const dave = world.device("dave");
  await dave.setUp();
  const answer = await scene.run(
    alice.tenant.directory.approveJoinRequest(await scene.run(dave.ask()), { role: "editor" }),
  );
  await scene.run(dave.join(answer.toString()));
  await scene.run(dave.connectRelay(world.relay));
  await scene.run(dave.openDatabase());
  await scene.run(alice.tenant.directory.changeUser(BOB, { role: "admin" }));
  await world.clock.advance(60_000);

  const himself = await lastChange(scene, bob);
  const his = (await HostileMember.of(bob)).under(himself);
  const her = (await HostileMember.of(carol)).record.admittedBy ?? expect.fail("she is in");
  const chain = await his.chain(scene.directory, entryType.statement);
  const say = (of: typeof chain, statement: Statement): Promise<VerifiedRun> =>
    of.write([statementPart(his, statement)]);
  const first = await say(chain, { type: "database", name: "first" });
  const rival = await say(chain.fork(), { type: "database", name: "rival" });
  const revoke = { type: "revoke", identityKeys: [], wipe: null } as const;
  const ofCarol = await say(chain, { ...revoke, targets: [her], cuts: [] });
  const cuts = ofCarol.entries.slice(-1).map(cutAfter);
  const ofHimself = await say(chain, { ...revoke, targets: [himself], cuts: [{ database: scene.directory, cuts }] });

  for (const device of [alice, bob, carol, dave]) await scene.run(device.disconnect());
  const heard = hears === "Alice too" ? [alice, dave] : [dave];
  for (const device of heard) {
    await device.life?.store.entries(scene.tenant, scene.directory).append([first, ofCarol, ofHimself]);
    await scene.run(device.close());
    await scene.run(device.start());
    expect([await isOut(device, CAROL), await isOut(device, BOB)]).toEqual([true, true]);
  }
  await scene.relayEntries(scene.directory).append([first, rival]);
  await scene.run(dave.connectRelay(world.relay));
  await world.clock.advance(60_000);
  return { scene, dave };
}

test("R16 who has the keys of an admin that left by itself forks what it said: it is in again, and whom it revoked, who writes, until an admin revokes both; who meets both branches is alarmed", async () => {
  const { scene, dave } = await forked("R16 in again", "Dave alone");
  const { alice, carol, world } = scene;
  expect([await isOut(dave, CAROL), await isOut(dave, BOB)]).toEqual([false, false]);
  expect(scene.alarms(dave)).toContain("EQUIVOCATION");
  await scene.run(carol.connectRelay(world.relay));
  await scene.run(carol.database.createDocument({ title: "Carol, in again" }));
  await world.clock.advance(60_000);
  expect((await scene.show(dave)).join()).toContain("Carol, in again");

  await scene.run(alice.connectRelay(world.relay));
  await world.clock.advance(60_000);
  expect(await isOut(alice, CAROL)).toBe(false); // she never heard of it
  for (const user of [CAROL, BOB]) await scene.run(alice.tenant.directory.revokeUser(user));
  await world.clock.advance(60_000);
  expect([await isOut(dave, CAROL), await isOut(dave, BOB)]).toEqual([true, true]);
});

test("R16 where who may revoke that admin had heard it, its device names the branch by itself: they are out again once others hear that", async () => {
  const { scene, dave } = await forked("R16 the branch is named", "Alice too");
  const { alice, world } = scene;
  expect(await isOut(dave, CAROL)).toBe(false);
  await scene.run(alice.connectRelay(world.relay));
  await world.clock.advance(60_000);
  await scene.reconnect([alice, dave]);
  for (const device of [alice, dave])
    expect([await isOut(device, CAROL), await isOut(device, BOB)], device.name).toEqual([true, true]);
});
