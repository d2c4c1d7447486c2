import { entryType, parseEntryId, type StatementId } from "@selkie/entry";
import { expect, test } from "vitest";
import { type Statement, statementId } from "../../../core/src/directory/statement.ts";
import { encodeStatement } from "../../../core/src/directory/statement-codec.ts";
import type { PartDraft } from "../../../core/src/sealing/seal-entry.ts";
import { type HostileChain, HostileMember } from "../support/hostile-member.ts";
import { Scene } from "../support/scene.ts";

/** Versions that nobody holds, of both keys that everybody has, over what is named: no permits. */
function turns(member: HostileMember, over: readonly StatementId[], times = 1): readonly Statement[] {
  return Array.from({ length: times }, () => [member.directoryKey.keyId, member.defaultKey.keyId])
    .flat()
    .map((keyId) => ({ type: "rotate", keyId, over, commitment: member.crypto.randomBytes(32), links: [] }));
}

const ENTRY = 40;

/** Gives the relay what he says, and has the others meet it. */
async function plant(scene: Scene, chain: HostileChain, statements: readonly Statement[]): Promise<void> {
  const key = chain.member.directoryKey;
  const parts = statements.map(
    (statement): PartDraft => ({ kind: "statement", key, plaintext: encodeStatement(statement) }),
  );
  const entries = Array.from({ length: Math.ceil(parts.length / ENTRY) }, (_, at) =>
    parts.slice(at * ENTRY, (at + 1) * ENTRY),
  );
  await scene.relayEntries(chain.database).append([await chain.write(...entries)]);
  await scene.reconnect([scene.alice, scene.carol]);
}

/** Alice and Carol write and read each other, and see the same. */
async function goOn(scene: Scene, text: string): Promise<void> {
  const { alice, carol, world } = scene;
  await scene.run(alice.database.createDocument({ title: `${text}, by Alice` }));
  await world.settle();
  await scene.run(carol.database.createDocument({ title: `${text}, by Carol` }));
  await world.settle();
  const [shown, other] = [await scene.show(alice), await scene.show(carol)];
  expect(shown).toEqual(other);
  expect(shown.filter((each) => each.includes(text)).length).toBe(2);
}

async function begin(seed: string) {
  const scene = await Scene.begin(seed);
  const member = await HostileMember.of(scene.bob);
  const chain = await member.chain(member.record.directory, entryType.statement);
  await scene.run(scene.bob.disconnect()); // what he says from now on is made by hand
  const founding = statementId(member.crypto, parseEntryId(member.record.tenant), 1);
  return { scene, member, chain, founding };
}

test("D10 a member who turns every key for nobody stops nobody: the others turn them again, and revoke him", async () => {
  const { scene, member, chain, founding } = await begin("D10 turned for nobody");
  const { alice, world } = scene;
  await goOn(scene, "before");
  await plant(scene, chain, turns(member, [founding]));
  await goOn(scene, "locked out");
  await plant(scene, chain, turns(member, []));
  await goOn(scene, "locked out again");
  await plant(scene, chain, turns(member, [founding]));
  await scene.run(alice.tenant.directory.revokeUser("CN=bob/O=acme"));
  await world.settle();
  await goOn(scene, "without him");
  // What he says now counts for nothing, so that nothing has to be turned again.
  await plant(scene, chain, turns(member, [founding]));
  await goOn(scene, "after him");
});

test("D10 more versions at once than can be merged lock nobody out", async () => {
  const { scene, member, chain } = await begin("D10 many at once");
  await plant(scene, chain, turns(member, [], 70));
  await goOn(scene, "after so many");
  await scene.run(scene.alice.tenant.directory.revokeUser("CN=bob/O=acme"));
  await scene.world.settle();
  await goOn(scene, "without him");
});
