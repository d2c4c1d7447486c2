// The public keys that a request asks to be admitted: of a person with its first device, or of a further device of somebody who is in.
import type { CryptoProvider } from "@selkie/crypto";
import { hash, isAdmissiblePublicKey, type Verifier } from "@selkie/entry";
import type { Identity } from "@selkie/keybag";
import { type CborFields, encodeCbor } from "../cbor.ts";
import { CoreError } from "../errors.ts";
import { type IdentityKeys, loginKeyFor, publicKeysOf, slotKeyFor } from "./identity.ts";
import { isAdmissibleKemKey, kemKeyBytes } from "./kem-admission.ts";
import { isName, maxNameLength } from "./name.ts";

/** Everything a grant needs to know of the one it admits. */
export interface RequestedKeys extends IdentityKeys {
  /** 32-byte key by which the user's devices will manage their logins. */
  readonly slot: Uint8Array;
  /** 16 random bytes the slot key derives from: the relays of two tenants cannot link it. */
  readonly slotSalt: Uint8Array;
}

/** What a user's device needs to know of the next one. The user's own keys are not here: the new device does not have them yet. */
export interface RequestedDevice extends Omit<IdentityKeys, "userKem"> {
  /** 32-byte key by which the device will log in to relays: it does not know the tenant yet. */
  readonly login: Uint8Array;
  /** 16 random bytes the login key derives from. */
  readonly loginSalt: Uint8Array;
}

/** What a request of this identity with this salt asks for, to be admitted as a new user. */
export async function requestedKeys(
  crypto: CryptoProvider,
  identity: Identity,
  slotSalt: Uint8Array,
): Promise<RequestedKeys> {
  using slot = await slotKeyFor(crypto, identity, slotSalt);
  return { ...(await publicKeysOf(crypto, identity)), slot: slot.publicKey, slotSalt };
}

/** What a request of this identity with this salt asks for, to be admitted as a further device. */
export async function requestedDevice(
  crypto: CryptoProvider,
  identity: Identity,
  loginSalt: Uint8Array,
): Promise<RequestedDevice> {
  using login = await loginKeyFor(crypto, identity, loginSalt);
  const { name, deviceSign, deviceKem } = await publicKeysOf(crypto, identity);
  return { name, deviceSign, deviceKem, login: login.publicKey, loginSalt };
}

/** Six fields, or five: no encoding of one is one of the other. */
export function encodeRequested(keys: RequestedKeys | RequestedDevice): Uint8Array {
  return encodeCbor(requestedFields(keys));
}

/** The fields of {@link encodeRequested}, in order. */
export function requestedFields(keys: RequestedKeys | RequestedDevice): readonly (string | Uint8Array)[] {
  const { name, deviceSign, deviceKem } = keys;
  return "slot" in keys
    ? [name, keys.userKem, deviceSign, deviceKem, keys.slot, keys.slotSalt]
    : [name, deviceSign, deviceKem, keys.login, keys.loginSalt];
}

/** 16 bytes that name a request in its response. */
export function requestIdOf(verifier: Verifier, keys: RequestedKeys | RequestedDevice): Uint8Array {
  return hash(verifier, "join-request", encodeRequested(keys)).slice(0, 16);
}

/** The first fields of a new user's request. @throws CoreError `JOIN_MALFORMED`, `KEY_INADMISSIBLE` */
export function readRequestedKeys(fields: CborFields): RequestedKeys {
  const keys = {
    name: readName(fields),
    userKem: fields.bytes(kemKeyBytes),
    deviceSign: fields.bytes(32),
    deviceKem: fields.bytes(kemKeyBytes),
    slot: fields.bytes(32),
    slotSalt: fields.bytes(16),
  };
  requireAdmissible([keys.deviceSign, keys.slot], [keys.userKem, keys.deviceKem]);
  return keys;
}

/** The first fields of a further device's request. @throws CoreError `JOIN_MALFORMED`, `KEY_INADMISSIBLE` */
export function readRequestedDevice(fields: CborFields): RequestedDevice {
  const keys = {
    name: readName(fields),
    deviceSign: fields.bytes(32),
    deviceKem: fields.bytes(kemKeyBytes),
    login: fields.bytes(32),
    loginSalt: fields.bytes(16),
  };
  requireAdmissible([keys.deviceSign, keys.login], [keys.deviceKem]);
  return keys;
}

function readName(fields: CborFields): string {
  const name = fields.text(maxNameLength);
  if (!isName(name)) throw new CoreError("JOIN_MALFORMED", "the name is not a name");
  return name;
}

/** SECURITY: A12. Refused before anybody compares a fingerprint (join-request.test.ts). */
function requireAdmissible(signing: readonly Uint8Array[], kem: readonly Uint8Array[]): void {
  if (!signing.every(isAdmissiblePublicKey) || !kem.every(isAdmissibleKemKey))
    throw new CoreError("KEY_INADMISSIBLE", "the request holds a key that no honest device makes");
}
