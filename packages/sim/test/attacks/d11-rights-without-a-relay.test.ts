// The relay stores whatever the attacker hands it. What counts, clients judge.
import { expect, test } from "vitest";
import { grantOfMallory, MALLORY, namesKnownTo, sayInDirectory, statementPart } from "../support/directory-lies.ts";
import { changeBy, expectWorkGoesOn } from "../support/hostile-change.ts";
import { HostileMember } from "../support/hostile-member.ts";
import { Scene } from "../support/scene.ts";

for (const role of ["reader", "editor"] as const)
  test(`D11 what a member writes ${role === "reader" ? "who only reads counts nowhere" : "who edits counts: the role is all the difference"}, though the relay takes it`, async () => {
    const scene = await Scene.begin("D11 reader");
    const { alice, world } = scene;
    const dave = world.device("dave");
    await dave.setUp();
    const request = await scene.run(dave.ask());
    const approval = await scene.run(alice.tenant.directory.approveJoinRequest(request, { role }));
    await scene.run(dave.join(approval.toString()));
    await scene.run(dave.connectRelay(world.relay));
    await world.settle();
    const chain = await (await HostileMember.of(dave)).chain(scene.database);
    const change = changeBy(chain, 1, { ops: [{ value: "by Dave" }] });
    await scene.plant([await chain.write([chain.change({ counter: 1 }, change, { kind: "create" })])]);
    for (const device of scene.everybody)
      expect((await scene.show(device)).join().includes("by Dave")).toBe(role === "editor");
  });

test("D11 what an editor says in the directory beyond its rights counts nowhere, though the relay takes it", async () => {
  const scene = await Scene.begin("D11 editor");
  const { alice, bob, carol } = scene;
  const member = await HostileMember.of(bob);
  const admin = await HostileMember.of(alice);
  const target = admin.record.admittedBy;
  if (target === null) throw new RangeError("admitted");
  const seen = new Set<string>();
  carol.tenant.on("rejected", ({ code }) => seen.add(code));
  await sayInDirectory(scene, member, await grantOfMallory(member));
  await sayInDirectory(
    scene,
    member,
    statementPart(member, { type: "revoke", targets: [target], identityKeys: [], cuts: [], wipe: 0 }),
    statementPart(member, { type: "settings", over: [], values: new Map([["directoryStaleAfter", 1]]) }),
    statementPart(member, { type: "minVersion", version: 9 }),
    statementPart(member, { type: "purge", database: scene.database, documents: [], parts: [] }),
  );
  for (const device of scene.everybody) {
    expect(await namesKnownTo(device)).not.toContain(MALLORY);
    const users = await device.tenant.directory.users();
    expect(users.filter(({ revoked }) => revoked)).toEqual([]);
    expect(users.find(({ name }) => name === "CN=alice/O=acme")?.role).toBe("admin");
    // Bob's device hears only that another wrote with its keys.
    expect(new Set(scene.alarms(device))).toEqual(new Set(device === scene.bob ? ["STORE_SET_BACK"] : []));
  }
  expect([...seen].sort()).toEqual(["NOT_ADMIN", "NOT_ROOT"]);
  await expectWorkGoesOn(scene);
});
