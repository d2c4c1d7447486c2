import { expect } from "vitest";
import type { KeyVersion } from "../../../core/src/keys/key-version.ts";
import type { HandMadeChange } from "../../../core/test/automerge/hand-made-change.ts";
import { handMade } from "../../../core/test/automerge/hand-made-change.ts";
import { type HostileChain, HostileMember } from "./hostile-member.ts";
import { hex } from "./lies.ts";
import type { Scene } from "./scene.ts";

export async function chainOfBob(scene: Scene): Promise<HostileChain> {
  return (await HostileMember.of(scene.bob)).chain(scene.database);
}

/** A change of the chain's own actor, in the document of this counter under a key. */
export function changeBy(chain: HostileChain, counter: number, change: HandMadeChange, key?: KeyVersion): Uint8Array {
  return handMade({ actor: hex(chain.actor({ counter }, key)), ...change }).bytes;
}

/**
 * Bob's hostile change, the first of a document of his, between two of his honest ones. Everybody refuses it for the same reason, shows
 * the honest ones, and works on.
 */
export async function expectRefused(
  scene: Scene,
  hostile: (chain: HostileChain) => Uint8Array,
  reason: string,
): Promise<void> {
  const chain = await chainOfBob(scene);
  const part = (counter: number, bytes: Uint8Array) => chain.change({ counter }, bytes, { kind: "create" });
  const honest = (counter: number) =>
    part(counter, changeBy(chain, counter, { ops: [{ value: `honest ${counter}` }] }));
  await scene.plant([await chain.write([honest(1)], [part(2, hostile(chain))], [honest(3)])]);
  for (const device of scene.everybody) expect(scene.reasons(device)).toEqual([reason]);
  const shown = await scene.shared();
  expect(shown.map((text) => /honest \d/.exec(text)?.[0]).sort()).toEqual(["honest 1", "honest 3"]);
  await expectWorkGoesOn(scene);
}

/** Everybody changes one document, restarts, and shows the same. */
export async function expectWorkGoesOn(scene: Scene): Promise<void> {
  const { id } = await scene.run(scene.alice.database.createDocument({ title: "work" }));
  await scene.world.settle();
  for (const { database, name } of scene.everybody) {
    const doc = await scene.run(database.getDocument(id));
    await scene.run(
      database.changeDoc(doc, (draft) => {
        draft.getData()[name] = "was here";
      }),
    );
  }
  await scene.world.settle();
  const before = await scene.shared();
  const work = before.find((text) => text.startsWith(id));
  for (const { name } of scene.everybody) expect(work).toContain(`"${name}":"was here"`);
  for (const device of scene.everybody) await scene.run(device.close());
  for (const device of scene.everybody) await scene.run(device.start());
  expect(await scene.shared()).toEqual(before);
  expect(scene.everybody.flatMap(({ noticed }) => noticed.filter(({ type }) => type === "report"))).toEqual([]);
}
