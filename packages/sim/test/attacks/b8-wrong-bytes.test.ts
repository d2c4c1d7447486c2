import { adoptOwnRun, type IdentifiedEntry, identifyEntry, parseSignature, type VerifiedRun } from "@selkie/entry";
import { nativeVerifier } from "@selkie/entry/native";
import { expect, test } from "vitest";
import { expectWorkGoesOn } from "../support/hostile-change.ts";
import { replicaOf, runsOf } from "../support/lies.ts";
import { Scene } from "../support/scene.ts";

/** The places of a chain with the bodies of others, linked again, under the signature that the chain had. */
function swapped(run: VerifiedRun): VerifiedRun {
  const bodies = run.entries.toReversed();
  const linked: IdentifiedEntry[] = [];
  for (const [at, { header }] of run.entries.entries()) {
    const { table, parts } = bodies[at] ?? { table: [], parts: [] };
    const control = bodies[at]?.header.control ?? false;
    const prev = linked.at(-1)?.id ?? header.prev;
    linked.push(identifyEntry(nativeVerifier, { header: { ...header, prev, control }, table, parts, signature: null }));
  }
  return adoptOwnRun(linked, run.entries.at(-1)?.signature ?? parseSignature(new Uint8Array(64)));
}

test("B8 K-8 wrong bytes under a genuine place are refused, blame nobody, and do not block the honest entry", async () => {
  const scene = await Scene.begin("B8");
  const { alice, bob } = scene;
  await scene.run(bob.disconnect());
  for (const title of ["first", "second"]) {
    await scene.run(alice.database.createDocument({ title }));
    await scene.world.settle();
  }
  const [honest] = await runsOf(scene.relayEntries());
  expect(honest?.entries).toHaveLength(2);
  if (honest === undefined) return;
  const { entries } = await scene.run(bob.database.pullChangesFrom(replicaOf(scene, [swapped(honest)])));
  expect(entries).toBe(0);
  expect((await bob.database.getStore().vector()).size).toBe(0);
  expect(await bob.database.getAllDocumentIds()).toEqual([]);
  await scene.reconnect();
  expect(await scene.shared()).toHaveLength(2);
  expect(scene.reasons(bob)).toEqual([]);
  await expectWorkGoesOn(scene);
});

test("K-8 junk that a relay holds under a genuine place does not keep the honest entry from anybody else", async () => {
  const scene = await Scene.begin("K-8");
  const { alice, bob, carol } = scene;
  await scene.run(carol.disconnect());
  await scene.run(bob.disconnect());
  await scene.run(alice.disconnect());
  for (const title of ["first", "second"]) {
    await scene.run(alice.database.createDocument({ title }));
    await scene.run(bob.database.pullChangesFrom(alice.database.getStore()));
  }
  const [honest] = await runsOf(bob.database.getStore());
  if (honest === undefined) throw new RangeError("nothing was written");
  await scene.relayEntries().append([swapped(honest)]);
  await scene.run(carol.connectRelay(scene.world.relay));
  await scene.world.settle();
  expect(await carol.database.getAllDocumentIds()).toEqual([]);
  await scene.run(carol.database.pullChangesFrom(bob.database.getStore()));
  expect(await carol.database.getAllDocumentIds()).toHaveLength(2);
});
