// The access list of a tenant: which slots may connect to its relays, with which rights, and who signs the next list. It names no
// user. Layout: docs/spec/sync.md section 8.1.
import {
  type Brand,
  type ByteReader,
  ByteWriter,
  parseSignature,
  parseTenantId,
  type Signature,
  type TenantId,
  type Verifier,
} from "@selkie/entry";
import { SyncError } from "../sync-error.ts";
import { ascendingKeys, decodeDocument, documentKind, isSigned, signedBytes, writeDocumentHead } from "./document.ts";
import { bitsToRights, type Rights, rightsToBits } from "./rights.ts";

/** Keys that may sign the next list; at most. */
export const MAX_SIGNERS = 256;
/** Slots of one list; at most. */
export const MAX_SLOTS = 16_384;

/** One user's place at the relay: its slot key (32-byte Ed25519) and what its login keys may do. */
export interface Slot {
  readonly slot: Uint8Array;
  readonly rights: Rights;
}

/** What an access list says, before it is signed. */
export interface UnsignedAccessList {
  readonly tenant: TenantId;
  /** Grows only by the root key: a higher epoch outranks every height of a lower one. */
  readonly epoch: number;
  /** Grows with every list of one epoch. */
  readonly height: number;
  /** The 32-byte Ed25519 key that signs this list: the root, or a signer of the list before. */
  readonly signer: Uint8Array;
  /** Keys that may sign the next list of this epoch, ascending; the root always may. */
  readonly signers: readonly Uint8Array[];
  /** Ascending by slot key. */
  readonly slots: readonly Slot[];
}

/** An access list as it travels: signed, not yet verified. */
export interface AccessList extends UnsignedAccessList {
  readonly signature: Signature;
}

/** An access list whose signature by its own `signer` holds; whether that signer is trusted is for `applyAccessList`. */
export type VerifiedAccessList = Brand<AccessList, "VerifiedAccessList">;

/** What the signer signs, under label `sign-access-list`: everything but the signature. @throws SyncError `BAD_DOCUMENT` */
export function accessListPayload(list: UnsignedAccessList): Uint8Array {
  const signers = ascendingKeys(list.signers, (key) => key);
  const slots = ascendingKeys(list.slots, (slot) => slot.slot);
  if (signers.length > MAX_SIGNERS || slots.length > MAX_SLOTS) {
    throw new SyncError("BAD_DOCUMENT", "an access list has too many signers or slots");
  }
  const writer = new ByteWriter(128 + 32 * signers.length + 33 * slots.length);
  writeDocumentHead(writer, documentKind.accessList, list.tenant);
  writer.u64(list.epoch).u64(list.height).bytes(list.signer).u16(signers.length);
  for (const signer of signers) writer.bytes(signer);
  writer.u16(slots.length);
  for (const { slot, rights } of slots) writer.bytes(slot).u8(rightsToBits(rights));
  return writer.finish();
}

/** The list as bytes. @throws SyncError `BAD_DOCUMENT` */
export function encodeAccessList(list: AccessList): Uint8Array {
  return signedBytes(accessListPayload(list), list.signature);
}

/** Strict, canonical, at most 16,384 slots. @throws SyncError `BAD_DOCUMENT` */
export function decodeAccessList(bytes: Uint8Array): AccessList {
  return decodeDocument(bytes, documentKind.accessList, (reader) => {
    const tenant = parseTenantId(reader.bytes(32));
    const epoch = reader.u64();
    const height = reader.u64();
    const signer = reader.bytes(32);
    const signers = readKeys(reader, MAX_SIGNERS);
    const slots = readSlots(reader);
    const signature = parseSignature(reader.bytes(64));
    return { tenant, epoch, height, signer, signers, slots, signature };
  });
}

/** The list, if its signer signed it. */
export async function verifyAccessList(verifier: Verifier, list: AccessList): Promise<VerifiedAccessList | null> {
  return (await isSigned(verifier, "sign-access-list", list, accessListPayload(list)))
    ? (list as VerifiedAccessList)
    : null;
}

function readKeys(reader: ByteReader, max: number): readonly Uint8Array[] {
  const count = reader.u16();
  if (count > max) throw new SyncError("BAD_DOCUMENT", "too many keys");
  return ascendingKeys(
    Array.from({ length: count }, () => reader.bytes(32)),
    (key) => key,
  );
}

function readSlots(reader: ByteReader): readonly Slot[] {
  const count = reader.u16();
  if (count > MAX_SLOTS) throw new SyncError("BAD_DOCUMENT", "too many slots");
  const slots = Array.from({ length: count }, () => {
    const slot = reader.bytes(32);
    const rights = bitsToRights(reader.u8());
    if (rights === null) throw new SyncError("BAD_DOCUMENT", "rights without meaning");
    return { slot, rights };
  });
  return ascendingKeys(slots, (slot) => slot.slot);
}
