// What relays are told about who may connect: signed lists of slots and rights, no names. The newest travels in the directory too.
import type { CryptoProvider, SigningKey } from "@selkie/crypto";
import { compareBytes, equalBytes, type TenantId, toHex, type Verifier } from "@selkie/entry";
import {
  type AccessList,
  type AccessTicket,
  accessListPayload,
  accessTicketPayload,
  applyAccessList,
  decodeAccessList,
  emptyAccessState,
  MAX_SLOTS,
  NO_RIGHTS,
  type Rights,
  type Slot,
  SyncError,
  type UnsignedAccessList,
  type VerifiedAccessList,
  verifyAccessList,
} from "@selkie/sync-protocol";
import { CoreError } from "../errors.ts";
import type { DirectoryIdentity } from "./admission.ts";
import type { Role } from "./statement.ts";

/** A user, as relays know it. */
export interface SlotHolder {
  /** 32-byte slot key. */
  readonly slot: Uint8Array;
  readonly role: Role;
  /** A device that is out holds the key: it signs no more lists. */
  readonly isLost?: boolean;
}

/** What a role may do at a relay. Clients judge every entry again, whatever a relay let through. */
export function rightsOfRole(role: Role): Rights {
  return { pull: true, push: role !== "reader", purge: role === "admin" };
}

/**
 * The list of these users, unsigned: admins' slot keys sign the next one. Users that share a slot keep the higher right. The slots of
 * `before` that are nobody's any more stay without rights, while there is room: whom they let in may learn why.
 */
export function draftAccessList(
  tenant: TenantId,
  users: readonly SlotHolder[],
  place: { readonly epoch: number; readonly height: number; readonly signer: Uint8Array },
  before: readonly Slot[] = [],
): UnsignedAccessList {
  const ascending = users.toSorted((a, b) => compareBytes(a.slot, b.slot) || rank(a) - rank(b));
  const distinct = ascending.filter(
    ({ slot }, at) => at === 0 || compareBytes(ascending[at - 1]?.slot ?? slot, slot) !== 0,
  );
  const slots = distinct.map(({ slot, role }): Slot => ({ slot, rights: rightsOfRole(role) }));
  const signers = distinct.filter(({ role, isLost }) => role === "admin" && isLost !== true).map(({ slot }) => slot);
  const held = new Set(slots.map(({ slot }) => toHex(slot)));
  const ended = before
    .filter(({ slot }) => !held.has(toHex(slot)))
    .slice(0, Math.max(0, MAX_SLOTS - slots.length))
    .map(({ slot }): Slot => ({ slot, rights: NO_RIGHTS }));
  return { tenant, ...place, signers, slots: [...slots, ...ended].sort((a, b) => compareBytes(a.slot, b.slot)) };
}

/** Signs a list with the root key or an admin's slot key. */
export async function signAccessList(
  crypto: CryptoProvider,
  key: SigningKey,
  list: UnsignedAccessList,
): Promise<AccessList> {
  const [signature] = await crypto.signMany(key, "sign-access-list", [accessListPayload(list)]);
  if (signature === undefined) throw new CoreError("KEY_UNKNOWN", "no signature was made");
  return { ...list, signature };
}

/**
 * The next list, with somebody who is about to join, and a ticket that lets them in at a relay that does not have that list yet.
 *
 * @param users everybody the directory admits
 * @param current the list before; null when the directory holds none that counts
 */
export async function extendAccess(
  crypto: CryptoProvider,
  signer: SigningKey,
  lists: {
    readonly tenant: TenantId;
    readonly users: readonly SlotHolder[];
    readonly joining: SlotHolder;
    readonly current: AccessList | null;
  },
): Promise<{ list: AccessList; ticket: AccessTicket }> {
  const { tenant, users, joining, current } = lists;
  const list = await nextAccessList(crypto, signer, { tenant, users: [...users, joining], current });
  const unsigned = {
    tenant,
    listEpoch: list.epoch,
    listHeight: list.height,
    slot: joining.slot,
    rights: rightsOfRole(joining.role),
    signer: signer.publicKey,
  };
  const [signature] = await crypto.signMany(signer, "sign-access-ticket", [accessTicketPayload(unsigned)]);
  if (signature === undefined) throw new CoreError("KEY_UNKNOWN", "no signature was made");
  return { list, ticket: { ...unsigned, signature } };
}

/** The next list, of the users that have rights now; who was removed stays without. */
export async function nextAccessList(
  crypto: CryptoProvider,
  signer: SigningKey,
  lists: {
    readonly tenant: TenantId;
    readonly users: readonly SlotHolder[];
    readonly current: AccessList | null;
    /** The root begins an epoch: nothing that a signer of the last one says outranks it. */
    readonly isRoot?: boolean;
  },
): Promise<AccessList> {
  const { tenant, users, current, isRoot = false } = lists;
  const [epoch, height] = [current?.epoch ?? 0, current?.height ?? -1];
  const next = isRoot ? { epoch: epoch + 1, height: 0 } : { epoch, height: height + 1 };
  const place = { ...next, signer: signer.publicKey };
  return await signAccessList(crypto, signer, draftAccessList(tenant, users, place, current?.slots));
}

/** How much higher than the last a list of a signer may be to be heard of: else one stolen signer leaves the others no number for their next. */
const HIGHEST_STEP = 2 ** 32;

/** The list that a relay would end with when it is shown these, oldest first: by the same rules, so both agree. */
export async function newestAccessList(
  verifier: Verifier,
  identity: DirectoryIdentity,
  lists: readonly Uint8Array[],
): Promise<AccessList | null> {
  return (await countingAccessLists(verifier, identity, lists)).at(-1) ?? null;
}

/**
 * Those of the lists that count one after the other, oldest first.
 * SECURITY: D10. Anybody who was an admin once put lists there, signed or not, of any height (d10-lists-in-the-directory.test.ts).
 */
export async function countingAccessLists(
  verifier: Verifier,
  { tenant, root, directory }: DirectoryIdentity,
  lists: readonly Uint8Array[],
): Promise<readonly AccessList[]> {
  if (root === null) return [];
  let state = emptyAccessState({ tenant, root, database: directory });
  const counting: AccessList[] = [];
  for (const known of knownLists(lists)) {
    known.verified ??= verifyAccessList(verifier, known.list);
    const verified = await known.verified;
    if (verified === null) continue;
    const change = applyAccessList(state, verified);
    if (change.type !== "applied" || isOutOfReach(state.list, verified)) continue;
    state = change.state;
    counting.push(verified);
  }
  return counting;
}

function isOutOfReach(before: AccessList | null, next: AccessList): boolean {
  return before !== null && next.epoch === before.epoch && next.height - before.height > HIGHEST_STEP;
}

/** What is farther above the newest list was made to be out of reach, by somebody who is out: then the root outranks it. */
const FARTHEST = 1_024;

/**
 * How high a list has to be that replaces, at every relay, also those that count for nothing: an admin who was out by then made them, not
 * knowing it, and a relay that heard of them first keeps them. Only those count here that name this signer, for who is not named signs none
 * after them.
 */
export function heightAbove({ epoch, height }: AccessList, lists: readonly Uint8Array[], signer: Uint8Array): number {
  const heights = knownLists(lists).flatMap(({ list }) => {
    const isNear = list.epoch === epoch && list.height <= height + FARTHEST;
    return isNear && list.signers.some((key) => equalBytes(key, signer)) ? [list.height] : [];
  });
  return Math.max(height, ...heights);
}

/** Lists that decode, oldest first: by epoch and height, then by their bytes. */
export function sortAccessLists(lists: readonly Uint8Array[]): readonly Uint8Array[] {
  return knownLists(lists).map(({ bytes }) => bytes);
}

interface KnownList {
  readonly bytes: Uint8Array;
  readonly list: AccessList;
  /** Once somebody asked. */
  verified: Promise<VerifiedAccessList | null> | null;
}

/** By the bytes in a statement, which never change: a directory holds a list for everybody who ever came or left. Null for what is no list. */
const knownByBytes = new WeakMap<Uint8Array, KnownList | null>();

function knownLists(lists: readonly Uint8Array[]): readonly KnownList[] {
  return lists
    .flatMap((bytes) => knownList(bytes) ?? [])
    .sort((a, b) => a.list.epoch - b.list.epoch || a.list.height - b.list.height || compareBytes(a.bytes, b.bytes));
}

/** What no relay would read says nothing; the statement around it stays, and counts for nothing else. */
function knownList(bytes: Uint8Array): KnownList | null {
  const known = knownByBytes.get(bytes);
  if (known !== undefined) return known;
  const decoded = decodeOne(bytes);
  knownByBytes.set(bytes, decoded);
  return decoded;
}

function decodeOne(bytes: Uint8Array): KnownList | null {
  try {
    return { bytes, list: decodeAccessList(bytes), verified: null };
  } catch (error) {
    if (error instanceof SyncError) return null;
    throw error;
  }
}

function rank({ role }: SlotHolder): number {
  switch (role) {
    case "admin":
      return 0;
    case "editor":
      return 1;
    case "reader":
      return 2;
    default:
      return role satisfies never;
  }
}
