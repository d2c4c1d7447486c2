// From stored records to what counts of a tenant.

import { equalBytes, type Founding, type TenantId, type Verifier, verifyFounding } from "@selkie/entry";
import type { StateStore } from "@selkie/store";
import {
  type AccessState,
  decodeAccessList,
  decodeSlotChain,
  decodeSlotLogin,
  documentKind,
  EMPTY_SLOT,
  emptyAccessState,
  type SlotState,
  type VerifiedAccessList,
  verifyAccessList,
  verifySlotChain,
  verifySlotLogin,
} from "@selkie/sync-protocol";
import { KnownHoles } from "../replica/known-holes.ts";
import { BegunChains } from "./begun-chains.ts";
import { documentsOf, readTenantRecords } from "./records.ts";

/** A tenant as the store has it. */
export interface LoadedTenant {
  readonly state: AccessState;
  /** Bytes pushed, by login key in hexadecimal. */
  readonly bytesByKey: ReadonlyMap<string, number>;
  readonly holes: KnownHoles;
  readonly begun: BegunChains;
}

/**
 * Reads a tenant and verifies its documents again, or answers null when it is not registered. A document damaged on disk does not
 * count, as if it had never come: with it, whom it named is not let in until somebody brings it again.
 */
export async function loadTenant(
  state: StateStore,
  verifier: Verifier,
  tenant: TenantId,
): Promise<LoadedTenant | null> {
  const records = await readTenantRecords(state, tenant);
  const founding = records.founding === null ? null : await loadFounding(verifier, tenant, records.founding);
  if (founding === null) return null;
  const slots = new Map<string, SlotState>();
  for (const [name, value] of records.slots) slots.set(name, await loadSlot(verifier, value));
  const list = records.list === null ? null : await loadList(verifier, records.list);
  const { bytesByKey, holes, begun } = records;
  return {
    state: { ...emptyAccessState(founding), list, slots },
    ...{ bytesByKey, holes: new KnownHoles(holes), begun: new BegunChains(begun) },
  };
}

async function loadFounding(verifier: Verifier, tenant: TenantId, bytes: Uint8Array): Promise<Founding | null> {
  const founding = await orNull(() => verifyFounding(verifier, bytes));
  return founding !== null && equalBytes(founding.tenant, tenant) ? founding : null;
}

function loadList(verifier: Verifier, bytes: Uint8Array): Promise<VerifiedAccessList | null> {
  return orNull(async () => verifyAccessList(verifier, decodeAccessList(bytes)));
}

async function loadSlot(verifier: Verifier, value: Uint8Array): Promise<SlotState> {
  let slot = EMPTY_SLOT;
  for (const document of (await orNull(async () => documentsOf(value))) ?? []) {
    if (document[0] === documentKind.slotChain) {
      slot = { ...slot, chain: await orNull(async () => verifySlotChain(verifier, decodeSlotChain(document))) };
    } else {
      const login = await orNull(async () => verifySlotLogin(verifier, decodeSlotLogin(document)));
      if (login !== null) slot = { ...slot, logins: [...slot.logins, login] };
    }
  }
  return slot;
}

/** Decoders throw typed errors on damaged bytes; here they all mean that the document is not there. */
async function orNull<T>(read: () => Promise<T | null>): Promise<T | null> {
  try {
    return await read();
  } catch {
    return null;
  }
}
