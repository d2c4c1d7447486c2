// From stored records to what counts of a tenant.

import { equalBytes, type TenantId, toHex, type Verifier, verifyFounding, type WriterKey } from "@selkie/entry";
import type { StateStore } from "@selkie/store";
import {
  type AccessState,
  decodeAccessList,
  decodeSlotKeys,
  emptyAccessState,
  type VerifiedAccessList,
  type VerifiedSlotKeys,
  verifyAccessList,
  verifySlotKeys,
} from "@selkie/sync-protocol";
import { readTenantRecords } from "./records.ts";

/** A tenant as the store has it. */
export interface LoadedTenant {
  readonly state: AccessState;
  /** Bytes pushed, by login key in hexadecimal. */
  readonly bytesByKey: ReadonlyMap<string, number>;
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
  const root = records.founding === null ? null : await rootOf(verifier, tenant, records.founding);
  if (root === null) return null;
  const slotKeys = new Map<string, VerifiedSlotKeys>();
  for (const bytes of records.slotKeys) {
    const keys = await orNull(async () => verifySlotKeys(verifier, decodeSlotKeys(bytes)));
    if (keys !== null) slotKeys.set(toHex(keys.slot), keys);
  }
  const list = records.list === null ? null : await loadList(verifier, records.list);
  return { state: { ...emptyAccessState(tenant, root), list, slotKeys }, bytesByKey: records.bytesByKey };
}

async function rootOf(verifier: Verifier, tenant: TenantId, bytes: Uint8Array): Promise<WriterKey | null> {
  const founding = await orNull(() => verifyFounding(verifier, bytes));
  return founding !== null && equalBytes(founding.tenant, tenant) ? founding.root : null;
}

function loadList(verifier: Verifier, bytes: Uint8Array): Promise<VerifiedAccessList | null> {
  return orNull(async () => verifyAccessList(verifier, decodeAccessList(bytes)));
}

/** Decoders throw typed errors on damaged bytes; here they all mean that the document is not there. */
async function orNull<T>(read: () => Promise<T | null>): Promise<T | null> {
  try {
    return await read();
  } catch {
    return null;
  }
}
