// What a KeyBag holds: plain records. Their byte fields are copies wherever they cross the door, so each side may overwrite its own.
import type { DatabaseId, StatementId, TenantId } from "@selkie/entry";

/** One person on this device: the secrets from which their device proves itself in any tenant. */
export interface Identity {
  /** 16 random bytes. */
  readonly id: Uint8Array;
  /** Such as `CN=alice/O=acme`. */
  readonly name: string;
  /** 32-byte X-Wing seed of the user key, version 1. */
  readonly userSeed: Uint8Array;
  /** 32-byte Ed25519 seed (RFC 8032 section 5.1.5) of the device. */
  readonly deviceSignSeed: Uint8Array;
  /** 32-byte X-Wing seed of the device. */
  readonly deviceKemSeed: Uint8Array;
  /** 32 bytes from which login keys and writer keys are derived. */
  readonly deviceSecret: Uint8Array;
  /** 32 bytes from which slot keys are derived. */
  readonly slotSeed: Uint8Array;
}

/** One tenant that an identity of this device belongs to. */
export interface TenantRecord {
  readonly tenant: TenantId;
  readonly name: string;
  /** The id of the {@link Identity} that is used there. */
  readonly identity: Uint8Array;
  /** The database of the tenant's directory. */
  readonly directory: DatabaseId;
  /** The encoded founding entry, once it is known. */
  readonly founding: Uint8Array | null;
  /** 32-byte Ed25519 seed of the tenant's root key, until it is exported and forgotten. */
  readonly rootSeed: Uint8Array | null;
  /** The statement that admitted this device, once it is known. */
  readonly admittedBy: StatementId | null;
  /** What the layer above keeps with the tenant; opaque here. */
  readonly data: Uint8Array;
}

/** One version of a key. */
export interface KeyVersionRecord {
  readonly tenant: TenantId;
  /** 16 bytes, the same for all versions of a key. */
  readonly keyId: Uint8Array;
  readonly name: string;
  /** The 32-byte commitment to both secrets, which names the version. */
  readonly version: Uint8Array;
  /** 32 bytes. */
  readonly content: Uint8Array;
  /** 32 bytes, or null when only what was sealed from this version on may be read. */
  readonly history: Uint8Array | null;
}

/** A key version as the KeyBag holds it. */
export interface StoredKeyVersion extends KeyVersionRecord {
  /** It came in an exported key and nobody compared it with the directory yet. */
  readonly imported: boolean;
}

/** All records of a KeyBag, in the order they came. */
export interface Records {
  readonly identities: readonly Identity[];
  readonly tenants: readonly TenantRecord[];
  readonly keyVersions: readonly StoredKeyVersion[];
}

export const noRecords: Records = { identities: [], tenants: [], keyVersions: [] };

/** A Node Buffer's own `slice` shares memory with it, and what is kept here is overwritten one day. */
const copy = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes);

/** The same identity in arrays of its own. */
export function copyIdentity(identity: Identity): Identity {
  return {
    id: copy(identity.id),
    name: identity.name,
    userSeed: copy(identity.userSeed),
    deviceSignSeed: copy(identity.deviceSignSeed),
    deviceKemSeed: copy(identity.deviceKemSeed),
    deviceSecret: copy(identity.deviceSecret),
    slotSeed: copy(identity.slotSeed),
  };
}

/** The same tenant in arrays of its own; ids are public values and shared. */
export function copyTenant(record: TenantRecord): TenantRecord {
  return {
    tenant: record.tenant,
    name: record.name,
    identity: copy(record.identity),
    directory: record.directory,
    founding: record.founding === null ? null : copy(record.founding),
    rootSeed: record.rootSeed === null ? null : copy(record.rootSeed),
    admittedBy: record.admittedBy,
    data: copy(record.data),
  };
}

/** The same key version in arrays of its own; the tenant id is a public value and shared. */
export function copyKeyVersion(record: StoredKeyVersion): StoredKeyVersion {
  return {
    tenant: record.tenant,
    keyId: copy(record.keyId),
    name: record.name,
    version: copy(record.version),
    content: copy(record.content),
    history: record.history === null ? null : copy(record.history),
    imported: record.imported,
  };
}

/** Overwrites every secret of the records but those that `kept` shares. What the engine copied before is beyond reach. */
export function wipeRecords(records: Records, kept: Records = noRecords): void {
  const spared = new Set(secretsOf(kept));
  for (const secret of secretsOf(records)) if (!spared.has(secret)) secret.fill(0);
}

function* secretsOf({ identities, tenants, keyVersions }: Records): Generator<Uint8Array> {
  for (const { userSeed, deviceSignSeed, deviceKemSeed, deviceSecret, slotSeed } of identities) {
    yield* [userSeed, deviceSignSeed, deviceKemSeed, deviceSecret, slotSeed];
  }
  for (const { rootSeed, data } of tenants) {
    if (rootSeed !== null) yield rootSeed;
    yield data;
  }
  for (const { content, history } of keyVersions) {
    yield content;
    if (history !== null) yield history;
  }
}
