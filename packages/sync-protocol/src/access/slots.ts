// What is known of one slot: the keys it had, and the login keys that they let in. Pure functions; docs/spec/sync.md section 8.5.
import { equalBytes, type LoginKey } from "@selkie/entry";
import type { VerifiedSlotChain } from "./slot-chain.ts";
import type { VerifiedSlotLogin } from "./slot-login.ts";

/** Login keys of one slot; at most. */
export const MAX_SLOT_LOGINS = 16;

/** One slot. */
export interface SlotState {
  /** Null while the slot has its first key. */
  readonly chain: VerifiedSlotChain | null;
  /** One for each login key, in the order in which they came. */
  readonly logins: readonly VerifiedSlotLogin[];
}

/** A slot nobody has spoken for yet. */
export const EMPTY_SLOT: SlotState = { chain: null, logins: [] };

/** What a document changed of a slot, or why it counts for nothing. */
export type SlotChange = SlotState | "KNOWN" | "SLOT_SUCCEEDED" | "SLOT_KEY_UNKNOWN" | "SLOT_FULL";

/**
 * Takes a longer chain. SECURITY: the first succession seen of a key stays: a lost device that still holds the key cannot name another
 * one afterwards. Test: slots.test.ts "the first succession seen wins".
 */
export function extendChain(slot: SlotState, next: VerifiedSlotChain): SlotChange {
  const held = slot.chain?.successions ?? [];
  const isSame = next.successions.every(({ key }, at) => held[at] === undefined || equalBytes(held[at].key, key));
  if (!isSame) return "SLOT_SUCCEEDED";
  return next.successions.length > held.length ? { ...slot, chain: next } : "KNOWN";
}

/**
 * Takes a login key. One that an earlier key of the slot let in is kept as well, so that documents count the same in any order; it has no
 * rights, and makes room when there is none left.
 */
export function addLogin(slot: SlotState, login: VerifiedSlotLogin): SlotChange {
  const place = placeOf(slot, login);
  if (place < 0) return "SLOT_KEY_UNKNOWN";
  const before = slot.logins.find(({ loginKey }) => equalBytes(loginKey, login.loginKey));
  if (before !== undefined && placeOf(slot, before) >= place) return "KNOWN";
  const others = slot.logins.filter((other) => other !== before);
  if (others.length < MAX_SLOT_LOGINS) return { ...slot, logins: [...others, login] };
  const oldest = others.reduce((a, b) => (placeOf(slot, b) < placeOf(slot, a) ? b : a));
  if (placeOf(slot, oldest) >= place) return "SLOT_FULL";
  return { ...slot, logins: [...others.filter((other) => other !== oldest), login] };
}

/** How this slot knows a login key: by its newest key, by an earlier one, or not at all. */
export function standingOf(slot: SlotState, key: LoginKey): "current" | "superseded" | null {
  const login = slot.logins.find(({ loginKey }) => equalBytes(loginKey, key));
  if (login === undefined) return null;
  return placeOf(slot, login) === (slot.chain?.successions.length ?? 0) ? "current" : "superseded";
}

/** Which of the slot's keys signed this: 0 the first, -1 none. */
function placeOf({ chain }: SlotState, { slot, signer }: VerifiedSlotLogin): number {
  if (equalBytes(signer, slot)) return 0;
  const place = chain?.successions.findIndex(({ key }) => equalBytes(key, signer)) ?? -1;
  return place < 0 ? -1 : place + 1;
}
