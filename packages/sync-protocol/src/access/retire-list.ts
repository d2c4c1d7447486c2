// Parts that a relay is to drop, signed by a login key with the purge right, or by the root. Layout: docs/spec/sync.md section 8.7.
import {
  type Brand,
  ByteWriter,
  compareBytes,
  type DatabaseId,
  type EntryId,
  parseDatabaseId,
  parseEntryId,
  parseSignature,
  parseTenantId,
  type Signature,
  type TenantId,
  type Verifier,
} from "@selkie/entry";
import { SyncError } from "../sync-error.ts";
import { decodeDocument, documentKind, isSigned, signedBytes, writeDocumentHead } from "./document.ts";
import type { SlotSigner } from "./slot-chain.ts";

/** Parts of one list: with its head and signature it fits one `present`. */
export const MAX_RETIRED_PARTS = 24_576;

/** A part of an entry, as stores name it. */
export interface RetiredPart {
  readonly id: EntryId;
  readonly index: number;
}

/** What a retire list says, before it is signed. */
export interface UnsignedRetireList {
  readonly tenant: TenantId;
  readonly database: DatabaseId;
  /** The login key, or the root key, that signs this: 32 bytes. */
  readonly signer: Uint8Array;
  /** The relay waits at least so many seconds before it drops anything. */
  readonly wait: number;
  /** Ascending by entry, then index; at least one. */
  readonly parts: readonly RetiredPart[];
}

/** A retire list as it travels: signed, not yet verified. */
export interface RetireList extends UnsignedRetireList {
  readonly signature: Signature;
}

/** A retire list whose signature by its own `signer` holds; whether that one may is for `mayRetire`. */
export type VerifiedRetireList = Brand<RetireList, "VerifiedRetireList">;

/** What the signer signs, under label `sign-retire-list`. */
export function retireListPayload({ tenant, database, signer, wait, parts }: UnsignedRetireList): Uint8Array {
  const writer = new ByteWriter(160 + 34 * parts.length);
  writeDocumentHead(writer, documentKind.retireList, tenant);
  writer.bytes(database).bytes(signer).u32(wait).u32(parts.length);
  for (const { id, index } of parts) writer.bytes(id).u16(index);
  return writer.finish();
}

export async function signRetireList(
  unsigned: Omit<UnsignedRetireList, "signer">,
  signer: SlotSigner,
): Promise<RetireList> {
  const list = { ...unsigned, signer: signer.publicKey };
  return { ...list, signature: await signer.sign("sign-retire-list", retireListPayload(list)) };
}

/** The retire list as bytes. */
export function encodeRetireList(list: RetireList): Uint8Array {
  return signedBytes(retireListPayload(list), list.signature);
}

/** Strict and canonical. @throws SyncError `BAD_DOCUMENT` */
export function decodeRetireList(bytes: Uint8Array): RetireList {
  return decodeDocument(bytes, documentKind.retireList, (reader) => {
    const tenant = parseTenantId(reader.bytes(32));
    const database = parseDatabaseId(reader.bytes(32));
    const signer = reader.bytes(32);
    const wait = reader.u32();
    const count = reader.u32();
    if (count === 0 || count > MAX_RETIRED_PARTS) throw new SyncError("BAD_DOCUMENT", `${count} parts`);
    const parts: RetiredPart[] = [];
    let before: Uint8Array = new Uint8Array();
    for (let left = count; left > 0; left--) {
      const row = reader.bytes(34);
      if (compareBytes(before, row) >= 0) throw new SyncError("BAD_DOCUMENT", "parts ascend");
      parts.push({ id: parseEntryId(row.slice(0, 32)), index: (row[32] ?? 0) * 0x100 + (row[33] ?? 0) });
      before = row;
    }
    return { tenant, database, signer, wait, parts, signature: parseSignature(reader.bytes(64)) };
  });
}

/** The retire list, if its signer signed it. */
export async function verifyRetireList(verifier: Verifier, list: RetireList): Promise<VerifiedRetireList | null> {
  return (await isSigned(verifier, "sign-retire-list", list, retireListPayload(list)))
    ? (list as VerifiedRetireList)
    : null;
}
