import type { CryptoProvider } from "@selkie/crypto";
import type { TenantId } from "@selkie/entry";
import type { Identity } from "@selkie/keybag";
import { loginKeyFor, slotSeedFor } from "../directory/identity.ts";
import { PersonKeys } from "./person-keys.ts";
import type { DeviceKeys } from "./tenant-context.ts";
import type { TenantData } from "./tenant-data.ts";

/** Imports an identity's secrets for one tenant; dispose them when the tenant closes. */
export async function importDeviceKeys(
  crypto: CryptoProvider,
  identity: Identity,
  tenant: TenantId,
  { joinedAs, salt, userSeeds, slotSeed }: Omit<TenantData, "ticket">,
): Promise<DeviceKeys> {
  const person = new PersonKeys(crypto);
  const isFirst = joinedAs === "user";
  const slot = slotSeed ?? (isFirst ? await slotSeedFor(crypto, identity, salt) : null);
  // A further device has a user key of its own making, for tenants it joins by itself. It is nobody's here.
  for (const seed of [...(isFirst ? [identity.userSeed] : []), ...userSeeds]) await person.addUserKey(seed.slice());
  if (slot !== null) await person.setSlot(slot);
  const [device, deviceSecret, deviceKem, login] = await Promise.all([
    crypto.importSigningKey(identity.deviceSignSeed),
    crypto.importSecret(identity.deviceSecret),
    crypto.importKemKey(identity.deviceKemSeed),
    loginKeyFor(crypto, identity, isFirst ? tenant : salt),
  ]);
  return { identity, device, deviceSecret, deviceKem, person, login };
}

export function disposeDeviceKeys(keys: DeviceKeys): void {
  for (const key of [keys.device, keys.deviceSecret, keys.deviceKem, keys.person, keys.login]) key[Symbol.dispose]();
}
