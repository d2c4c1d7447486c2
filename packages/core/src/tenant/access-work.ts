// What relays are to know: the next list, whenever the directory says something else of its people than the newest one.
import { equalBytes, toHex } from "@selkie/entry";
import { type AccessList, encodeAccessList } from "@selkie/sync-protocol";
import { slotLines } from "../connection/slot-lines.ts";
import {
  draftAccessList,
  heightAbove,
  newestAccessList,
  nextAccessList,
  type SlotHolder,
} from "../directory/access.ts";
import type { Member } from "../directory/admission.ts";
import type { DirectoryView } from "../directory/directory-view.ts";
import type { AccessListStatement } from "../directory/statement.ts";
import { DirectoryEntries } from "./directory-entries.ts";
import type { ListSigner, StatementContext } from "./statement-context.ts";
import type { TenantContext } from "./tenant-context.ts";

/**
 * The list that relays are to have from now on; null when this device may sign none, or the newest says the same.
 * @param byRoot whether the root says it again in any case: a stolen admin may have given relays lists that the directory never saw, and what the root
 * says outranks them all
 */
export async function accessListAfter(
  at: StatementContext,
  after: DirectoryView,
  byRoot: "always" | "if changed",
): Promise<AccessListStatement | null> {
  const { context, view, self, listSigner } = at;
  if (self().role !== "admin") return null;
  const { crypto } = context.platform;
  const current = await newestAccessList(crypto, view().identity, view().accessLists);
  const signer = await listSigner(current);
  if (signer === null) return null;
  const { key, isRoot } = signer;
  const users = after.slots().map((user) => stillSigning(user, signer));
  const height = current === null ? -1 : heightAbove(current, after.voidAccessLists, key.publicKey);
  const isSaid = current !== null && says(current, users) && height === current.height;
  if (isSaid && !(isRoot && byRoot === "always")) return null;
  const before = current === null ? null : { ...current, height };
  const list = await nextAccessList(crypto, key, { tenant: context.tenant, users, current: before, isRoot });
  return { type: "accessList", list: encodeAccessList(list) };
}

/** Publishes the next list, where the directory came to say something else than the newest one without an admin. */
export async function renewAccessList(at: StatementContext): Promise<void> {
  const list = await accessListAfter(at, at.view(), "if changed");
  if (list === null) return;
  await at.settle();
  const draft = new DirectoryEntries(at.context.platform.crypto, at.directoryKey());
  draft.say(list);
  await at.writer.write(draft.finish());
}

/** Signs with the key by which the newest list knows this device's person: of several the last. */
export async function slotSigner(
  { platform: { crypto }, keys: { person } }: TenantContext,
  view: Parameters<typeof slotLines>[1],
  member: Member,
  current: AccessList | null,
): Promise<ListSigner | null> {
  if (current === null) return { key: person.requireSlot(), isRoot: false };
  const own = (await slotLines(crypto, view, { person, member })).flat();
  const key = own.findLast(({ publicKey }) => current.signers.some((signer) => equalBytes(signer, publicKey)));
  return key === undefined ? null : { key, isRoot: false };
}

/** Who signs goes on until its own next key is there: else nobody might be left to say it. */
function stillSigning(user: SlotHolder, { key, isRoot }: ListSigner): SlotHolder {
  return !isRoot && equalBytes(user.slot, key.publicKey) ? { ...user, isLost: false } : user;
}

function says(current: AccessList, users: readonly SlotHolder[]): boolean {
  const { tenant, epoch, height, signer, slots, signers } = current;
  const wanted = draftAccessList(tenant, users, { epoch, height, signer }, slots);
  return textOf(wanted) === textOf({ slots, signers });
}

function textOf({ slots, signers }: Pick<AccessList, "slots" | "signers">): string {
  const rights = slots.map(({ slot, rights: { pull, push, purge } }) => [toHex(slot), pull, push, purge].join());
  return [...rights, ...signers.map(toHex)].join(" ");
}
