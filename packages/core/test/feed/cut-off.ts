// Somebody whose words count no more, and count again.
import { equalBytes } from "@selkie/entry";
import { expect } from "vitest";
import { isMember } from "../../src/directory/admission.ts";
import { Lab } from "../database/lab.ts";
import { testDatabase } from "../fixture.ts";
import { pass } from "./follower.ts";

/** Carol has Bob's note; Mallory's words in it come; a cut ends them, and a readmit lets them count. */
export async function cutOff(seed: string) {
  const lab = await Lab.begin(seed);
  const [bob, mallory, carol] = [await lab.device("bob"), await lab.device("mallory"), await lab.device("carol")];
  for (const device of [bob, mallory, carol]) await device.hear(...lab.world.placed);
  const { id } = await bob.database.createDocument({ text: "note" });
  await pass(bob, carol);
  await pass(bob, mallory);
  await mallory.database.changeDoc(await mallory.database.getDocument(id), (draft) => {
    Object.assign(draft.getData(), { text: "bad" });
  });
  const [own] = await bob.runs();
  const ofMallory = (await mallory.runs()).filter(({ writer }) => own !== undefined && !equalBytes(writer, own.writer));
  const tip = ofMallory.flatMap(({ entries }) => entries).at(-1);
  const target = lab.world
    .view()
    .devices()
    .filter(isMember)
    .find(({ name }) => name.includes("mallory"));
  if (tip?.signature == null || target === undefined) return expect.fail("Mallory wrote");
  const { root } = lab.world;
  const revoke = { type: "revoke", targets: [target.id], identityKeys: [], cuts: [], wipe: null } as const;
  const cut = lab.world.say(root, revoke);
  const cuts = [{ writer: tip.header.writer, seq: tip.header.seq, id: tip.id, signature: tip.signature }];
  const readmit = lab.world.say(root, { type: "readmit", lifts: [cut.id], cuts: [{ database: testDatabase, cuts }] });
  return { lab, id, mallory, carol, cut, readmit, ofMallory };
}
