// A ticket lets a slot connect before the relay has the list that holds it: it proves what that list says. It is void once the
// relay has that list, or a later one. Layout: docs/spec/sync.md section 8.3.
import {
  type Brand,
  ByteWriter,
  parseSignature,
  parseTenantId,
  type Signature,
  type TenantId,
  type Verifier,
} from "@selkie/entry";
import { SyncError } from "../sync-error.ts";
import { decodeDocument, documentKind, isSigned, signedBytes, writeDocumentHead } from "./document.ts";
import { bitsToRights, type Rights, rightsToBits } from "./rights.ts";

/** What a ticket says, before it is signed. */
export interface UnsignedAccessTicket {
  readonly tenant: TenantId;
  /** Epoch of the list the ticket stands for. */
  readonly listEpoch: number;
  /** Height of the list the ticket stands for. */
  readonly listHeight: number;
  /** The 32-byte slot key it admits. */
  readonly slot: Uint8Array;
  readonly rights: Rights;
  /** The 32-byte Ed25519 key that signs: the root, or a signer of the list the relay has. */
  readonly signer: Uint8Array;
}

/** A ticket as it travels: signed, not yet verified. */
export interface AccessTicket extends UnsignedAccessTicket {
  readonly signature: Signature;
}

/** A ticket whose signature by its own `signer` holds; whether that signer is trusted is for `ticketAdmits`. */
export type VerifiedAccessTicket = Brand<AccessTicket, "VerifiedAccessTicket">;

/** What the signer signs, under label `sign-access-ticket`. */
export function accessTicketPayload(ticket: UnsignedAccessTicket): Uint8Array {
  const writer = new ByteWriter(160);
  writeDocumentHead(writer, documentKind.accessTicket, ticket.tenant);
  writer.u64(ticket.listEpoch).u64(ticket.listHeight).bytes(ticket.slot).u8(rightsToBits(ticket.rights));
  return writer.bytes(ticket.signer).finish();
}

/** The ticket as bytes. */
export function encodeAccessTicket(ticket: AccessTicket): Uint8Array {
  return signedBytes(accessTicketPayload(ticket), ticket.signature);
}

/** Strict and canonical. @throws SyncError `BAD_DOCUMENT` */
export function decodeAccessTicket(bytes: Uint8Array): AccessTicket {
  return decodeDocument(bytes, documentKind.accessTicket, (reader) => {
    const tenant = parseTenantId(reader.bytes(32));
    const listEpoch = reader.u64();
    const listHeight = reader.u64();
    const slot = reader.bytes(32);
    const rights = bitsToRights(reader.u8());
    if (rights === null) throw new SyncError("BAD_DOCUMENT", "rights without meaning");
    const signer = reader.bytes(32);
    return { tenant, listEpoch, listHeight, slot, rights, signer, signature: parseSignature(reader.bytes(64)) };
  });
}

/** The ticket, if its signer signed it. */
export async function verifyAccessTicket(
  verifier: Verifier,
  ticket: AccessTicket,
): Promise<VerifiedAccessTicket | null> {
  return (await isSigned(verifier, "sign-access-ticket", ticket, accessTicketPayload(ticket)))
    ? (ticket as VerifiedAccessTicket)
    : null;
}
