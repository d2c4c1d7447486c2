// An invitation: a secret that an admin gives to somebody by a way that no relay sees, and the tenant it is for.
import { concatBytes, equalBytes, hash, parseTenantId, type TenantId, type Verifier } from "@selkie/entry";
import { CoreError } from "../errors.ts";
import { fromBase32, toBase32 } from "./base32.ts";

/** What an invitation says. */
export interface InvitationContent {
  readonly tenant: TenantId;
  /** 32 bytes, the key of the MACs of request and response. Whoever has it can be taken for the invited, once. */
  readonly secret: Uint8Array;
}

const PREFIX = "SELKIE:INVITE:1:";
const CHECKSUM_BYTES = 6;
/** 70 bytes are 112 characters, with no bit to spare. */
const LENGTH = 112;

/** The text of an invitation: 128 characters of the alphanumeric set of QR codes. */
export function encodeInvitation(verifier: Verifier, { tenant, secret }: InvitationContent): string {
  return PREFIX + toBase32(concatBytes(tenant, secret, checksum(verifier, tenant, secret)));
}

/** Small letters, and white space in it and around it, are what people and mails make of a text. @throws CoreError `JOIN_MALFORMED` */
export function parseInvitation(verifier: Verifier, text: string): InvitationContent {
  const whole = text.length > 1_024 ? "" : text.replaceAll(/\s/g, "").toUpperCase();
  const isOne = whole.startsWith(PREFIX) && whole.length === PREFIX.length + LENGTH;
  const bytes = isOne ? fromBase32(whole.slice(PREFIX.length)) : null;
  if (bytes === null) throw malformed("the text is no invitation");
  const [tenant, secret] = [bytes.slice(0, 32), bytes.slice(32, 64)];
  if (!equalBytes(bytes.subarray(64), checksum(verifier, tenant, secret)))
    throw malformed("the invitation is damaged or mistyped");
  return { tenant: parseTenantId(tenant), secret };
}

function checksum(verifier: Verifier, tenant: Uint8Array, secret: Uint8Array): Uint8Array {
  return hash(verifier, "invite-checksum", tenant, secret).subarray(0, CHECKSUM_BYTES);
}

const malformed = (what: string): CoreError => new CoreError("JOIN_MALFORMED", what);
