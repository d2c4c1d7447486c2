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
} from "@selkie/entry";
import type { Identity } from "@selkie/keybag";
import { CborFields, type CborValue, encodeCbor } from "../cbor.ts";
import { CoreError } from "../errors.ts";
import { requestedKeys, requestIdOf } from "./join-request.ts";
import { decodeJoinUri, encodeJoinUri } from "./join-uri.ts";
import { isName, maxNameLength } from "./name.ts";

/** What the requester needs to open the tenant. */
export interface JoinAnswer {
  /** 16 bytes: the request this answers. */
  readonly request: Uint8Array;
  /** The request's own salt, so that the requester need not remember it. */
  readonly slotSalt: Uint8Array;
  readonly tenant: TenantId;
  readonly tenantName: string;
  readonly directory: DatabaseId;
  /** The grant. */
  readonly admission: StatementId;
  /** Lets the requester in at a relay that does not have the new access list yet. */
  readonly ticket: Uint8Array | null;
}

/** An answer as it travels. */
export interface JoinResponse extends JoinAnswer {
  /** Under the invite secret of the request, 32 bytes; null without an invitation. */
  readonly mac: Uint8Array | null;
  /** The URI. */
  toString(): string;
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
  return joinResponse(answer, invite === null ? null : await inviteMac(crypto, invite, answer));
}

/** @throws CoreError `JOIN_MALFORMED` */
export function parseJoinResponse(text: string): JoinResponse {
  const fields = CborFields.decode(decodeJoinUri("join-response:1", text), malformed);
  const answer = {
    request: fields.bytes(16),
    slotSalt: fields.bytes(16),
    tenant: parseTenantId(fields.bytes(32)),
    tenantName: fields.text(maxNameLength),
    directory: parseDatabaseId(fields.bytes(32)),
    admission: parseStatementId(fields.bytes(32)),
    ticket: fields.bytesOrNull({ max: maxTicketBytes }),
  };
  const mac = fields.bytesOrNull(32);
  fields.end();
  if (!isName(answer.tenantName)) throw new CoreError(malformed, "the tenant's name is not a name");
  return joinResponse(answer, mac);
}

/** Whether the response answers a request of this identity. */
export async function isAnswerTo(crypto: CryptoProvider, answer: JoinAnswer, identity: Identity): Promise<boolean> {
  const keys = await requestedKeys(crypto, identity, answer.slotSalt);
  return equalBytes(answer.request, requestIdOf(crypto, keys));
}

/** Whether the response was made by who knows this 32-byte invite secret. */
export async function isFromInviter(
  crypto: CryptoProvider,
  response: JoinResponse,
  invite: Uint8Array,
): Promise<boolean> {
  return response.mac !== null && equalSecrets(response.mac, await inviteMac(crypto, invite, response));
}

function joinResponse(answer: JoinAnswer, mac: Uint8Array | null): JoinResponse {
  const uri = encodeJoinUri("join-response:1", encodeCbor([...answerFields(answer), mac]));
  return { ...answer, mac, toString: () => uri };
}

function answerFields(answer: JoinAnswer): readonly CborValue[] {
  const { request, slotSalt, tenant, tenantName, directory, admission, ticket } = answer;
  return [request, slotSalt, tenant, tenantName, directory, admission, ticket];
}

async function inviteMac(crypto: CryptoProvider, invite: Uint8Array, answer: JoinAnswer): Promise<Uint8Array> {
  using secret = await crypto.importSecret(invite);
  const [mac] = await crypto.macMany(secret, "mac-join-response", [encodeCbor(answerFields(answer))]);
  return mac ?? new Uint8Array();
}
