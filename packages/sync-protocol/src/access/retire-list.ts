// Parts and blobs that a relay is to drop, signed by a login key with the purge right, or by the root. Layout: docs/spec/sync.md section 8.7.
import {
  type BlobHash,
  type Brand,
  type ByteReader,
  ByteWriter,
  compareBytes,
  type DatabaseId,
  type EntryId,
  parseBlobHash,
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

/** Bytes of the parts and blobs of one list, 34 a part and 32 a blob: with its head and signature it fits one `present`. */
export const MAX_RETIRED_BYTES = 835_584;

const PART_BYTES = 34;
const BLOB_BYTES = 32;

/** A part of an entry, as stores name it. */
export interface RetiredPart {
  readonly id: EntryId;
  readonly index: number;
}

/** What a retire list says, before it is signed. */
export interface UnsignedRetireList {
  readonly tenant: TenantId;
  /** What the parts are of; of blobs alone, which are the tenant's, the directory's does. */
  readonly database: DatabaseId;
  /** The login key, or the root key, that signs this: 32 bytes. */
  readonly signer: Uint8Array;
  /** The relay waits at least so many seconds before it drops anything. */
  readonly wait: number;
  /** Ascending by entry, then index. */
  readonly parts: readonly RetiredPart[];
  /** Blobs of the tenant, ascending. There is a part or a blob at least. */
  readonly blobs: readonly BlobHash[];
}

/** A retire list as it travels: signed, not yet verified. */
export interface RetireList extends UnsignedRetireList {
  readonly signature: Signature;
}

/** A retire list whose signature by its own `signer` holds; whether that one may is for `mayRetire`. */
export type VerifiedRetireList = Brand<RetireList, "VerifiedRetireList">;

/** What the signer signs, under label `sign-retire-list`. */
export function retireListPayload({ tenant, database, signer, wait, parts, blobs }: UnsignedRetireList): Uint8Array {
  const writer = new ByteWriter(160 + PART_BYTES * parts.length + BLOB_BYTES * blobs.length);
  writeDocumentHead(writer, documentKind.retireList, tenant);
  writer.bytes(database).bytes(signer).u32(wait).u32(parts.length);
  for (const { id, index } of parts) writer.bytes(id).u16(index);
  writer.u32(blobs.length);
  for (const hash of blobs) writer.bytes(hash);
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
    const parts = readAscending(reader, PART_BYTES, MAX_RETIRED_BYTES).map(partOf);
    const blobs = readAscending(reader, BLOB_BYTES, MAX_RETIRED_BYTES - PART_BYTES * parts.length).map(parseBlobHash);
    if (parts.length === 0 && blobs.length === 0) throw new SyncError("BAD_DOCUMENT", "a retire list of nothing");
    return { tenant, database, signer, wait, parts, blobs, signature: parseSignature(reader.bytes(64)) };
  });
}

/** Rows of so many bytes, at most so many bytes together: a set has one encoding. */
function readAscending(reader: ByteReader, width: number, most: number): readonly Uint8Array[] {
  const count = reader.u32();
  if (count * width > most) throw new SyncError("BAD_DOCUMENT", `${count} rows of ${width} bytes`);
  const rows: Uint8Array[] = [];
  let before: Uint8Array = new Uint8Array();
  for (let left = count; left > 0; left--) {
    const row = reader.bytes(width);
    if (compareBytes(before, row) >= 0) throw new SyncError("BAD_DOCUMENT", "rows that do not ascend");
    rows.push(row);
    before = row;
  }
  return rows;
}

function partOf(row: Uint8Array): RetiredPart {
  return { id: parseEntryId(row.slice(0, 32)), index: (row[32] ?? 0) * 0x100 + (row[33] ?? 0) };
}

/** The retire list, if its signer signed it. */
export async function verifyRetireList(verifier: Verifier, list: RetireList): Promise<VerifiedRetireList | null> {
  return (await isSigned(verifier, "sign-retire-list", list, retireListPayload(list)))
    ? (list as VerifiedRetireList)
    : null;
}
