// A member writes into a document under another key than the document's, knowing its id. A part under another key is of another document.
import { fromHex } from "@selkie/entry";
import { expect, test } from "vitest";
import type { DocId } from "../../../core/src/document/doc-id.ts";
import { namedStem } from "../../../core/src/sealing/document-id.ts";
import { handMade } from "../../../core/test/automerge/hand-made-change.ts";
import { type HostileChain, HostileMember } from "../support/hostile-member.ts";
import { hex } from "../support/lies.ts";
import { Scene } from "../support/scene.ts";

/** Alice and Bob hold board. Carol does not, and knows what the app calls the board's document, so all of its id. */
async function begin(seed: string) {
  const scene = await Scene.begin(seed);
  const { alice, bob, carol, world } = scene;
  const name = (await bob.tenant.directory.devices()).find(({ isThis }) => isThis)?.user ?? expect.fail("a device");
  await scene.run(alice.tenant.directory.createKey("board", { share: [name] }));
  await world.settle();
  const { keyId } = await HostileMember.keyOf(bob, "board");
  const member = await HostileMember.of(carol);
  const chain = await member.chain(scene.database);
  const stem = hex(namedStem(member.crypto, scene.database, "plan"));
  const id = (stem + hex(keyId)) as DocId;
  const hers = (stem + hex(member.defaultKey.keyId)) as DocId;
  const create = () => scene.run(alice.database.createDocument({ title: "secret" }, { id: "plan", key: "board" }));
  return { scene, chain, id, hers, create };
}

/** Everything that she can say of it under the default key: as its creator, or on top of what is there. */
function attack(chain: HostileChain, id: DocId, hers: DocId, heads: readonly string[]) {
  const write = (actorIn: DocId, deps: readonly string[], kind: "create" | "change" | "delete") => {
    const actor = hex(chain.actor({ id: fromHex(actorIn) }));
    const ops = kind === "delete" ? [] : [{ key: { text: "title" }, value: 666 }];
    const { bytes } = handMade({ actor, deps, startOp: deps.length + 1, ops });
    return chain.change({ id: fromHex(id) }, bytes, { kind });
  };
  const onTop = heads.length === 0 ? [] : [[write(hers, heads, "change"), write(hers, heads, "delete")]];
  return chain.write([write(id, [], "create")], [write(hers, [], "create")], ...onTop);
}

/** Nothing of it is in the document, and those who hold its key work on. */
async function expectHeld({ scene, id, hers }: Awaited<ReturnType<typeof begin>>): Promise<void> {
  for (const device of [scene.alice, scene.bob]) {
    const doc = await device.database.getDocument(id);
    expect([doc.getData(), doc.isDeleted()]).toEqual([{ title: "secret" }, false]);
  }
  for (const device of scene.everybody) {
    expect(scene.reasons(device)).toEqual(["CHANGE_ACTOR_FORGED"]);
    expect((await device.database.getDocument(hers)).getData()).toEqual({ title: 666 }); // hers, and nobody's secret
  }
  for (const { database, name } of [scene.alice, scene.bob])
    await scene.run(
      database.changeDoc(await database.getDocument(id), (draft) => {
        draft.getData()[name] = true;
      }),
    );
  await scene.world.settle();
  const [one, other] = [await scene.alice.database.getDocument(id), await scene.bob.database.getDocument(id)];
  expect(Object.keys(one.getData())).toHaveLength(3);
  expect(one.getHeads()).toEqual(other.getHeads());
  expect(await scene.carol.database.findDocument(id)).toBeUndefined();
}

test("D11 a change under another key than the document's gets into it nowhere, though its author knows its id and heads", async () => {
  const at = await begin("D11 another key, after");
  const { scene, chain, id, hers, create } = at;
  const doc = await create();
  await scene.world.settle();
  expect(doc.id).toBe(id);
  await scene.plant([await attack(chain, id, hers, doc.getHeads())]);
  await expectHeld(at);
});

test("D11 the same when it arrives before the document is there: it takes nobody's place", async () => {
  const at = await begin("D11 another key, before");
  const { scene, chain, id, hers, create } = at;
  await scene.plant([await attack(chain, id, hers, [])]);
  for (const device of scene.everybody) expect(await device.database.findDocument(id)).toBeUndefined();
  await create();
  await scene.world.settle();
  await expectHeld(at);
});
