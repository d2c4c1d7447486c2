import { expect, test } from "vitest";
import { handMade } from "../../../core/test/automerge/hand-made-change.ts";
import { HostileMember } from "../support/hostile-member.ts";
import { hex, replicaOf } from "../support/lies.ts";
import { Scene } from "../support/scene.ts";

test("D1 two changes at one place of an actor: everybody counts the first of the chain, and refuses the second", async () => {
  const scene = await Scene.begin("D1 changes");
  const chain = await (await HostileMember.of(scene.bob)).chain(scene.database);
  const document = { counter: 0 };
  const actor = hex(chain.actor(document));
  const [one, other] = ["one", "other"].map((value) => handMade({ actor, ops: [{ key: { text: "k" }, value }] }));
  if (one === undefined || other === undefined) throw new RangeError("two changes");
  await scene.plant([
    await chain.write([chain.change(document, one.bytes, { kind: "create" })], [chain.change(document, other.bytes)]),
  ]);
  const shown = await scene.shared();
  expect(shown).toHaveLength(1);
  expect(shown[0]).toContain('{"k":"one"}');
  for (const device of scene.everybody) expect(scene.reasons(device)).toEqual(["CHANGE_EQUIVOCATION"]);
});

test("D1 two entries at one place of a chain: whoever meets both raises EQUIVOCATION, and everybody else's work goes on", async () => {
  const scene = await Scene.begin("D1 entries");
  const chain = await (await HostileMember.of(scene.bob)).chain(scene.database);
  const branch = chain.fork();
  const make = async (of: typeof chain, value: string) => {
    const document = { counter: 0 };
    const { bytes } = handMade({ actor: hex(of.actor(document)), ops: [{ key: { text: "k" }, value }] });
    return of.write([of.change(document, bytes, { kind: "create" })]);
  };
  const [left, right] = [await make(chain, "left"), await make(branch, "right")];
  await scene.run(scene.alice.database.pullChangesFrom(replicaOf(scene, [left])));
  await scene.run(scene.carol.database.pullChangesFrom(replicaOf(scene, [right])));
  const doc = await scene.run(scene.alice.database.createDocument({ title: "honest" }));
  await scene.reconnect();
  expect(scene.alarms(scene.carol)).toContain("EQUIVOCATION"); // the relay had the other branch already
  await scene.run(scene.alice.meet(scene.carol));
  await scene.world.settle();
  expect(scene.alarms(scene.alice)).toContain("EQUIVOCATION");
  for (const device of scene.everybody)
    expect((await device.database.getDocument(doc.id)).getData()).toEqual({ title: "honest" });
});
