// What a relay keeps of each blob besides its bytes: who is charged for it, and when somebody last said that it is needed. Keys are
// "relay/1/b/", the tenant id, the blob's hash, and the login key that pays.

import {
  type BlobHash,
  ByteReader,
  ByteWriter,
  concatBytes,
  type LoginKey,
  parseLoginKey,
  type TenantId,
} from "@selkie/entry";
import { publicState, type StateStore } from "@selkie/store";
import { type TenantRecord, undamaged } from "./records.ts";

const BLOBS = new TextEncoder().encode("relay/1/b/");
const VALUE_BYTES = 16;
/** What a blob costs beyond its bytes, for its records and its place in a directory: small ones are not free. */
const OVERHEAD = 512;

/** One login key's share of a blob. */
export interface BlobRecord {
  readonly login: LoginKey;
  /** Bytes that the login key is charged. */
  readonly charged: number;
  /** When somebody last brought it or asked whether it is here, as far as that matters, ms since the epoch. */
  readonly claimed: number;
}

/** Bytes charged for a blob of this size. */
export function costOf(size: number): number {
  return size + OVERHEAD;
}

/** Where a blob's record is kept. */
export function blobKey(tenant: TenantId, hash: BlobHash, login: LoginKey): Uint8Array {
  return concatBytes(BLOBS, tenant, hash, login);
}

/** A blob's record as it is stored. */
export function blobRecord(tenant: TenantId, hash: BlobHash, { login, charged, claimed }: BlobRecord): TenantRecord {
  const value = new ByteWriter(VALUE_BYTES).u64(charged).u64(claimed).finish();
  return { key: blobKey(tenant, hash, login), value: publicState(value) };
}

/** The records of a blob. Damaged ones are left out: what they charged stays charged. */
export async function blobRecordsOf(
  state: StateStore,
  tenant: TenantId,
  hash: BlobHash,
): Promise<readonly BlobRecord[]> {
  const prefix = concatBytes(BLOBS, tenant, hash);
  const records: BlobRecord[] = [];
  for await (const { key, value } of undamaged(state, prefix)) {
    if (key.length !== prefix.length + 32 || value.length !== VALUE_BYTES) continue;
    const reader = new ByteReader(value);
    records.push({ login: parseLoginKey(key.slice(prefix.length)), charged: reader.u64(), claimed: reader.u64() });
  }
  return records;
}
