// A request to join: public keys and a name, proven by the device's key. It holds no secret and may be read by anybody; who it is from is
// shown by the fingerprint, compared by people, or by the MAC under an invite secret that only the admin and the requester know.
import { type CryptoProvider, equalSecrets } from "@selkie/crypto";
import { hash, isAdmissiblePublicKey, labelled, parseSignature, type Signature, type Verifier } from "@selkie/entry";
import type { Identity } from "@selkie/keybag";
import { CborFields, type CborValue, encodeCbor } from "../cbor.ts";
import { CoreError } from "../errors.ts";
import { fingerprint, fingerprintWords } from "./fingerprint.ts";
import { deviceKeyOf, type IdentityKeys, publicKeysOf, slotKeyFor } from "./identity.ts";
import { decodeJoinUri, encodeJoinUri } from "./join-uri.ts";
import { isAdmissibleKemKey, kemKeyBytes } from "./kem-admission.ts";
import { isName, maxNameLength } from "./name.ts";
import type { GrantStatement, Role } from "./statement.ts";

/** Everything a grant needs to know of the one it admits. */
export interface RequestedKeys extends IdentityKeys {
  /** 32-byte key by which the user's devices will manage their logins. */
  readonly slot: Uint8Array;
  /** 16 random bytes the slot key derives from: the relays of two tenants cannot link it. */
  readonly slotSalt: Uint8Array;
}

/** A request whose proof holds. */
export interface JoinRequest {
  /** The name the requester asks for. */
  readonly user: string;
  /** 60 digits over every key and the name: to be compared with what the requester sees. */
  readonly fingerprint: string;
  /** The fingerprint as 12 words. */
  readonly words: string;
  readonly keys: RequestedKeys;
  /** By the device's signing key. */
  readonly proof: Signature;
  /** Under an invite secret, 32 bytes; null without an invitation. */
  readonly mac: Uint8Array | null;
  /** The URI. */
  toString(): string;
}

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
): Promise<JoinRequest> {
  const keys = await requestedKeys(crypto, identity, crypto.randomBytes(16));
  const body = encodeKeys(keys);
  using device = await deviceKeyOf(crypto, identity);
  const [proof] = await crypto.signMany(device, "sign-join-request", [body]);
  if (proof === undefined) throw new CoreError(malformed, "no signature was made");
  return joinRequest(crypto, { keys, proof, mac: invite === null ? null : await inviteMac(crypto, invite, body) });
}

/** Reads a request and verifies its proof. @throws CoreError `JOIN_MALFORMED`, `KEY_INADMISSIBLE` */
export async function parseJoinRequest(verifier: Verifier, text: string): Promise<JoinRequest> {
  const fields = CborFields.decode(decodeJoinUri("join-request:1", text), malformed);
  const keys = readKeys(fields);
  const proof = parseSignature(fields.bytes(64));
  const mac = fields.bytesOrNull(32);
  fields.end();
  requireAdmissible(keys);
  const message = labelled("sign-join-request", encodeKeys(keys));
  const [proven] = await verifier.verifyMany([{ publicKey: keys.deviceSign, message, signature: proof }]);
  if (proven !== true) throw new CoreError(malformed, "the request is not signed by the device it names");
  return joinRequest(verifier, { keys, proof, mac });
}

/** Whether the request was made with this 32-byte invite secret. */
export async function isInvited(crypto: CryptoProvider, request: JoinRequest, invite: Uint8Array): Promise<boolean> {
  return request.mac !== null && equalSecrets(request.mac, await inviteMac(crypto, invite, encodeKeys(request.keys)));
}

/** The statement that grants a request. */
export function grantFor({ keys }: { readonly keys: RequestedKeys }, role: Role): GrantStatement {
  return { type: "grant", ...keys, role, after: [], keys: [] };
}

/** 16 bytes that name a request in its response. */
export function requestIdOf(verifier: Verifier, keys: RequestedKeys): Uint8Array {
  return hash(verifier, "join-request", encodeKeys(keys)).slice(0, 16);
}

/** What a request of this identity with this salt asks for. */
export async function requestedKeys(
  crypto: CryptoProvider,
  identity: Identity,
  slotSalt: Uint8Array,
): Promise<RequestedKeys> {
  using slot = await slotKeyFor(crypto, identity, slotSalt);
  return { ...(await publicKeysOf(crypto, identity)), slot: slot.publicKey, slotSalt };
}

function joinRequest(verifier: Verifier, signed: Pick<JoinRequest, "keys" | "proof" | "mac">): JoinRequest {
  const { keys, proof, mac } = signed;
  const uri = encodeJoinUri("join-request:1", encodeCbor([...keyFields(keys), proof, mac]));
  // SECURITY: A14. Over the encoding of every field (join-request.test.ts).
  const digits = fingerprint(verifier, "join-request", [encodeKeys(keys)]);
  return {
    user: keys.name,
    fingerprint: digits,
    words: fingerprintWords(digits),
    keys,
    proof,
    mac,
    toString: () => uri,
  };
}

function keyFields({ name, userKem, deviceSign, deviceKem, slot, slotSalt }: RequestedKeys): readonly CborValue[] {
  return [name, userKem, deviceSign, deviceKem, slot, slotSalt];
}

const encodeKeys = (keys: RequestedKeys): Uint8Array => encodeCbor(keyFields(keys));

function readKeys(fields: CborFields): RequestedKeys {
  const keys = {
    name: fields.text(maxNameLength),
    userKem: fields.bytes(kemKeyBytes),
    deviceSign: fields.bytes(32),
    deviceKem: fields.bytes(kemKeyBytes),
    slot: fields.bytes(32),
    slotSalt: fields.bytes(16),
  };
  if (!isName(keys.name)) throw new CoreError(malformed, "the name is not a name");
  return keys;
}

/** SECURITY: A12. Refused before anybody compares a fingerprint (join-request.test.ts). */
function requireAdmissible({ userKem, deviceSign, deviceKem, slot }: RequestedKeys): void {
  const admissible =
    isAdmissiblePublicKey(deviceSign) &&
    isAdmissiblePublicKey(slot) &&
    isAdmissibleKemKey(userKem) &&
    isAdmissibleKemKey(deviceKem);
  if (!admissible) throw new CoreError("KEY_INADMISSIBLE", "the request holds a key that no honest device makes");
}

async function inviteMac(crypto: CryptoProvider, invite: Uint8Array, body: Uint8Array): Promise<Uint8Array> {
  using secret = await crypto.importSecret(invite);
  const [mac] = await crypto.macMany(secret, "mac-join-request", [body]);
  return mac ?? new Uint8Array();
}
