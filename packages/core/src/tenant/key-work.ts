import { equalBytes, toHex } from "@selkie/entry";
import type { DirectoryView } from "../directory/directory-view.ts";
import type { DueRecipient } from "../directory/key-recipients.ts";
import { foldName, requireName } from "../directory/name.ts";
import { CoreError } from "../errors.ts";
import { type KeyVersion, newKeyId, newKeyVersion } from "../keys/key-version.ts";
import type { HistoryPolicy } from "../keys/permit-bundle.ts";
import { giftsOf, groupGifts } from "./due-keys.ts";
import { requirePerson } from "./person.ts";
import type { StatementContext } from "./statement-context.ts";
import { currentVersions, requireFound, requireKey, writeStatements } from "./statement-work.ts";

/** Makes a key for single documents and gives it to its maker, the admins and those it is shared with. */
export async function createKey(
  at: StatementContext,
  name: string,
  { share = [], history }: { readonly share?: readonly string[]; readonly history?: HistoryPolicy },
): Promise<void> {
  const view = at.view();
  if (at.self().role === "reader") throw new CoreError("WRITE_NOT_ALLOWED", "a reader makes no keys");
  if (view.keys().some((key) => foldName(key.name) === foldName(requireName(name))))
    throw new CoreError("KEY_EXISTS", "a key of this name exists");
  const { crypto } = at.context.platform;
  const chain = await at.writer.open();
  const { nonce, keyId } = newKeyId(crypto, await chain.writer());
  const version = await newKeyVersion(crypto, name, keyId);
  const to = share.flatMap((user) => requirePerson(crypto, view, user).users);
  at.context.ring.add(version, "made");
  await writeStatements(at, {
    statements: [
      { type: "createKey", nonce, name, commitment: version.version, history: history ?? requireFound(view).history },
      // Who has a key from its beginning has all of it.
      ...(to.length === 0 ? [] : [{ type: "share", keyId, to, history: "full" } as const]),
    ],
    rotate: [],
    give: (after) => giftsOf(after, [version]),
  });
}

/**
 * Entitles more users to a key, and gives it to them: all of its history, or what is written from now on.
 *
 * @param asked how far back they read: without a word, as the key was made, as far as the device's user reads itself
 */
export async function shareKey(
  at: StatementContext,
  name: string,
  users: readonly string[],
  asked?: HistoryPolicy,
): Promise<void> {
  const view = at.view();
  const key = requireKey(view, name);
  const { keyId } = key;
  const own = view.dueHistory(at.self(), keyId);
  if (own === null) throw new CoreError("NOT_ENTITLED", "this device's user holds no such key");
  const history = asked ?? (own === "full" ? key.history : own);
  if (history === "full" && own !== "full")
    throw new CoreError("KEY_WITHHELD", "who was given no history of a key gives none");
  const { crypto } = at.context.platform;
  const to = users.flatMap((user) => requirePerson(crypto, view, user).users);
  const share = { type: "share", keyId, to, history } as const;
  if (history === "full") await at.settle([keyId]);
  else await at.flush(); // what was written before is sealed under what came before
  if (history === "from-now" || !leadsBack(at, keyId)) {
    await writeStatements(at, { statements: [share], rotate: [{ keyId }], give: () => [] });
    return;
  }
  const versions = currentVersions(at.context, keyId);
  await writeStatements(at, {
    statements: [share],
    rotate: [],
    give: (after) => groupGifts(versions.map((version) => ({ version, to: newRecipients(view, after, keyId) }))),
  });
}

/** Whether who is given what is current can open all that this device can: who reads from now on turns a key and leads nobody back. */
function leadsBack(at: StatementContext, keyId: Uint8Array): boolean {
  const current = currentVersions(at.context, keyId);
  const reached = at.view().keyFitness.ledTo(
    keyId,
    current.map(({ version }) => version),
  );
  const held = at.context.ring.confirmed().filter((key) => equalBytes(key.keyId, keyId) && key.historyBytes !== null);
  return (
    current.every(({ historyBytes }) => historyBytes !== null) &&
    held.every(({ version }) => reached.has(toHex(version)))
  );
}

/**
 * The versions to give to who comes to a key and is not in the directory yet. Of a key whose history stays closed to newcomers, one that is
 * made for it, and that nothing was sealed under.
 * SECURITY: who joins such a tenant opens nothing of what was written before (from-now.test.ts).
 */
export async function versionsForNewcomers(at: StatementContext, keyId: Uint8Array): Promise<readonly KeyVersion[]> {
  if (at.view().key(keyId)?.history === "full") return currentVersions(at.context, keyId);
  await at.flush(); // what was written before is sealed under what came before
  await rotateKeys(at, [keyId]);
  // What another turned in this moment is not here with its history: the next who writes turns both.
  return currentVersions(at.context, keyId).filter(({ historyBytes }) => historyBytes !== null);
}

function newRecipients(before: DirectoryView, after: DirectoryView, keyId: Uint8Array): readonly DueRecipient[] {
  const nameOf = ({ kem, history }: DueRecipient): string => `${history} ${toHex(kem)}`;
  const had = new Set(before.recipients(keyId).map(nameOf));
  return after.recipients(keyId).filter((each) => !had.has(nameOf(each)));
}

/** Makes the next version of a key. What was sealed before stays readable to those who read it. */
export async function rotateKey(at: StatementContext, name: string): Promise<void> {
  const key = requireKey(at.view(), name);
  if (!at.view().isEntitled(at.self(), key.keyId))
    throw new CoreError("NOT_ENTITLED", "this device's user holds no such key");
  await rotateKeys(at, [key.keyId]);
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
