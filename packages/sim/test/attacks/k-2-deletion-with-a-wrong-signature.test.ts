import { fromHex } from "@selkie/entry";
import { expect, test } from "vitest";
import { handMade } from "../../../core/test/automerge/hand-made-change.ts";
import { chainOfBob } from "../support/hostile-change.ts";
import type { HostileChain } from "../support/hostile-member.ts";
import { hex, replicaOf } from "../support/lies.ts";
import { Scene } from "../support/scene.ts";

async function begin(seed: string) {
  const scene = await Scene.begin(seed);
  const doc = await scene.run(scene.alice.database.createDocument({ toStay: 1 }));
  await scene.world.settle();
  const deletion = (chain: HostileChain) => {
    const document = { id: fromHex(doc.id) };
    const { bytes } = handMade({ actor: hex(chain.actor(document)), startOp: 2, deps: doc.getHeads(), ops: [] });
    return [chain.change(document, bytes, { kind: "delete" })];
  };
  return { scene, doc, deletion };
}

test("K-2 a deletion that is signed deletes: what the next tests refuse is refused for its signature alone", async () => {
  const { scene, doc, deletion } = await begin("K-2 signed");
  const chain = await chainOfBob(scene);
  await scene.plant([await chain.write(deletion(chain))]);
  for (const { database } of scene.everybody) expect((await database.getDocument(doc.id)).isDeleted()).toBe(true);
});

test("K-2 a deletion with a random signature deletes nothing, whoever brings it, and is not stored", async () => {
  const { scene, doc, deletion } = await begin("K-2 random");
  const chain = await chainOfBob(scene);
  const forged = await chain.writeUnsigned(chain.member.crypto.randomBytes(64), deletion(chain));
  await scene.run(scene.carol.database.pullChangesFrom(replicaOf(scene, [forged])));
  await scene.plant([forged]);
  for (const { database } of scene.everybody) {
    expect((await database.getDocument(doc.id)).isDeleted()).toBe(false);
    expect((await database.getStore().vector()).has(hex(chain.writer))).toBe(false);
  }
});

test("K-2 a deletion under the signature of another entry of the same chain deletes nothing", async () => {
  const { scene, doc, deletion } = await begin("K-2 borrowed");
  const chain = await chainOfBob(scene);
  const branch = chain.fork();
  const harmless = { id: chain.documentId(0) };
  const { bytes } = handMade({ actor: hex(chain.actor(harmless)), ops: [{ value: 1 }] });
  const signed = await chain.write([chain.change({ counter: 0 }, bytes, { kind: "create" })]);
  const signature = signed.entries[0]?.signature ?? new Uint8Array(64);
  const forged = await branch.writeUnsigned(signature, deletion(branch));
  await scene.run(scene.carol.database.pullChangesFrom(replicaOf(scene, [forged])));
  await scene.plant([forged]);
  for (const { database } of scene.everybody) expect((await database.getDocument(doc.id)).isDeleted()).toBe(false);
});
