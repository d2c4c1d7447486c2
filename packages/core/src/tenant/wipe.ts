import { type TenantId, toHex } from "@selkie/entry";
import type { TenantRecord } from "@selkie/keybag";
import type { Store } from "@selkie/store";
import type { KeyBagFile } from "./tenant-context.ts";

/** Where a tenant lies on this device. */
interface Device {
  readonly store: Pick<Store, "forget">;
  readonly bag: KeyBagFile;
}

/**
 * Removes a tenant from this device: its entries, blobs, local state and keys. The tenant is closed. Doing it again is harmless.
 *
 * INVARIANT: whenever it ends halfway, the KeyBag says so (test "is finished wherever it was interrupted"): it names the tenant, with the
 * mark of {@link isBeingWiped}, until the store is empty; a store that was emptied first could not be told from one that lost its disk.
 */
export async function wipeTenant({ store, bag }: Device, tenant: TenantId): Promise<void> {
  const { keyBag } = bag;
  const record = keyBag.tenants().find((held) => toHex(held.tenant) === toHex(tenant));
  if (record !== undefined && !isBeingWiped(record)) {
    await keyBag.putTenant({ ...record, data: new Uint8Array() });
    await bag.save();
  }
  await store.forget(tenant);
  await keyBag.removeTenant(tenant);
  await bag.save();
}

/** Whether a wipe of this tenant was begun: it can't be opened any more. Core's data of a tenant is never empty otherwise. */
export function isBeingWiped({ data }: TenantRecord): boolean {
  return data.length === 0;
}

/** Finishes what {@link wipeTenant} has begun; before any tenant is opened. Resolves with the tenants that are gone now. */
export async function finishWipes(device: Device): Promise<readonly TenantId[]> {
  const begun = device.bag.keyBag.tenants().filter(isBeingWiped);
  for (const { tenant } of begun) await wipeTenant(device, tenant);
  return begun.map(({ tenant }) => tenant);
}
