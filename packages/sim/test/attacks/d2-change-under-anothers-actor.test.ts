import { fromHex, parseWriterKey } from "@selkie/entry";
import { expect, test } from "vitest";
import { actorOf } from "../../../core/src/automerge/actor.ts";
import { handMade } from "../../../core/test/automerge/hand-made-change.ts";
import { HostileMember } from "../support/hostile-member.ts";
import { hex } from "../support/lies.ts";
import { Scene } from "../support/scene.ts";

test("D2 a member's change under another's actor counts nowhere, and does not lock the other out", async () => {
  const scene = await Scene.begin("D2");
  const doc = await scene.run(scene.alice.database.createDocument({ title: 1 }));
  await scene.world.settle();
  const [writer = ""] = await scene.writers();
  const bob = await HostileMember.of(scene.bob);
  const chain = await bob.chain(scene.database);
  const document = { id: fromHex(doc.id) };
  const actor = hex(actorOf(bob.crypto, parseWriterKey(fromHex(writer)), document.id, null));
  const forged = handMade({
    actor,
    seq: 2,
    startOp: 2,
    deps: doc.getHeads(),
    ops: [{ key: { text: "title" }, value: "his" }],
  });
  await scene.plant([await chain.write([chain.change(document, forged.bytes)])]);
  for (const device of scene.everybody) expect(scene.reasons(device)).toEqual(["CHANGE_ACTOR_FORGED"]);
  await scene.run(
    scene.alice.database.changeDoc(doc, (draft) => {
      draft.getData()["title"] = "still mine";
    }),
  );
  await scene.world.settle();
  expect(JSON.stringify(await scene.shared())).toContain("still mine");
});
