// What a relay knows of who may connect, and the rules by which documents change it: pure functions, so that every relay that saw
// the same documents in one order agrees. docs/spec/sync.md section 8.4.
import { equalBytes, type Founding, type LoginKey, parseLoginKey, toHex } from "@selkie/entry";
import type { VerifiedAccessList } from "./access-list.ts";
import type { VerifiedAccessTicket } from "./access-ticket.ts";
import type { VerifiedRetireList } from "./retire-list.ts";
import { NO_RIGHTS, type Rights } from "./rights.ts";
import type { VerifiedSlotChain } from "./slot-chain.ts";
import type { VerifiedSlotLogin } from "./slot-login.ts";
import { addLogin, EMPTY_SLOT, extendChain, type SlotChange, type SlotState, standingOf } from "./slots.ts";

/** The access documents of one tenant that count now. */
export interface AccessState {
  readonly founding: Founding;
  readonly list: VerifiedAccessList | null;
  /** By slot, in hexadecimal. Those of a slot that left the list stay, so that nothing older returns with it. */
  readonly slots: ReadonlyMap<string, SlotState>;
}

/** Why a document does not count. */
export type AccessRefusal =
  | "WRONG_TENANT"
  | "SIGNER_NOT_TRUSTED"
  | "NOT_NEWER"
  | "SLOT_UNKNOWN"
  | "SLOT_SUCCEEDED"
  | "SLOT_KEY_UNKNOWN"
  | "SLOT_FULL";

/** What presenting a document did. */
export type AccessChange =
  | { readonly type: "applied"; readonly state: AccessState }
  | { readonly type: "known" }
  | { readonly type: "refused"; readonly code: AccessRefusal };

/** A tenant nobody may connect to yet: the first list must be the root's. */
export function emptyAccessState(founding: Founding): AccessState {
  return { founding, list: null, slots: new Map() };
}

/**
 * Replaces the list by `next`. A list must be newer by (epoch, height); only the root may raise the epoch, so that a stolen signer
 * cannot keep a tenant, and no older list returns after the root spoke.
 */
export function applyAccessList(state: AccessState, next: VerifiedAccessList): AccessChange {
  if (!equalBytes(next.tenant, state.founding.tenant)) return refused("WRONG_TENANT");
  const { list } = state;
  const byRoot = equalBytes(next.signer, state.founding.root);
  if (list === null) return byRoot ? applied({ ...state, list: next }) : refused("SIGNER_NOT_TRUSTED");
  if (equalBytes(next.signature, list.signature)) return { type: "known" };
  if (!isNewer(next.epoch, next.height, list)) return refused("NOT_NEWER");
  // SECURITY: a signer stays within its epoch. Test: access-state.test.ts "a root-signed list outranks any height".
  const bySigner = next.epoch === list.epoch && list.signers.some((key) => equalBytes(key, next.signer));
  return byRoot || bySigner ? applied({ ...state, list: next }) : refused("SIGNER_NOT_TRUSTED");
}

/** Replaces the key of a slot. The slot must be in the list, or in a ticket that admits it now. */
export function applySlotChain(
  state: AccessState,
  chain: VerifiedSlotChain,
  tickets: readonly VerifiedAccessTicket[] = [],
): AccessChange {
  return changeSlot(state, chain, tickets, (slot) => extendChain(slot, chain));
}

/** Lets a login key of a slot in. The slot must be in the list, or in a ticket that admits it now. */
export function applySlotLogin(
  state: AccessState,
  login: VerifiedSlotLogin,
  tickets: readonly VerifiedAccessTicket[] = [],
): AccessChange {
  return changeSlot(state, login, tickets, (slot) => addLogin(slot, login));
}

/** Whether the ticket counts now: for a list newer than the one here, and by the root or a signer of the one here. */
export function ticketAdmits(state: AccessState, ticket: VerifiedAccessTicket): boolean {
  const { list } = state;
  if (list === null || !equalBytes(ticket.tenant, state.founding.tenant)) return false;
  if (!isNewer(ticket.listEpoch, ticket.listHeight, list)) return false;
  if (equalBytes(ticket.signer, state.founding.root)) return true;
  return ticket.listEpoch === list.epoch && list.signers.some((key) => equalBytes(key, ticket.signer));
}

/**
 * What a login key may do now, through the list or one of these tickets; null when it may not connect. No right at all means: it was let
 * in once and is not any more, for its slot was removed or has another key. It may read the directory, which says why.
 */
export function rightsOf(
  state: AccessState,
  loginKey: LoginKey,
  tickets: readonly VerifiedAccessTicket[] = [],
): Rights | null {
  const found: Rights[] = [];
  for (const [name, slot] of state.slots) {
    const standing = standingOf(slot, loginKey);
    const rights = standing === null ? null : slotRights(state, name, tickets);
    if (rights !== null) found.push(standing === "current" ? rights : NO_RIGHTS);
  }
  if (found.length === 0) return null;
  return {
    pull: found.some((rights) => rights.pull),
    push: found.some((rights) => rights.push),
    purge: found.some((rights) => rights.purge),
  };
}

/** Whose word a retire list is: `root`, or a slot in hexadecimal; null for who may have nothing dropped, or for parts of the directory. */
export function retirerOf(state: AccessState, list: VerifiedRetireList): string | null {
  const { founding, slots } = state;
  if (!equalBytes(list.tenant, founding.tenant)) return null;
  if (list.parts.length > 0 && equalBytes(list.database, founding.database)) return null;
  if (equalBytes(list.signer, founding.root)) return "root";
  const key = parseLoginKey(list.signer);
  for (const [name, slot] of slots)
    if (standingOf(slot, key) === "current" && slotRights(state, name, [])?.purge === true) return name;
  return null;
}

function changeSlot(
  state: AccessState,
  document: VerifiedSlotChain | VerifiedSlotLogin,
  tickets: readonly VerifiedAccessTicket[],
  change: (slot: SlotState) => SlotChange,
): AccessChange {
  if (!equalBytes(document.tenant, state.founding.tenant)) return refused("WRONG_TENANT");
  const name = toHex(document.slot);
  if (slotRights(state, name, tickets) === null) return refused("SLOT_UNKNOWN");
  const next = change(state.slots.get(name) ?? EMPTY_SLOT);
  if (next === "KNOWN") return { type: "known" };
  if (typeof next === "string") return refused(next);
  return applied({ ...state, slots: new Map(state.slots).set(name, next) });
}

function slotRights(state: AccessState, name: string, tickets: readonly VerifiedAccessTicket[]): Rights | null {
  const listed = state.list?.slots.find((item) => toHex(item.slot) === name);
  if (listed !== undefined) return listed.rights;
  return tickets.find((ticket) => toHex(ticket.slot) === name && ticketAdmits(state, ticket))?.rights ?? null;
}

function isNewer(epoch: number, height: number, list: { readonly epoch: number; readonly height: number }): boolean {
  return epoch > list.epoch || (epoch === list.epoch && height > list.height);
}

function applied(state: AccessState): AccessChange {
  return { type: "applied", state };
}

function refused(code: AccessRefusal): AccessChange {
  return { type: "refused", code };
}
