// The answer to a request: where the tenant begins and which statement admits the requester. It holds no secret: the keys come in permits
// that the directory holds. The tenant id is the hash of the founding entry, so what it names cannot be substituted.
import { type CryptoProvider, equalSecrets } from "@selkie/crypto";
import {
  type DatabaseId,
  equalBytes,
  parseDatabaseId,
  parseStatementId,
  parseTenantId,
  type StatementId,
  type TenantId,
  type Verifier,
} from "@selkie/entry";
import type { Identity } from "@selkie/keybag";
import { CborFields, type CborValue, encodeCbor } from "../cbor.ts";
import { CoreError } from "../errors.ts";
import { type JoinTexts, joinTexts, readJoinText } from "./join-uri.ts";
import { isName, maxNameLength } from "./name.ts";
import { requestedDevice, requestedKeys, requestIdOf } from "./requested-keys.ts";

/** What the requester needs to open the tenant. */
export interface JoinAnswer {
  /** 16 bytes: the request this answers. */
  readonly request: Uint8Array;
  /** The request's own salt, 16 bytes, so that the requester need not remember it. */
  readonly salt: Uint8Array;
  readonly tenant: TenantId;
  readonly tenantName: string;
  readonly directory: DatabaseId;
  /** The statement that admits the device: a grant or an add-device. */
  readonly admission: StatementId;
  /** Lets the requester in at a relay that does not know of it: an access ticket for a new user, a slot login for a further device. */
  readonly ticket: Uint8Array | null;
}

/** An answer as it travels. */
export interface JoinResponse extends JoinAnswer, JoinTexts {
  /** Under the invite secret of the request, 32 bytes; null without an invitation. */
  readonly mac: Uint8Array | null;
}

const malformed = "JOIN_MALFORMED";
/** A relay's ticket is a few hundred bytes. */
const maxTicketBytes = 4_096;

/** @param invite the 32-byte invite secret of the request, if it had one */
export async function createJoinResponse(
  crypto: CryptoProvider,
  answer: JoinAnswer,
  invite: Uint8Array | null = null,
): Promise<JoinResponse> {
  return joinResponse(crypto, answer, invite === null ? null : await inviteMac(crypto, invite, answer));
}

/** Reads a response, from its URI or QR texts. @throws CoreError `JOIN_MALFORMED` */
export function parseJoinResponse(verifier: Verifier, text: string): JoinResponse {
  const { bytes } = readJoinText(verifier, ["join-response:1"], text);
  const fields = CborFields.decode(bytes, malformed);
  const answer = {
    request: fields.bytes(16),
    salt: fields.bytes(16),
    tenant: parseTenantId(fields.bytes(32)),
    tenantName: fields.text(maxNameLength),
    directory: parseDatabaseId(fields.bytes(32)),
    admission: parseStatementId(fields.bytes(32)),
    ticket: fields.bytesOrNull({ max: maxTicketBytes }),
  };
  const mac = fields.bytesOrNull(32);
  fields.end();
  if (!isName(answer.tenantName)) throw new CoreError(malformed, "the tenant's name is not a name");
  return joinResponse(verifier, answer, mac);
}

/** What kind of request of this identity the response answers; null when it made none such. */
export async function answeredRequest(
  crypto: CryptoProvider,
  { request, salt }: JoinAnswer,
  identity: Identity,
): Promise<"user" | "device" | null> {
  const isFor = (keys: Parameters<typeof requestIdOf>[1]): boolean => equalBytes(request, requestIdOf(crypto, keys));
  if (isFor(await requestedKeys(crypto, identity, salt))) return "user";
  return isFor(await requestedDevice(crypto, identity, salt)) ? "device" : null;
}

/** Whether the response was made by who knows this 32-byte invite secret. */
export async function isFromInviter(
  crypto: CryptoProvider,
  response: JoinResponse,
  invite: Uint8Array,
): Promise<boolean> {
  return response.mac !== null && equalSecrets(response.mac, await inviteMac(crypto, invite, response));
}

function joinResponse(verifier: Verifier, answer: JoinAnswer, mac: Uint8Array | null): JoinResponse {
  return { ...answer, mac, ...joinTexts(verifier, "join-response:1", encodeCbor([...answerFields(answer), mac])) };
}

function answerFields(answer: JoinAnswer): readonly CborValue[] {
  const { request, salt, tenant, tenantName, directory, admission, ticket } = answer;
  return [request, salt, tenant, tenantName, directory, admission, ticket];
}

async function inviteMac(crypto: CryptoProvider, invite: Uint8Array, answer: JoinAnswer): Promise<Uint8Array> {
  using secret = await crypto.importSecret(invite);
  const [mac] = await crypto.macMany(secret, "mac-join-response", [encodeCbor(answerFields(answer))]);
  return mac ?? new Uint8Array();
}
