import { entryType, identifyEntry, partKind, runOf, type VerifiedRun } from "@selkie/entry";
import { nativeVerifier } from "@selkie/entry/native";
import { expect, test } from "vitest";
import { encodeStatement } from "../../../core/src/directory/statement-codec.ts";
import { chainOfBob, changeBy, expectWorkGoesOn } from "../support/hostile-change.ts";
import { HostileMember } from "../support/hostile-member.ts";
import { replicaOf, runsOf } from "../support/lies.ts";
import { Scene } from "../support/scene.ts";

/** The run as one of statements, under the signature it had. */
function asStatements(run: VerifiedRun): VerifiedRun {
  const entries = run.entries.map(({ header, table, parts, signature }) => {
    const relabelled = parts.map((part) =>
      part.kind === partKind.change ? { ...part, kind: partKind.statement } : part,
    );
    const changed = { header: { ...header, type: entryType.statement }, table, parts: relabelled, signature };
    return identifyEntry(nativeVerifier, changed);
  });
  return runOf(entries) as VerifiedRun;
}

test("B3 a relay that calls a change a statement gets it refused", async () => {
  const scene = await Scene.begin("B3 relay");
  await scene.run(scene.carol.disconnect());
  await scene.run(scene.alice.database.createDocument({ title: "honest" }));
  await scene.world.settle();
  await scene.run(scene.alice.disconnect());
  const honest = await runsOf(scene.alice.database.getStore());
  expect(honest).toHaveLength(1);
  const before = await scene.carol.database.getStore().vector();
  const lies = honest.map(asStatements);
  const { entries } = await scene.run(scene.carol.database.pullChangesFrom(replicaOf(scene, lies)));
  expect(entries).toBe(0);
  expect(await scene.carol.database.getStore().vector()).toEqual(before);
  // What was lied about is taken as soon as it comes as it is: nothing is blocked.
  await scene.reconnect();
  expect(JSON.stringify(await scene.shared())).toContain("honest");
});

test("B3 a member's statement among documents, and a document among statements, count for nothing", async () => {
  const scene = await Scene.begin("B3 member");
  const bob = await HostileMember.of(scene.bob);
  const inDocuments = await chainOfBob(scene);
  inDocuments.type = entryType.statement;
  const statement = {
    kind: "statement" as const,
    key: bob.directoryKey,
    plaintext: encodeStatement({ type: "accessList", list: new Uint8Array(40) }),
  };
  await scene.plant([await inDocuments.write([statement])]);
  for (const device of scene.everybody) expect(scene.reasons(device)).toEqual(["ENTRY_TYPE"]);

  const inDirectory = await bob.chain(bob.record.directory, entryType.change);
  const bytes = changeBy(inDirectory, 0, { ops: [{ value: 1 }] });
  const users = await scene.alice.tenant.directory.users();
  await scene.plant([await inDirectory.write([inDirectory.change({ counter: 0 }, bytes)])], bob.record.directory);
  for (const device of scene.everybody) expect(await device.tenant.directory.users()).toEqual(users);
  expect(await scene.shared()).toEqual([]);
  await expectWorkGoesOn(scene);
});
