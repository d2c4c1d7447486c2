// What a relay knows of who may connect, and the rules by which documents change it: pure functions, so that every relay that saw
// the same documents in one order agrees. docs/spec/sync.md section 8.4.
import { equalBytes, type LoginKey, type TenantId, toHex, type WriterKey } from "@selkie/entry";
import type { VerifiedAccessList } from "./access-list.ts";
import type { VerifiedAccessTicket } from "./access-ticket.ts";
import type { Rights } from "./rights.ts";
import type { VerifiedSlotKeys } from "./slot-keys.ts";

/** The access documents of one tenant that count now. */
export interface AccessState {
  readonly tenant: TenantId;
  /** The key that signed the founding entry. */
  readonly root: WriterKey;
  readonly list: VerifiedAccessList | null;
  /** Newest slot keys by slot key in hexadecimal. Those of a slot that left the list stay, so that none older returns with it. */
  readonly slotKeys: ReadonlyMap<string, VerifiedSlotKeys>;
}

/** Why a document does not count. */
export type AccessRefusal = "WRONG_TENANT" | "SIGNER_NOT_TRUSTED" | "NOT_NEWER" | "SLOT_UNKNOWN";

/** What presenting a document did. */
export type AccessChange =
  | { readonly type: "applied"; readonly state: AccessState }
  | { readonly type: "known" }
  | { readonly type: "refused"; readonly code: AccessRefusal };

/** A tenant nobody may connect to yet: the first list must be the root's. */
export function emptyAccessState(tenant: TenantId, root: WriterKey): AccessState {
  return { tenant, root, list: null, slotKeys: new Map() };
}

/**
 * Replaces the list by `next`. A list must be newer by (epoch, height); only the root may raise the epoch, so that a stolen signer
 * cannot keep a tenant, and no older list returns after the root spoke.
 */
export function applyAccessList(state: AccessState, next: VerifiedAccessList): AccessChange {
  if (!equalBytes(next.tenant, state.tenant)) return refused("WRONG_TENANT");
  const { list } = state;
  const byRoot = equalBytes(next.signer, state.root);
  if (list === null) return byRoot ? applied({ ...state, list: next }) : refused("SIGNER_NOT_TRUSTED");
  if (equalBytes(next.signature, list.signature)) return { type: "known" };
  if (!isNewer(next.epoch, next.height, list)) return refused("NOT_NEWER");
  // SECURITY: a signer stays within its epoch. Test: access-state.test.ts "a root-signed list outranks any height".
  const bySigner = next.epoch === list.epoch && list.signers.some((key) => equalBytes(key, next.signer));
  return byRoot || bySigner ? applied({ ...state, list: next }) : refused("SIGNER_NOT_TRUSTED");
}

/** Replaces a slot's login keys. The slot must be in the list, or in a ticket that admits it now. */
export function applySlotKeys(
  state: AccessState,
  next: VerifiedSlotKeys,
  tickets: readonly VerifiedAccessTicket[] = [],
): AccessChange {
  if (!equalBytes(next.tenant, state.tenant)) return refused("WRONG_TENANT");
  if (slotRights(state, next.slot, tickets) === null) return refused("SLOT_UNKNOWN");
  const name = toHex(next.slot);
  const current = state.slotKeys.get(name);
  if (current !== undefined) {
    if (equalBytes(current.signature, next.signature)) return { type: "known" };
    if (next.height <= current.height) return refused("NOT_NEWER");
  }
  return applied({ ...state, slotKeys: new Map(state.slotKeys).set(name, next) });
}

/** Whether the ticket counts now: for a list newer than the one here, and by the root or a signer of the one here. */
export function ticketAdmits(state: AccessState, ticket: VerifiedAccessTicket): boolean {
  const { list } = state;
  if (list === null || !equalBytes(ticket.tenant, state.tenant)) return false;
  if (!isNewer(ticket.listEpoch, ticket.listHeight, list)) return false;
  if (equalBytes(ticket.signer, state.root)) return true;
  return ticket.listEpoch === list.epoch && list.signers.some((key) => equalBytes(key, ticket.signer));
}

/** What a login key may do now, through the list or one of these tickets; null when it may not connect. */
export function rightsOf(
  state: AccessState,
  loginKey: LoginKey,
  tickets: readonly VerifiedAccessTicket[] = [],
): Rights | null {
  const found: Rights[] = [];
  for (const { slot, loginKeys } of state.slotKeys.values()) {
    if (!loginKeys.some((key) => equalBytes(key, loginKey))) continue;
    const rights = slotRights(state, slot, tickets);
    if (rights !== null) found.push(rights);
  }
  if (found.length === 0) return null;
  return {
    pull: found.some((rights) => rights.pull),
    push: found.some((rights) => rights.push),
    purge: found.some((rights) => rights.purge),
  };
}

function slotRights(state: AccessState, slot: Uint8Array, tickets: readonly VerifiedAccessTicket[]): Rights | null {
  const listed = state.list?.slots.find((item) => equalBytes(item.slot, slot));
  if (listed !== undefined) return listed.rights;
  return tickets.find((ticket) => equalBytes(ticket.slot, slot) && ticketAdmits(state, ticket))?.rights ?? null;
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
