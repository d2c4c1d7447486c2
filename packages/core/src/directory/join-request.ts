// A request to join: public keys and a name, proven by the device's key. It holds no secret and may be read by anybody; who it is from is
// shown by the fingerprint, compared by people, or by the MAC under an invite secret that only the two sides know.
import { type CryptoProvider, equalSecrets } from "@selkie/crypto";
import { labelled, parseSignature, type Signature, type StatementId, type Verifier } from "@selkie/entry";
import type { Identity } from "@selkie/keybag";
import { CborFields, encodeCbor } from "../cbor.ts";
import { CoreError } from "../errors.ts";
import { fingerprint, fingerprintWords } from "./fingerprint.ts";
import { deviceKeyOf } from "./identity.ts";
import { type JoinTexts, joinTexts, readJoinText } from "./join-uri.ts";
import {
  encodeRequested,
  type RequestedDevice,
  type RequestedKeys,
  readRequestedDevice,
  readRequestedKeys,
  requestedDevice,
  requestedFields,
  requestedKeys,
} from "./requested-keys.ts";
import type { AddDeviceStatement, GrantStatement, Role } from "./statement.ts";

interface Signed {
  /** By the device's signing key. */
  readonly proof: Signature;
  /** Under an invite secret, 32 bytes; null without an invitation. */
  readonly mac: Uint8Array | null;
}

interface ReadableRequest extends Signed, JoinTexts {
  /** The name the requester asks for, or of the user whose device it is to be. */
  readonly user: string;
  /** 60 digits over every key and the name: to be compared with what the requester sees. */
  readonly fingerprint: string;
  /** The fingerprint as 12 words. */
  readonly words: string;
}

/** Somebody asks to be admitted, by an admin. */
export interface UserRequest extends ReadableRequest {
  readonly kind: "user";
  readonly keys: RequestedKeys;
}

/** A further device of somebody who is in asks to be admitted, by a device of that user. */
export interface DeviceRequest extends ReadableRequest {
  readonly kind: "device";
  readonly keys: RequestedDevice;
}

/** A request whose proof holds. */
export type JoinRequest = UserRequest | DeviceRequest;

const malformed = "JOIN_MALFORMED";

/**
 * Makes a request for an identity.
 *
 * @param invite 32-byte invite secret; it is used as a MAC key and never leaves this device
 */
export async function createJoinRequest(
  crypto: CryptoProvider,
  identity: Identity,
  invite: Uint8Array | null = null,
): Promise<UserRequest> {
  const keys = await requestedKeys(crypto, identity, crypto.randomBytes(16));
  return { ...readable(crypto, keys, await sign(crypto, identity, keys, invite)), kind: "user", keys };
}

/** Makes a request for a further device: the identity's user key and slot are not in it. */
export async function createDeviceRequest(
  crypto: CryptoProvider,
  identity: Identity,
  invite: Uint8Array | null = null,
): Promise<DeviceRequest> {
  const keys = await requestedDevice(crypto, identity, crypto.randomBytes(16));
  return { ...readable(crypto, keys, await sign(crypto, identity, keys, invite)), kind: "device", keys };
}

/** Reads a request, from its URI or QR texts, and verifies its proof. @throws CoreError `JOIN_MALFORMED`, `KEY_INADMISSIBLE` */
export async function parseJoinRequest(verifier: Verifier, text: string): Promise<JoinRequest> {
  const { kind, bytes } = readJoinText(verifier, ["join-request:1", "device-request:1"], text);
  if (kind === "device-request:1") {
    const { keys, signed } = await parse(verifier, bytes, readRequestedDevice);
    return { ...readable(verifier, keys, signed), kind: "device", keys };
  }
  const { keys, signed } = await parse(verifier, bytes, readRequestedKeys);
  return { ...readable(verifier, keys, signed), kind: "user", keys };
}

/** Whether the request was made with this 32-byte invite secret. */
export async function isInvited(crypto: CryptoProvider, request: JoinRequest, invite: Uint8Array): Promise<boolean> {
  const { keys, mac } = request;
  return mac !== null && equalSecrets(mac, await inviteMac(crypto, invite, encodeRequested(keys)));
}

/** The statement that grants a request. */
export function grantFor({ keys }: { readonly keys: RequestedKeys }, role: Role): GrantStatement {
  return { type: "grant", ...keys, role, after: [], keys: [] };
}

/** The statement that admits a further device, and gives it the keys of these user-key statements. */
export function addDeviceFor(
  { keys: { deviceSign, deviceKem } }: DeviceRequest,
  userKeys: readonly StatementId[],
): AddDeviceStatement {
  return { type: "addDevice", deviceSign, deviceKem, userKeys };
}

async function sign(
  crypto: CryptoProvider,
  identity: Identity,
  keys: RequestedKeys | RequestedDevice,
  invite: Uint8Array | null,
): Promise<Signed> {
  const body = encodeRequested(keys);
  using device = await deviceKeyOf(crypto, identity);
  const [proof] = await crypto.signMany(device, "sign-join-request", [body]);
  if (proof === undefined) throw new CoreError(malformed, "no signature was made");
  return { proof, mac: invite === null ? null : await inviteMac(crypto, invite, body) };
}

async function parse<Keys extends RequestedKeys | RequestedDevice>(
  verifier: Verifier,
  bytes: Uint8Array,
  read: (fields: CborFields) => Keys,
): Promise<{ readonly keys: Keys; readonly signed: Signed }> {
  const fields = CborFields.decode(bytes, malformed);
  const keys = read(fields);
  const proof = parseSignature(fields.bytes(64));
  const mac = fields.bytesOrNull(32);
  fields.end();
  const message = labelled("sign-join-request", encodeRequested(keys));
  const [proven] = await verifier.verifyMany([{ publicKey: keys.deviceSign, message, signature: proof }]);
  if (proven !== true) throw new CoreError(malformed, "the request is not signed by the device it names");
  return { keys, signed: { proof, mac } };
}

function readable(verifier: Verifier, keys: RequestedKeys | RequestedDevice, { proof, mac }: Signed): ReadableRequest {
  const kind = "slot" in keys ? "join-request" : "device-request";
  const texts = joinTexts(verifier, `${kind}:1`, encodeCbor([...requestedFields(keys), proof, mac]));
  // SECURITY: A14. Over the encoding of every field (join-request.test.ts).
  const digits = fingerprint(verifier, kind, [encodeRequested(keys)]);
  const words = fingerprintWords(digits);
  return { user: keys.name, fingerprint: digits, words, proof, mac, ...texts };
}

async function inviteMac(crypto: CryptoProvider, invite: Uint8Array, body: Uint8Array): Promise<Uint8Array> {
  using secret = await crypto.importSecret(invite);
  const [mac] = await crypto.macMany(secret, "mac-join-request", [body]);
  return mac ?? new Uint8Array();
}
