import { toHex } from "@selkie/entry";
import type { Identity, TenantRecord } from "@selkie/keybag";
import type { Store } from "@selkie/store";
import { foundTenant } from "../directory/founding.ts";
import { parseInvitation } from "../directory/invitation.ts";
import { createDeviceRequest, createJoinRequest, type JoinRequest } from "../directory/join-request.ts";
import { answeredRequest, parseJoinResponse } from "../directory/join-response.ts";
import { requestIdOf } from "../directory/requested-keys.ts";
import { documentMemory as defaultMemory } from "../document/loaded-documents.ts";
import { CoreError } from "../errors.ts";
import { KeyRing } from "../keys/key-ring.ts";
import { openKeyVersion } from "../keys/key-version.ts";
import type { HistoryPolicy } from "../keys/permit-bundle.ts";
import { DerivedStores } from "../local/derived-rows.ts";
import { LocalState } from "../local/local-state.ts";
import type { Platform } from "../platform.ts";
import { importDeviceKeys } from "./device-keys.ts";
import { rememberInvited, requireInviter } from "./invited-requests.ts";
import { OpenTenant } from "./open-tenant.ts";
import type { Tenant } from "./tenant.ts";
import type { KeyBagFile, PartsPolicy } from "./tenant-context.ts";
import { decodeTenantData, encodeTenantData, newTenantData } from "./tenant-data.ts";

/** What a device offers its tenants: a platform, a store and an unlocked KeyBag. */
export interface TenantHost {
  readonly platform: Platform;
  readonly store: Store;
  readonly bag: KeyBagFile;
  /** A tenant was closed. `id` in hex. */
  onClosed(id: string): void;
}

/** How a tenant is open on this device. */
export interface TenantOptions {
  /**
   * What relays send to this device: `own-permits` (default) leaves out, of the directory, the permits for others; `readable` also the
   * parts of documents under keys that this device does not hold; `all` leaves out nothing, and tells the relay nothing (R3). What other devices send is
   * never limited.
   */
  readonly parts?: PartsPolicy;
  /**
   * About how many bytes of memory the loaded documents of each database may take, 64 MB by default. Those that were used longest ago are
   * freed, and loaded again when they are asked for; one that somebody edits or listens to stays.
   */
  readonly documentMemory?: number;
}

/** Founds a tenant on this device. The entries are durable before the KeyBag names the tenant. @throws CoreError NAME_INVALID */
export async function createTenant(
  host: TenantHost,
  options: { readonly name: string; readonly identity: Identity; readonly history?: HistoryPolicy } & TenantOptions,
): Promise<Tenant> {
  const { platform, store, bag } = host;
  const { name, identity, history = "full" } = options;
  const founded = await foundTenant(platform.crypto, { name, identity, history });
  const { tenant, directory } = founded;
  await store.commit({
    append: founded.runs.map((run) => ({ tenant, database: directory, run })),
    expect: "all-appended",
  });
  const record: TenantRecord = {
    tenant,
    name,
    identity: identity.id,
    directory,
    founding: null,
    rootSeed: founded.rootSeed,
    admittedBy: founded.admission,
    data: encodeTenantData(newTenantData("user", founded.slotSalt, null)),
  };
  await bag.keyBag.putTenant(record);
  await bag.keyBag.addKeyVersions(
    founded.keys.map(({ keyId, name: key, version, contentBytes, historyBytes }) => ({
      tenant,
      keyId,
      name: key,
      version,
      content: contentBytes,
      history: historyBytes,
    })),
  );
  await bag.save();
  return openTenant(host, record, options);
}

/** Opens a tenant that the KeyBag names. @throws CoreError IDENTITY_UNKNOWN | LOCAL_STATE_DAMAGED */
export async function openTenant(
  host: TenantHost,
  record: TenantRecord,
  { parts = "own-permits", documentMemory = defaultMemory }: TenantOptions = {},
): Promise<Tenant> {
  const { platform, store, bag } = host;
  const { crypto } = platform;
  const { tenant } = record;
  const identity = bag.keyBag.identities().find(({ id }) => toHex(id) === toHex(record.identity));
  if (identity === undefined)
    throw new CoreError("IDENTITY_UNKNOWN", "the KeyBag does not hold this tenant's identity");
  const ring = new KeyRing(crypto, record.directory);
  for (const secrets of bag.keyBag.keyVersions(tenant)) {
    ring.add(await openKeyVersion(crypto, secrets), secrets.imported ? "unconfirmed" : "confirmed");
  }
  const keys = await importDeviceKeys(crypto, identity, tenant, decodeTenantData(record.data));
  const local = new LocalState(crypto, store.state, await bag.keyBag.localKey("local-state"), tenant);
  const { admittedBy } = record;
  const derived = new DerivedStores({ store, local, random: (length) => crypto.randomBytes(length) });
  const context = { platform, tenant, admittedBy, store, bag, ring, local, derived, keys, parts, documentMemory };
  return OpenTenant.open(context, record, () => host.onClosed(toHex(tenant)));
}

/** What a request is to be. */
export interface RequestOptions {
  /** The text of an invitation; null without one. */
  readonly invitation: string | null;
  /** Whether this is a further device of somebody who is in. */
  readonly device: boolean;
}

/**
 * A request to be admitted to a tenant, for an admin of it, or for a device of the user whose further device this is. One that is made
 * with an invitation is answered by who made that alone.
 * @throws CoreError JOIN_MALFORMED when the text is no invitation
 */
export async function newJoinRequest(
  host: TenantHost,
  identity: Identity,
  { invitation, device }: RequestOptions,
): Promise<JoinRequest> {
  const { crypto } = host.platform;
  const create = device ? createDeviceRequest : createJoinRequest;
  if (invitation === null) return create(crypto, identity);
  const content = parseInvitation(crypto, invitation);
  const request = await create(crypto, identity, content.secret);
  await rememberInvited(host, requestIdOf(crypto, request.keys), content);
  return request;
}

/**
 * Takes up the answer to a request. What it names cannot be substituted: the tenant id is the hash of the founding entry, and everything else
 * is verified up to it. @throws CoreError JOIN_MALFORMED | JOIN_NOT_FOR_US | JOIN_NOT_FROM_INVITER | TENANT_EXISTS
 */
export async function joinTenant(host: TenantHost, response: string, options: TenantOptions = {}): Promise<Tenant> {
  const { platform, bag } = host;
  const answer = parseJoinResponse(platform.crypto, response);
  // SECURITY: a response is unverified until the directory arrived and confirmed a key. Until then another may take its place, so that
  // a forged one can't shut out the genuine one (join.test.ts).
  if (bag.keyBag.keyVersions(answer.tenant).length > 0) {
    throw new CoreError("TENANT_EXISTS", "this device has joined the tenant already");
  }
  await requireInviter(host, answer);
  for (const identity of bag.keyBag.identities()) {
    const joinedAs = await answeredRequest(platform.crypto, answer, identity);
    if (joinedAs === null) continue;
    const { tenant, tenantName: name, directory, admission: admittedBy, salt, ticket } = answer;
    const data = encodeTenantData(newTenantData(joinedAs, salt, ticket));
    const record: TenantRecord = {
      tenant,
      name,
      identity: identity.id,
      directory,
      founding: null,
      rootSeed: null,
      admittedBy,
      data,
    };
    await bag.keyBag.putTenant(record);
    await bag.save();
    return openTenant(host, record, options);
  }
  throw new CoreError("JOIN_NOT_FOR_US", "the response answers a request that no identity of this device made");
}
