// Where a relay keeps what it knows of tenants, in the state face of its store. All of it is public: signed documents as they
// arrived, and numbers. Keys are "relay/1/", a letter, "/", the tenant id, and for some a second letter and a key.

import {
  ByteReader,
  ByteWriter,
  concatBytes,
  type DatabaseId,
  fromHex,
  type LoginKey,
  parseEntryId,
  parseTenantId,
  type Signature,
  type TenantId,
  toHex,
  type Verifier,
} from "@selkie/entry";
import { publicState, type StateItem, type StateStore, type StoredState, StoreError } from "@selkie/store";
import {
  decodeRetireList,
  decodeSlotChain,
  decodeSlotLogin,
  documentKind,
  encodeRetireList,
  encodeSlotChain,
  encodeSlotLogin,
  type SlotState,
  type VerifiedRetireList,
  verifyRetireList,
} from "@selkie/sync-protocol";
import type { Hole, HoledChain } from "../replica/known-holes.ts";
import type { BegunBy } from "./begun-chains.ts";

const text = new TextEncoder();
const FOUNDINGS = text.encode("relay/1/f/");
const TENANTS = text.encode("relay/1/t/");
const LIST = text.encode("/l");
const SLOTS = text.encode("/s/");
const USAGE = text.encode("/u/");
const HOLES = text.encode("/h/");
const BEGUN = text.encode("/b/");
const RETIRING = text.encode("relay/1/r/");

/** The founding bytes of a tenant: it is registered when this record is there. */
function foundingKey(tenant: TenantId): Uint8Array {
  return concatBytes(FOUNDINGS, tenant);
}

/** A record to be stored. */
export interface TenantRecord {
  readonly key: Uint8Array;
  readonly value: StoredState;
}

/** Where the founding entry, and the access list that counts, are kept. Tickets change no state, so they are never kept. */
export function documentRecord(tenant: TenantId, document: Uint8Array): TenantRecord {
  const isList = document[0] === documentKind.accessList;
  return { key: isList ? concatBytes(TENANTS, tenant, LIST) : foundingKey(tenant), value: publicState(document) };
}

/** What is known of one slot, as the documents that say so, each behind its length. */
export function slotRecord(tenant: TenantId, slot: Uint8Array, { chain, logins }: SlotState): TenantRecord {
  const documents = [...(chain === null ? [] : [encodeSlotChain(chain)]), ...logins.map(encodeSlotLogin)];
  const writer = new ByteWriter(4_096);
  for (const document of documents) writer.u32(document.length).bytes(document);
  return { key: concatBytes(TENANTS, tenant, SLOTS, slot), value: publicState(writer.finish()) };
}

/** The slot that a slot chain or slot login is about, in hexadecimal. */
export function slotOf(document: Uint8Array): string {
  const isChain = document[0] === documentKind.slotChain;
  return toHex((isChain ? decodeSlotChain(document) : decodeSlotLogin(document)).slot);
}

/** Bytes pushed by one login key. */
export function usageKey(tenant: TenantId, key: LoginKey): Uint8Array {
  return concatBytes(TENANTS, tenant, USAGE, key);
}

/** What {@link usageKey} holds. */
export function usageRecord(bytes: number): StoredState {
  return publicState(new ByteWriter(8).u64(bytes).finish());
}

/** Where it is kept of which entry of a chain parts are missing first: a record each. */
export function holeKey(tenant: TenantId, database: DatabaseId, writer: string): Uint8Array {
  return concatBytes(TENANTS, tenant, HOLES, database, fromHex(writer));
}

/** What {@link holeKey} holds. */
export function holeRecord({ seq, prev }: Hole): StoredState {
  return publicState(new ByteWriter(40).u64(seq).bytes(prev).finish());
}

/** @param rest of a {@link holeKey}; nothing where the record is damaged */
function readHole(rest: Uint8Array, value: Uint8Array): readonly HoledChain[] {
  if (rest.length !== 64 || value.length !== 40) return [];
  const reader = new ByteReader(value);
  const hole = { seq: reader.u64(), prev: parseEntryId(reader.bytes(32)) };
  return [{ database: toHex(rest.subarray(0, 32)), writer: toHex(rest.subarray(32)), hole }];
}

/** Where it is kept how many chains a login key began in a database. */
export function begunKey(tenant: TenantId, database: DatabaseId, login: LoginKey): Uint8Array {
  return concatBytes(TENANTS, tenant, BEGUN, database, login);
}

/** What {@link begunKey} holds. */
export function begunRecord(count: number): StoredState {
  return publicState(new ByteWriter(8).u64(count).finish());
}

/** @param rest of a {@link begunKey}; nothing where the record is damaged */
function readBegun(rest: Uint8Array, value: Uint8Array): readonly BegunBy[] {
  if (rest.length !== 64 || value.length !== 8) return [];
  const count = new ByteReader(value).u64();
  return [{ database: toHex(rest.subarray(0, 32)), login: toHex(rest.subarray(32)), count }];
}

/** A retire list, as it is kept. */
export interface StoredRetireList {
  readonly key: Uint8Array;
  readonly tenant: TenantId;
  /** When it came, ms since the epoch. */
  readonly since: number;
  /** Null once it is over. */
  readonly list: VerifiedRetireList | null;
}

/** Where a retire list is kept. */
export function retiringKey(tenant: TenantId, signature: Signature): Uint8Array {
  return concatBytes(RETIRING, tenant, signature);
}

export function retiringRecord({ key, since, list }: StoredRetireList): TenantRecord {
  const document = list === null ? new Uint8Array() : encodeRetireList(list);
  return { key, value: publicState(new ByteWriter(8 + document.length).u64(since).bytes(document).finish()) };
}

/** The retire lists of all tenants, by key in hexadecimal. A damaged one counts as absent: it is brought again. */
export async function storedRetireLists(state: StateStore, verifier: Verifier): Promise<Map<string, StoredRetireList>> {
  const lists = new Map<string, StoredRetireList>();
  for await (const { key, value } of undamaged(state, RETIRING)) {
    const rest = key.subarray(RETIRING.length);
    if (rest.length !== 96 || value.length < 8) continue;
    const reader = new ByteReader(value);
    const since = reader.u64();
    const document = reader.bytes(reader.remaining);
    const list = document.length === 0 ? null : await readRetireList(verifier, document);
    if (list === null && document.length > 0) continue;
    lists.set(toHex(key), { key, tenant: parseTenantId(rest.slice(0, 32)), since, list });
  }
  return lists;
}

async function readRetireList(verifier: Verifier, document: Uint8Array): Promise<VerifiedRetireList | null> {
  try {
    return await verifyRetireList(verifier, decodeRetireList(document));
  } catch {
    return null; // a typed error of the decoder: the record is damaged
  }
}

/** Everything kept of one tenant, as it was stored. */
export interface TenantRecords {
  readonly founding: Uint8Array | null;
  readonly list: Uint8Array | null;
  /** Values of {@link slotRecord}, by slot in hexadecimal. */
  readonly slots: ReadonlyMap<string, Uint8Array>;
  /** By login key in hexadecimal. */
  readonly bytesByKey: ReadonlyMap<string, number>;
  /** Where parts are missing. */
  readonly holes: readonly HoledChain[];
  readonly begun: readonly BegunBy[];
}

/** Reads one tenant. Records that were damaged are left out: whoever they concern brings them again. */
export async function readTenantRecords(state: StateStore, tenant: TenantId): Promise<TenantRecords> {
  const slots = new Map<string, Uint8Array>();
  const bytesByKey = new Map<string, number>();
  const holes: HoledChain[] = [];
  const begun: BegunBy[] = [];
  let list: Uint8Array | null = null;
  const prefix = concatBytes(TENANTS, tenant);
  for await (const { key, value } of undamaged(state, prefix)) {
    const rest = key.subarray(prefix.length);
    if (startsWith(rest, SLOTS)) slots.set(toHex(rest.subarray(SLOTS.length)), value);
    else if (startsWith(rest, HOLES)) holes.push(...readHole(rest.subarray(HOLES.length), value));
    else if (startsWith(rest, BEGUN)) begun.push(...readBegun(rest.subarray(BEGUN.length), value));
    else if (startsWith(rest, USAGE) && value.length === 8) {
      bytesByKey.set(toHex(rest.subarray(USAGE.length)), new ByteReader(value).u64());
    } else if (startsWith(rest, LIST)) list = value;
  }
  return { founding: await foundingOf(state, tenant), list, slots, bytesByKey, holes, begun };
}

/** The documents of a {@link slotRecord}, a chain before logins. */
export function documentsOf(value: Uint8Array): readonly Uint8Array[] {
  const reader = new ByteReader(value);
  const documents: Uint8Array[] = [];
  while (reader.remaining > 0) documents.push(reader.bytes(reader.u32()));
  return documents;
}

async function foundingOf(state: StateStore, tenant: TenantId): Promise<Uint8Array | null> {
  // The key of one tenant is no other's beginning: all founding keys are equally long.
  for await (const { value } of undamaged(state, foundingKey(tenant))) return value;
  return null;
}

/** The registered tenants, ascending. */
export async function* registeredTenants(state: StateStore): AsyncIterable<TenantId> {
  for await (const { key } of undamaged(state, FOUNDINGS)) {
    yield parseTenantId(key.subarray(FOUNDINGS.length));
  }
}

/** The pairs whose keys start with `prefix`, without those that the store found damaged. */
export async function* undamaged(state: StateStore, prefix: Uint8Array): AsyncIterable<StateItem> {
  let from = prefix;
  for (;;) {
    try {
      for await (const item of state.range(from, after(prefix))) {
        yield item;
        from = next(item.key);
      }
      return;
    } catch (failure) {
      if (!(failure instanceof StoreError) || failure.key === null) throw failure;
      from = next(failure.key);
    }
  }
}

/** The next key in byte order. */
function next(key: Uint8Array): Uint8Array {
  return concatBytes(key, Uint8Array.of(0));
}

/** The end of the range of all keys that start with `prefix`; a prefix here never ends in byte 255 alone. */
function after(prefix: Uint8Array): Uint8Array {
  let length = prefix.length;
  while (prefix[length - 1] === 255) length -= 1;
  const end = prefix.slice(0, length);
  end[length - 1] = (end[length - 1] ?? 0) + 1;
  return end;
}

function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  return prefix.every((byte, index) => bytes[index] === byte);
}
