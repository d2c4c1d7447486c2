import type { CryptoProvider } from "@selkie/crypto";
import { type EntryId, equalBytes } from "@selkie/entry";
import { type Admission, isMember } from "../directory/admission.ts";
import type { DirectoryView } from "../directory/directory-view.ts";
import type { DirectoryKey } from "../directory/key-catalog.ts";
import { foldName } from "../directory/name.ts";
import type { FoundStatement, PurgeStatement, Statement } from "../directory/statement.ts";
import { CoreError } from "../errors.ts";
import { identityKeyName } from "../keys/identity-key.ts";
import type { KeyVersion } from "../keys/key-version.ts";
import { isMerged } from "../keys/merged-version.ts";
import type { FollowingEntries } from "../writer/writer-chain.ts";
import { accessListAfter } from "./access-work.ts";
import { DirectoryEntries } from "./directory-entries.ts";
import { giftsOf, type KeyGift } from "./due-keys.ts";
import { draftRotation, type Rotation } from "./rotation.ts";
import type { StatementContext } from "./statement-context.ts";
import type { TenantContext } from "./tenant-context.ts";
import { rememberTurned } from "./turned-keys.ts";

/** Statements in the making, with keys that turn and keys that are given. */
export interface Draft {
  readonly statements: readonly Statement[];
  /** Keys that get their next version, for everybody who is due it once the statements count. */
  readonly rotate: readonly Pick<DirectoryKey, "keyId">[];
  /** Versions for some, beside. */
  readonly give: (after: DirectoryView) => readonly KeyGift[];
  /** Throws when what the statements would bring about is not what is wanted: nothing is written then. */
  readonly require?: (after: DirectoryView) => void;
}

/** Says that something is purged: each statement in an entry of its own, which it may fill. */
export async function writePurges(at: StatementContext, statements: readonly PurgeStatement[]): Promise<void> {
  for (const statement of statements)
    await writeStatements(at, { statements: [statement], rotate: [], give: () => [] });
}

/**
 * Writes statements with what follows from them: new versions of keys, permits for everybody who is due them, and the relay's next access
 * list when somebody loses or gains a right. All is durable together, or nothing. A directory key that is not fit turns first.
 *
 * @throws CoreError KEY_UNKNOWN | KEY_WITHHELD | DIRECTORY_UNKNOWN
 */
export async function writeStatements(at: StatementContext, draft: Draft): Promise<EntryId> {
  await at.settle();
  return await sealStatements(at, draft);
}

/**
 * The same, under the directory key there is. Who is due what follows from the statements, and stands in entries behind theirs: so their ids
 * are known before, and what this device foresees of the directory is the directory as it reads it afterwards.
 */
export async function sealStatements(at: StatementContext, draft: Draft): Promise<EntryId> {
  const { context, writer } = at;
  const { crypto } = context.platform;
  const keys = draft.rotate.flatMap(({ keyId }) => at.view().key(keyId) ?? []);
  const rotation = await draftRotation(crypto, { ring: context.ring, view: at.view() }, keys);
  const said = [...draft.statements, ...rotation.statements];
  const key = at.directoryKey();
  const first = new DirectoryEntries(crypto, key);
  for (const statement of said) first.say(statement);
  if (said.length === 0)
    return await writer.write(await followUp(at, { draft, rotation, given: first, after: at.view() }));
  // Of who ends itself, nothing counts behind the entry that says so.
  if (said.some((statement) => endsAuthor(crypto, statement, at.self())))
    return await writer.write(
      await followUp(at, { draft, rotation, given: first, after: await at.preview(writer, said) }),
    );
  return await writer.write(first.finish(), {
    following: async (entry) => {
      const given = new DirectoryEntries(crypto, key);
      const after = await at.preview(writer, said, entry);
      const entries = await followUp(at, { draft, rotation, given, after });
      return entries.filter((parts) => parts.length > 0);
    },
  });
}

interface FollowUp {
  readonly draft: Draft;
  readonly rotation: Rotation;
  /** What is given goes here. */
  readonly given: DirectoryEntries;
  readonly after: DirectoryView;
}

/** What follows from statements: the next access list, permits for who is due them, and what the next directory key leads back to. */
async function followUp(
  at: StatementContext,
  { draft, rotation: { versions, leadsTo, links }, given, after }: FollowUp,
): ReturnType<FollowingEntries> {
  const { ring, platform } = at.context;
  draft.require?.(after);
  const list = await accessListAfter(at, after, "always");
  if (list !== null) given.say(list);
  for (const gift of [...giftsOf(after, versions), ...draft.give(after)]) given.give(gift);
  const entries = [...given.finish()];
  for (const link of links) {
    const from = versions.find(({ version }) => equalBytes(version, link.version));
    if (from === undefined) continue;
    const linked = new DirectoryEntries(platform.crypto, from);
    linked.say(link);
    entries.push(...linked.finish());
  }
  for (const version of versions) {
    ring.add(version, "made"); // confirmed when the entry is read
    rememberTurned(version, { to: after.recipients(version.keyId), leadsTo: leadsTo.get(version) ?? new Set() });
  }
  return entries;
}

/** Whether a statement ends the admission of who makes it. */
function endsAuthor(crypto: CryptoProvider, statement: Statement, self: Admission): boolean {
  if (statement.type === "replaceRoot") return true;
  if ((statement.type !== "revoke" && statement.type !== "change") || !isMember(self)) return false;
  const keys = [self.userKem, self.device, self.deviceKem].map((key) => identityKeyName(crypto, key));
  return (
    statement.targets.some((target) => equalBytes(target, self.id) || equalBytes(target, self.user)) ||
    statement.identityKeys.some((named) => keys.some((key) => equalBytes(key, named)))
  );
}

export function requireFound(view: DirectoryView): FoundStatement {
  const { found } = view;
  if (found === null)
    throw new CoreError("DIRECTORY_UNKNOWN", "this device has not received the tenant's directory yet: connect first");
  return found;
}

/** @throws CoreError NOT_ADMIN */
export function requireAdmin({ self }: Pick<StatementContext, "self">): void {
  if (self().role !== "admin") throw new CoreError("NOT_ADMIN", "only an admin does this");
}

/** The key of this name. @throws CoreError KEY_UNKNOWN */
export function requireKey(view: DirectoryView, name: string): DirectoryKey {
  const key = view.keys().find((known) => foldName(known.name) === foldName(name));
  if (key === undefined) throw new CoreError("KEY_UNKNOWN", "the directory knows no key of this name");
  return key;
}

/** The versions to give to somebody who is to open what is sealed under a key now. @throws CoreError KEY_UNKNOWN */
export function currentVersions({ ring }: TenantContext, keyId: Uint8Array): readonly KeyVersion[] {
  const key = ring.current(keyId);
  if (key === undefined) throw new CoreError("KEY_UNKNOWN", "this device does not hold the key");
  return isMerged(key) ? key.parts : [key];
}
