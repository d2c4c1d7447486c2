import { entryType } from "@selkie/entry";
import type { Statement } from "../../../core/src/directory/statement.ts";
import { encodeStatement } from "../../../core/src/directory/statement-codec.ts";
import type { PartDraft } from "../../../core/src/sealing/seal-entry.ts";
import { grantTo } from "../../../core/test/directory/world.ts";
import type { SimDevice } from "../../src/sim-device.ts";
import type { HostileChain, HostileMember } from "./hostile-member.ts";
import type { Scene } from "./scene.ts";

export const MALLORY = "CN=mallory/O=acme";

function directoryChain(member: HostileMember): Promise<HostileChain> {
  return member.chain(member.record.directory, entryType.statement);
}

export function statementPart(member: HostileMember, statement: Statement): PartDraft {
  return { kind: "statement", key: member.directoryKey, plaintext: encodeStatement(statement) };
}

/** A grant that would let Mallory in. */
export async function grantOfMallory(member: HostileMember): Promise<PartDraft> {
  return statementPart(member, await grantTo(MALLORY, "admin"));
}

/** A chain of this member's in the directory, at the relay and with everybody. */
export async function sayInDirectory(
  scene: Scene,
  member: HostileMember,
  ...parts: readonly PartDraft[]
): Promise<void> {
  const chain = await directoryChain(member);
  await scene.plant([await chain.write(parts)], member.record.directory);
}

/** The same under a signature that is not the chain's. */
export async function sayUnsigned(
  scene: Scene,
  member: HostileMember,
  signature: Uint8Array,
  ...parts: readonly PartDraft[]
): Promise<void> {
  const chain = await directoryChain(member);
  await scene.plant([await chain.writeUnsigned(signature, parts)], member.record.directory);
}

export async function namesKnownTo({ tenant }: SimDevice): Promise<readonly string[]> {
  return (await tenant.directory.users()).map(({ name }) => name);
}
