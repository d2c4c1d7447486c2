import { type EntryId, equalBytes } from "@selkie/entry";
import type { DirectoryView } from "../directory/directory-view.ts";
import type { DirectoryKey } from "../directory/key-catalog.ts";
import { foldName } from "../directory/name.ts";
import type { FoundStatement, Statement } from "../directory/statement.ts";
import { CoreError } from "../errors.ts";
import type { KeyVersion } from "../keys/key-version.ts";
import { isMerged } from "../keys/merged-version.ts";
import { accessListAfter } from "./access-work.ts";
import { DirectoryEntries } from "./directory-entries.ts";
import { giftsOf, type KeyGift } from "./due-keys.ts";
import { draftRotation } from "./rotation.ts";
import type { StatementContext } from "./statement-context.ts";
import type { TenantContext } from "./tenant-context.ts";

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

/** The same, under the directory key there is. */
export async function sealStatements(
  at: StatementContext,
  { statements, rotate, give, require }: Draft,
): Promise<EntryId> {
  const { context, writer } = at;
  const { ring, platform } = context;
  const { crypto } = platform;
  const keys = rotate.flatMap(({ keyId }) => at.view().key(keyId) ?? []);
  const rotation = await draftRotation(crypto, { ring, view: at.view() }, keys);
  const said = [...statements, ...rotation.statements];
  const after = await at.preview(writer, said);
  require?.(after);
  const first = new DirectoryEntries(crypto, at.directoryKey());
  for (const statement of said) first.say(statement);
  const list = await accessListAfter(at, after, "always");
  if (list !== null) first.say(list);
  for (const gift of [...giftsOf(after, rotation.versions), ...give(after)]) first.give(gift);
  const entries = [...first.finish()];
  for (const link of rotation.links) {
    const key = rotation.versions.find(({ version }) => equalBytes(version, link.version));
    if (key === undefined) continue;
    const second = new DirectoryEntries(crypto, key);
    second.say(link);
    entries.push(...second.finish());
  }
  for (const version of rotation.versions) ring.add(version, "made"); // confirmed when the entry is read
  return await writer.write(entries);
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
