// The content of a KeyBag as bytes: docs/spec/keybag.md, section "Content".
import { parseDatabaseId, parseStatementId, parseTenantId } from "@selkie/entry";
import {
  booleanOf,
  boundedBytesOf,
  bytesOf,
  type CborValue,
  decodeCbor,
  encodeCbor,
  fieldsOf,
  listOf,
  textOf,
} from "./cbor.ts";
import { KeyBagError } from "./errors.ts";
import { type Identity, type Records, type StoredKeyVersion, type TenantRecord, wipeRecords } from "./records.ts";

/** How much a KeyBag holds; constants of format version 1. */
export const contentLimits = {
  identities: 256,
  tenants: 4_096,
  keyVersions: 65_536,
  nameLength: 1_024,
  foundingBytes: 4_096,
  dataBytes: 65_536,
} as const;

export function encodeContent(records: Records): Uint8Array {
  return encodeCbor([
    records.identities.map(encodeIdentity),
    records.tenants.map(encodeTenant),
    records.keyVersions.map((record) => [record.tenant, ...encodeKeyVersion(record), record.imported]),
  ]);
}

/** @throws KeyBagError `DAMAGED` */
export function decodeContent(bytes: Uint8Array): Records {
  const [identities, tenants, keyVersions] = fieldsOf(decodeCbor(bytes), 3);
  return {
    identities: listOf(identities, contentLimits.identities).map(decodeIdentity),
    tenants: listOf(tenants, contentLimits.tenants).map(decodeTenant),
    keyVersions: listOf(keyVersions, contentLimits.keyVersions).map(decodeStoredKeyVersion),
  };
}

/**
 * Encodes what this version can decode again.
 * @param readable records of which that is known: those among the others are not tried again
 * INVARIANT: nothing is ever saved that could not be opened (test "refuses records it could not read back").
 * @throws KeyBagError `RECORD_INVALID`, `FULL`
 */
export function encodeReadable(records: Records, readable: Records): Uint8Array {
  const { identities, tenants, keyVersions } = records;
  if (
    identities.length > contentLimits.identities ||
    tenants.length > contentLimits.tenants ||
    keyVersions.length > contentLimits.keyVersions
  ) {
    throw new KeyBagError("FULL", "the KeyBag holds as many records as its format allows");
  }
  try {
    const tried = encodeContent(without(records, readable));
    try {
      wipeRecords(decodeContent(tried));
    } finally {
      tried.fill(0);
    }
    return encodeContent(records);
  } catch (cause) {
    throw new KeyBagError("RECORD_INVALID", "a record has a field of a wrong length or type", { cause });
  }
}

/** What is not among the known: records are never changed in place. */
function without(records: Records, known: Records): Records {
  return {
    identities: others(records.identities, known.identities),
    tenants: others(records.tenants, known.tenants),
    keyVersions: others(records.keyVersions, known.keyVersions),
  };
}

function others<T>(all: readonly T[], known: readonly T[]): readonly T[] {
  const left = new Set(known);
  return all.filter((each) => !left.has(each));
}

/** The fields of a key version after its tenant, as exports have them too. */
export function encodeKeyVersion({ keyId, name, version, content, history }: StoredKeyVersion): readonly CborValue[] {
  return [keyId, name, version, content, history];
}

/** @throws KeyBagError `DAMAGED` */
export function decodeKeyVersion(fields: readonly CborValue[]): Omit<StoredKeyVersion, "tenant" | "imported"> {
  const [keyId, name, version, content, history] = fields;
  return {
    keyId: bytesOf(keyId, 16),
    name: textOf(name, contentLimits.nameLength),
    version: bytesOf(version, 32),
    content: bytesOf(content, 32),
    history: history === null ? null : bytesOf(history, 32),
  };
}

function encodeIdentity(identity: Identity): readonly CborValue[] {
  const { id, name, userSeed, deviceSignSeed, deviceKemSeed, deviceSecret, slotSeed } = identity;
  return [id, name, userSeed, deviceSignSeed, deviceKemSeed, deviceSecret, slotSeed];
}

function decodeIdentity(value: CborValue): Identity {
  const [id, name, userSeed, deviceSignSeed, deviceKemSeed, deviceSecret, slotSeed] = fieldsOf(value, 7);
  return {
    id: bytesOf(id, 16),
    name: textOf(name, contentLimits.nameLength),
    userSeed: bytesOf(userSeed, 32),
    deviceSignSeed: bytesOf(deviceSignSeed, 32),
    deviceKemSeed: bytesOf(deviceKemSeed, 32),
    deviceSecret: bytesOf(deviceSecret, 32),
    slotSeed: bytesOf(slotSeed, 32),
  };
}

function encodeTenant(record: TenantRecord): readonly CborValue[] {
  const { tenant, name, identity, directory, founding, rootSeed, admittedBy, data } = record;
  return [tenant, name, identity, directory, founding, rootSeed, admittedBy, data];
}

function decodeTenant(value: CborValue): TenantRecord {
  const [tenant, name, identity, directory, founding, rootSeed, admittedBy, data] = fieldsOf(value, 8);
  return {
    tenant: parseTenantId(bytesOf(tenant, 32)),
    name: textOf(name, contentLimits.nameLength),
    identity: bytesOf(identity, 16),
    directory: parseDatabaseId(bytesOf(directory, 32)),
    founding: founding === null ? null : boundedBytesOf(founding, contentLimits.foundingBytes),
    rootSeed: rootSeed === null ? null : bytesOf(rootSeed, 32),
    admittedBy: admittedBy === null ? null : parseStatementId(bytesOf(admittedBy, 32)),
    data: boundedBytesOf(data, contentLimits.dataBytes),
  };
}

function decodeStoredKeyVersion(value: CborValue): StoredKeyVersion {
  const [tenant, ...rest] = fieldsOf(value, 7);
  return {
    tenant: parseTenantId(bytesOf(tenant, 32)),
    ...decodeKeyVersion(rest),
    imported: booleanOf(rest[5]),
  };
}
