import type { CryptoProvider } from "@selkie/crypto";
import type { TenantId } from "@selkie/entry";
import type { Identity } from "@selkie/keybag";
import { loginKeyFor, slotKeyFor } from "../directory/identity.ts";
import type { DeviceKeys } from "./tenant-context.ts";

/** Imports an identity's secrets for one tenant; dispose them when the tenant closes. */
export async function importDeviceKeys(
  crypto: CryptoProvider,
  identity: Identity,
  tenant: TenantId,
  slotSalt: Uint8Array,
): Promise<DeviceKeys> {
  const [device, deviceSecret, deviceKem, userKem, slot, login] = await Promise.all([
    crypto.importSigningKey(identity.deviceSignSeed),
    crypto.importSecret(identity.deviceSecret),
    crypto.importKemKey(identity.deviceKemSeed),
    crypto.importKemKey(identity.userSeed),
    slotKeyFor(crypto, identity, slotSalt),
    loginKeyFor(crypto, identity, tenant),
  ]);
  return { identity, device, deviceSecret, deviceKem, userKem, slot, login };
}

export function disposeDeviceKeys(keys: DeviceKeys): void {
  for (const key of [keys.device, keys.deviceSecret, keys.deviceKem, keys.userKem, keys.slot, keys.login])
    key[Symbol.dispose]();
}
