import {
  createTenant,
  finishWipes,
  type HistoryPolicy,
  identityFingerprint,
  type JoinTexts,
  joinTenant,
  newIdentity,
  newJoinRequest,
  openTenant,
  type Platform,
  publicKeysOf,
  type Tenant,
  type TenantHost,
  type TenantOptions,
} from "@selkie/core";
import { toHex } from "@selkie/entry";
import type { Identity, KeyBag } from "@selkie/keybag";
import { ClientError } from "./client-error.ts";
import type { ClientStore, OpenedClientStore } from "./client-store.ts";
import { unlock } from "./unlock.ts";

/** A person on this device, before and in any tenant. */
export interface UserId {
  /** Such as `CN=alice/O=acme`. */
  readonly name: string;
  /** 60 digits in groups of five over all public keys of this user's device. */
  readonly fingerprint: string;
}

/** A request to be admitted: `toString()` is a URI for mail or a file, `toQrTexts()` for QR codes. It holds public keys only; `approveJoinRequest` takes any form. */
export interface JoinRequest extends JoinTexts {
  /** The name that is asked for, such as `CN=bob/O=acme`. */
  readonly user: string;
  /** To be compared, over a channel you trust, with what the admin sees, unless it was made with an invitation. */
  readonly fingerprint: string;
  /** The fingerprint as 12 words, for reading aloud. */
  readonly words: string;
}

/** How a join request is made. */
export interface JoinRequestOptions {
  /** As the inviter gave it. */
  readonly invitation?: { toString(): string } | string;
  /** Whether this is a further device of a user who is in. Default false: somebody new. */
  readonly device?: boolean;
}

/** The answer to a join request, as `approveJoinRequest` gives it. It holds no secret. */
export interface JoinResponse {
  toString(): string;
}

/** Everything one device keeps for its users: a KeyBag under one password, and a store. */
export interface Client extends AsyncDisposable {
  /** The secrets of this device, open until the client is disposed of. */
  readonly keyBag: KeyBag;
  /** Makes a person's keys, before any tenant. A name that exists already gives the person that has it. */
  createUserId(name: string): Promise<UserId>;
  /**
   * Founds a tenant, with no server. Its `history` is for good: `full` (default) lets whoever joins, or is given a key, read all that lies
   * under the key; `from-now` only what is written from then on. @throws ClientError TENANT_NAME_TAKEN; CoreError NAME_INVALID
   */
  createTenant(
    name: string,
    options: { user: UserId | string; history?: HistoryPolicy } & TenantOptions,
  ): Promise<Tenant>;
  /** Opens a tenant of this device by id or name, offline. One that is open stays as it is. @throws ClientError TENANT_UNKNOWN */
  openTenant(idOrName: string, options?: TenantOptions): Promise<Tenant>;
  /** The tenants of this device; `id` in hex. */
  tenants(): Promise<readonly { id: string; name: string }[]>;
  /**
   * Asks to be admitted to a tenant: give it to an admin of that tenant. With `device` this is a further device of the user of that name:
   * give it to a device that the user has there. Made with an invitation, it is answered by its inviter alone, and
   * nobody has to compare fingerprints. @throws CoreError NAME_INVALID | JOIN_MALFORMED
   */
  createJoinRequest(user: UserId | string, options?: JoinRequestOptions): Promise<JoinRequest>;
  /** Takes up the answer, its URI or all its QR texts; connect next. @throws CoreError JOIN_MALFORMED | JOIN_NOT_FOR_US | JOIN_NOT_FROM_INVITER | TENANT_EXISTS */
  joinTenant(response: JoinResponse | string, options?: TenantOptions): Promise<Tenant>;
}

/** What `createClient` starts from, once the platform is chosen. */
export interface ClientParts {
  readonly platform: Platform;
  readonly store: ClientStore;
  readonly password: string | (() => Promise<string>);
}

/** Opens the KeyBag and the store, or makes both. A wrong password is an error and changes nothing. */
export async function openClient({ platform, store, password }: ClientParts): Promise<Client> {
  const secret = typeof password === "string" ? password : await password();
  const { opened, keyBag } = await unlock(platform.crypto, store, secret);
  const bag = { keyBag, save: () => opened.writeKeyBag(keyBag.save()) };
  await finishWipes({ store: opened.store, bag });
  return new OpenClient(platform, opened, bag);
}

class OpenClient implements Client {
  readonly keyBag: KeyBag;
  readonly #host: TenantHost;
  readonly #opened: OpenedClientStore;
  readonly #tenants = new Map<string, Promise<Tenant>>();
  #closed: Promise<void> | null = null;

  constructor(platform: Platform, opened: OpenedClientStore, bag: TenantHost["bag"]) {
    this.keyBag = bag.keyBag;
    this.#opened = opened;
    this.#host = { platform, store: opened.store, bag, onClosed: (id) => this.#tenants.delete(id) };
  }

  async createUserId(name: string): Promise<UserId> {
    const { crypto } = this.#host.platform;
    const identity = await this.#identity(name);
    return { name: identity.name, fingerprint: identityFingerprint(crypto, await publicKeysOf(crypto, identity)) };
  }

  async createTenant(
    name: string,
    { user, history = "full", ...options }: { user: UserId | string; history?: HistoryPolicy } & TenantOptions,
  ): Promise<Tenant> {
    const identity = await this.#identity(nameOf(user));
    if (this.keyBag.tenants().some((tenant) => tenant.name === name))
      throw new ClientError("TENANT_NAME_TAKEN", "this device has a tenant of that name");
    return this.#keep(await createTenant(this.#host, { name, identity, history, ...options }));
  }

  async openTenant(idOrName: string, options: TenantOptions = {}): Promise<Tenant> {
    this.#open();
    const record = this.keyBag.tenants().find(({ tenant, name }) => name === idOrName || toHex(tenant) === idOrName);
    if (record === undefined) throw new ClientError("TENANT_UNKNOWN", "this device has no such tenant");
    const id = toHex(record.tenant);
    const opening = this.#tenants.get(id) ?? openTenant(this.#host, record, options);
    this.#tenants.set(id, opening);
    opening.catch(() => this.#tenants.delete(id)); // the caller has the rejection, and may try again
    return opening;
  }

  async tenants(): Promise<readonly { id: string; name: string }[]> {
    this.#open();
    return this.keyBag.tenants().map(({ tenant, name }) => ({ id: toHex(tenant), name }));
  }

  async createJoinRequest(
    user: UserId | string,
    { invitation, device = false }: JoinRequestOptions = {},
  ): Promise<JoinRequest> {
    const identity = await this.#identity(nameOf(user));
    return newJoinRequest(this.#host, identity, { invitation: invitation?.toString() ?? null, device });
  }

  async joinTenant(response: JoinResponse | string, options: TenantOptions = {}): Promise<Tenant> {
    this.#open();
    return this.#keep(await joinTenant(this.#host, response.toString(), options));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#close();
    await this.#closed;
  }

  /** Whatever fails on the way, the store is closed and the keys are locked. */
  async #close(): Promise<void> {
    try {
      const tenants = await Promise.allSettled(this.#tenants.values());
      const open = tenants.flatMap((tenant) => (tenant.status === "fulfilled" ? [tenant.value] : []));
      const closed = await Promise.allSettled(open.map((tenant) => tenant[Symbol.asyncDispose]()));
      for (const outcome of closed) if (outcome.status === "rejected") throw outcome.reason;
    } finally {
      this.keyBag.lock();
      await this.#opened[Symbol.asyncDispose]();
    }
  }

  #keep(tenant: Tenant): Tenant {
    this.#tenants.set(tenant.id, Promise.resolve(tenant));
    return tenant;
  }

  async #identity(name: string): Promise<Identity> {
    this.#open();
    const known = this.keyBag.identities().find((identity) => identity.name === name);
    if (known !== undefined) return known;
    const identity = newIdentity(this.#host.platform.crypto, name);
    await this.keyBag.addIdentity(identity);
    await this.#host.bag.save();
    return identity;
  }

  #open(): void {
    if (this.#closed !== null) throw new ClientError("CLIENT_CLOSED", "the client is closed");
  }
}

const nameOf = (user: UserId | string): string => (typeof user === "string" ? user : user.name);
