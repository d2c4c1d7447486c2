// The keys of a person and of this device, made out of the seeds that the KeyBag keeps.
import type { CryptoProvider, KemKey, SigningKey } from "@selkie/crypto";
import type { Verifier } from "@selkie/entry";
import type { Identity } from "@selkie/keybag";
import { fingerprint } from "./fingerprint.ts";
import { requireName } from "./name.ts";

/** What others know a person and a device by. */
export interface IdentityKeys {
  readonly name: string;
  /** 1,216-byte KEM key of the person. */
  readonly userKem: Uint8Array;
  /** 32-byte signing key of the device. */
  readonly deviceSign: Uint8Array;
  /** 1,216-byte KEM key of the device. */
  readonly deviceKem: Uint8Array;
}

/** Makes the secrets of a new identity; no tenant is needed. @throws CoreError `NAME_INVALID` */
export function newIdentity(crypto: CryptoProvider, name: string): Identity {
  return {
    id: crypto.randomBytes(16),
    name: requireName(name),
    userSeed: crypto.randomBytes(32),
    deviceSignSeed: crypto.randomBytes(32),
    deviceKemSeed: crypto.randomBytes(32),
    deviceSecret: crypto.randomBytes(32),
    slotSeed: crypto.randomBytes(32),
  };
}

/** The public keys of an identity. */
export async function publicKeysOf(crypto: CryptoProvider, identity: Identity): Promise<IdentityKeys> {
  using user = await userKemOf(crypto, identity);
  using sign = await deviceKeyOf(crypto, identity);
  using kem = await deviceKemOf(crypto, identity);
  return { name: identity.name, userKem: user.publicKey, deviceSign: sign.publicKey, deviceKem: kem.publicKey };
}

/** The fingerprint of a person's and device's keys and name: 60 digits. */
export function identityFingerprint(verifier: Verifier, keys: IdentityKeys): string {
  const { name, userKem, deviceSign, deviceKem } = keys;
  return fingerprint(verifier, "identity", [new TextEncoder().encode(name), userKem, deviceSign, deviceKem]);
}

/** The person's KEM key: opens permits to the user. */
export function userKemOf(crypto: CryptoProvider, { userSeed }: Identity): Promise<KemKey> {
  return crypto.importKemKey(userSeed);
}

/** The device's KEM key: opens permits to the device. */
export function deviceKemOf(crypto: CryptoProvider, { deviceKemSeed }: Identity): Promise<KemKey> {
  return crypto.importKemKey(deviceKemSeed);
}

/** The device's signing key: certifies writers, proves requests. */
export function deviceKeyOf(crypto: CryptoProvider, { deviceSignSeed }: Identity): Promise<SigningKey> {
  return crypto.importSigningKey(deviceSignSeed);
}

/**
 * The key by which this device logs in to relays of a tenant; no relay can link it to another tenant.
 *
 * @param of the tenant's id; for a further device of a user, the 16-byte salt of its request, which it makes before it knows the tenant
 */
export async function loginKeyFor(
  crypto: CryptoProvider,
  { deviceSecret }: Identity,
  of: Uint8Array,
): Promise<SigningKey> {
  using secret = await crypto.importSecret(deviceSecret);
  return await crypto.importSigningKey(await crypto.derive(secret, "derive-login-key", of, 32));
}

/** The first key by which the devices of a user manage their logins in one tenant; `slotSalt` is in the grant. */
export async function slotKeyFor(
  crypto: CryptoProvider,
  identity: Identity,
  slotSalt: Uint8Array,
): Promise<SigningKey> {
  return await crypto.importSigningKey(await slotSeedFor(crypto, identity, slotSalt));
}

/** The 32-byte seed of that key: what a further device of the user is given. */
export async function slotSeedFor(
  crypto: CryptoProvider,
  { slotSeed }: Identity,
  slotSalt: Uint8Array,
): Promise<Uint8Array> {
  using secret = await crypto.importSecret(slotSeed);
  return await crypto.derive(secret, "derive-slot-key", slotSalt, 32);
}

/**
 * The slot key that goes with a user key: whoever holds the newest user key of a person can make it, and a device that was removed cannot.
 *
 * @param userKeySeed of a user key that a user-key statement named, 32 bytes
 */
export async function nextSlotKeyFor(
  crypto: CryptoProvider,
  userKeySeed: Uint8Array,
  slotSalt: Uint8Array,
): Promise<SigningKey> {
  using secret = await crypto.importSecret(userKeySeed);
  return await crypto.importSigningKey(await crypto.derive(secret, "derive-next-slot-key", slotSalt, 32));
}
