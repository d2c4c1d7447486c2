// How records come together: pure functions from records to records. What is there is never replaced by something else.
import { equalSecrets } from "@selkie/crypto";
import { equalBytes } from "@selkie/entry";
import { KeyBagError } from "./errors.ts";
import type { Identity, Records, StoredKeyVersion, TenantRecord } from "./records.ts";

/** @throws KeyBagError `IDENTITY_EXISTS_DIFFERENT` */
export function withIdentity(records: Records, identity: Identity): Records {
  const held = records.identities.find(({ id }) => equalBytes(id, identity.id));
  if (held === undefined) return { ...records, identities: [...records.identities, identity] };
  if (sameIdentity(held, identity)) return records;
  throw new KeyBagError("IDENTITY_EXISTS_DIFFERENT", "another identity has this id");
}

/**
 * Adds a tenant or replaces its record.
 * INVARIANT: a root key goes only through {@link withoutRootKey} (test "putTenant never drops or changes a root key").
 * @throws KeyBagError `IDENTITY_UNKNOWN`, `KEY_EXISTS_DIFFERENT`
 */
export function withTenant(records: Records, record: TenantRecord): Records {
  if (!records.identities.some(({ id }) => equalBytes(id, record.identity))) {
    throw new KeyBagError("IDENTITY_UNKNOWN", "the tenant names an identity that the KeyBag does not hold");
  }
  const index = indexOfTenant(records, record.tenant);
  if (index < 0) return { ...records, tenants: [...records.tenants, record] };
  const held = records.tenants[index]?.rootSeed ?? null;
  if (held !== null && record.rootSeed !== null && !equalSecrets(held, record.rootSeed)) {
    throw new KeyBagError("KEY_EXISTS_DIFFERENT", "the KeyBag holds another root key of this tenant");
  }
  const next = { ...record, rootSeed: record.rootSeed ?? held };
  return { ...records, tenants: records.tenants.with(index, next) };
}

/** @throws KeyBagError `TENANT_UNKNOWN` */
export function withoutRootKey(records: Records, tenant: Uint8Array): Records {
  const index = indexOfTenant(records, tenant);
  const held = records.tenants[index];
  if (held === undefined) throw new KeyBagError("TENANT_UNKNOWN", "the KeyBag holds no such tenant");
  return { ...records, tenants: records.tenants.with(index, { ...held, rootSeed: null }) };
}

/** Removes a tenant's record and all its key versions, imported ones included; its identity stays. */
export function withoutTenant(records: Records, tenant: Uint8Array): Records {
  return {
    identities: records.identities,
    tenants: records.tenants.filter((held) => !equalBytes(held.tenant, tenant)),
    keyVersions: records.keyVersions.filter((held) => !equalBytes(held.tenant, tenant)),
  };
}

/**
 * Adds key versions, all or none.
 * SECURITY: an import never replaces anything, and what was imported yields to what the directory confirmed, so a forged export can
 * not keep the genuine key out (test "K-8 a forged import yields to the genuine version").
 * @throws KeyBagError `KEY_EXISTS_DIFFERENT`
 */
export function withKeyVersions(records: Records, incoming: readonly StoredKeyVersion[]): Records {
  const keyVersions = [...records.keyVersions];
  for (const version of incoming) {
    const index = keyVersions.findIndex((held) => sameVersion(held, version));
    const held = keyVersions[index];
    if (held === undefined) keyVersions.push(version);
    else keyVersions[index] = merged(held, version);
  }
  return { ...records, keyVersions };
}

function merged(held: StoredKeyVersion, incoming: StoredKeyVersion): StoredKeyVersion {
  const sameHistory =
    held.history === null || incoming.history === null || equalSecrets(held.history, incoming.history);
  if (equalSecrets(held.content, incoming.content) && sameHistory) {
    const confirmed = held.imported ? incoming : held;
    return {
      ...confirmed,
      // SECURITY: the history secret of an import is unconfirmed; it must not become part of a confirmed version. Test: exported-key.test.ts.
      history: confirmed.history ?? (held.imported === incoming.imported ? (held.history ?? incoming.history) : null),
    };
  }
  if (held.imported && !incoming.imported) return incoming;
  throw new KeyBagError("KEY_EXISTS_DIFFERENT", "the KeyBag holds other secrets for this key version");
}

function sameVersion(a: StoredKeyVersion, b: StoredKeyVersion): boolean {
  // The version first: it is another in nearly all others, the tenant in few.
  return equalBytes(a.version, b.version) && equalBytes(a.keyId, b.keyId) && equalBytes(a.tenant, b.tenant);
}

function sameIdentity(a: Identity, b: Identity): boolean {
  return (
    a.name === b.name &&
    equalSecrets(a.userSeed, b.userSeed) &&
    equalSecrets(a.deviceSignSeed, b.deviceSignSeed) &&
    equalSecrets(a.deviceKemSeed, b.deviceKemSeed) &&
    equalSecrets(a.deviceSecret, b.deviceSecret) &&
    equalSecrets(a.slotSeed, b.slotSeed)
  );
}

function indexOfTenant({ tenants }: Records, tenant: Uint8Array): number {
  return tenants.findIndex((record) => equalBytes(record.tenant, tenant));
}
