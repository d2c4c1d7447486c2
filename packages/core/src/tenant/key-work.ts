import { toHex } from "@selkie/entry";
import type { DirectoryView } from "../directory/directory-view.ts";
import type { DueRecipient } from "../directory/key-recipients.ts";
import { foldName, isName, requireName } from "../directory/name.ts";
import { CoreError } from "../errors.ts";
import { newKeyId, newKeyVersion } from "../keys/key-version.ts";
import { giftsOf } from "./due-keys.ts";
import { requirePerson } from "./person.ts";
import type { StatementContext } from "./statement-context.ts";
import { currentVersions, requireFound, requireKey, writeStatements } from "./statement-work.ts";

/** Makes a key for single documents and gives it to its maker, the admins and those it is shared with. */
export async function createKey(at: StatementContext, name: string, share: readonly string[]): Promise<void> {
  const view = at.view();
  if (at.self().role === "reader") throw new CoreError("WRITE_NOT_ALLOWED", "a reader makes no keys");
  if (view.keys().some((key) => foldName(key.name) === foldName(requireName(name))))
    throw new CoreError("KEY_EXISTS", "a key of this name exists");
  const { crypto } = at.context.platform;
  const chain = await at.writer.open();
  const { nonce, keyId } = newKeyId(crypto, await chain.writer());
  const version = await newKeyVersion(crypto, name, keyId);
  const to = share.flatMap((user) => requirePerson(crypto, view, user).users);
  at.context.ring.add(version, "unconfirmed");
  await writeStatements(at, {
    statements: [
      { type: "createKey", nonce, name, commitment: version.version },
      ...(to.length === 0 ? [] : [{ type: "share", keyId, to } as const]),
    ],
    rotate: [],
    give: (after) => giftsOf(after, [version]),
  });
}

/** Entitles more users to a key, and gives it to them: all of its history, or what is written from now on, as the tenant was founded. */
export async function shareKey(at: StatementContext, name: string, users: readonly string[]): Promise<void> {
  const view = at.view();
  const { keyId } = requireKey(view, name);
  if (!view.isEntitled(at.self(), keyId)) throw new CoreError("NOT_ENTITLED", "this device's user holds no such key");
  const { crypto } = at.context.platform;
  const to = users.flatMap((user) => requirePerson(crypto, view, user).users);
  const versions = currentVersions(at.context, keyId);
  await writeStatements(at, {
    statements: [{ type: "share", keyId, to }],
    rotate: [],
    give: (after) => [{ to: newRecipients(view, after, keyId), versions }],
  });
}

function newRecipients(before: DirectoryView, after: DirectoryView, keyId: Uint8Array): readonly DueRecipient[] {
  const had = new Set(before.recipients(keyId).map(({ kem }) => toHex(kem)));
  return after.recipients(keyId).filter(({ kem }) => !had.has(toHex(kem)));
}

/** Makes the next version of a key. What was sealed before stays readable to those who read it. */
export async function rotateKey(at: StatementContext, name: string): Promise<void> {
  const key = requireKey(at.view(), name);
  if (!at.view().isEntitled(at.self(), key.keyId))
    throw new CoreError("NOT_ENTITLED", "this device's user holds no such key");
  await rotateKeys(at, [key.keyId]);
}

/**
 * Before something is sealed in a database: the directory says that there is one, and keys whose current versions somebody who is out can
 * open turn, and with them the directory's.
 * SECURITY: nothing is sealed for a device after its rights ended (membership.test.ts "P-11 ...").
 */
export async function prepareWrite(
  at: StatementContext,
  database: string,
  keyIds: readonly Uint8Array[],
): Promise<void> {
  const self = at.self();
  const view = at.view();
  const name = database.normalize("NFC");
  const used = [...keyIds, requireFound(view).directoryKey.keyId];
  const unsafe = used.filter((keyId) => !view.isSafe(keyId) && view.isEntitled(self, keyId));
  if (unsafe.length > 0) await rotateKeys(at, unsafe);
  if (self.role !== "reader" && isName(name) && !view.databases.includes(name))
    await writeStatements(at, { statements: [{ type: "database", name }], rotate: [], give: () => [] });
}

/** Makes the next version of keys, in one go. */
async function rotateKeys(at: StatementContext, keyIds: readonly Uint8Array[]): Promise<void> {
  const names = new Set(keyIds.map(toHex));
  const rotate = at
    .view()
    .keys()
    .filter(({ keyId }) => names.has(toHex(keyId)));
  await writeStatements(at, { statements: [], rotate, give: () => [] });
}
