// The tenants of a relay. Documents that clients present are verified, kept durably, and only then counted; who lost a right by
// them loses its connection in the same step.

import { fromHex, type LoginKey, type TenantId, toHex, type Verifier } from "@selkie/entry";
import type { Store } from "@selkie/store";
import { documentKind, type Grant, type Presented, presentDocuments, type Scheduler } from "@selkie/sync-protocol";
import type { Counters } from "../counters.ts";
import type { RelayRefusalCode } from "../errors.ts";
import type { Logger } from "../log/log.ts";
import { logTag } from "../log/redaction.ts";
import { loadTenant } from "./load-tenant.ts";
import { documentRecord, registeredTenants, slotOf, slotRecord, usageKey, usageRecord } from "./records.ts";
import { Retiring } from "./retiring.ts";
import { Serial } from "./serial.ts";
import { type Admitted, grantOf, type Login, Tenant } from "./tenant.ts";
import { TenantBlobs } from "./tenant-blobs.ts";
import { TenantUsage, type UsageCaps } from "./usage.ts";

export interface TenantsOptions {
  readonly store: Store;
  readonly verifier: Verifier;
  readonly caps: UsageCaps & { readonly tenants: number };
  /** Whether tenants never seen before may register. */
  readonly registration: "open" | "closed";
  readonly counters: Counters;
  readonly logger: Logger;
  readonly scheduler: Scheduler;
  /** ms since the epoch. */
  readonly clock: () => number;
  /** What retire lists wait at least, ms. */
  readonly retireAfterMs: number;
}

/** A claim whose signature by `key` was verified. */
export interface LoginRequest {
  readonly tenant: TenantId;
  readonly key: LoginKey;
  readonly documents: readonly Uint8Array[];
  /** Ends the session, should it not be allowed any more what it is now. */
  drop(code: RelayRefusalCode): void;
}

/** Tenants kept in memory although nobody is connected under them. */
const IDLE_TENANTS = 1_024;
/** Tickets remembered for one session. */
const MAX_TICKETS = 16;

/** All tenants of one relay. */
export class Tenants {
  readonly #options: TenantsOptions;
  readonly #tenantById = new Map<string, Tenant>();
  readonly #turnById = new Map<string, { readonly serial: Serial; waiting: number }>();
  readonly #registration = new Serial();
  /** What is to be dropped. */
  readonly retiring: Retiring;
  readonly blobs: TenantBlobs;
  #registered: number | null = null;

  constructor(options: TenantsOptions) {
    this.#options = options;
    this.blobs = new TenantBlobs({ ...options, waiting: (tenant) => this.retiring.waiting(tenant) });
    this.retiring = new Retiring({
      ...options,
      ...{ leastMs: options.retireAfterMs, find: (id) => this.#find(id), blobs: this.blobs },
    });
  }

  /** Lets a login key in, or answers null: whether the tenant is unknown, or the key, is for nobody to learn. */
  admit(request: LoginRequest): Promise<Admitted | null> {
    return this.#inTurn(request.tenant, async () => {
      const known = await this.#find(request.tenant);
      const presented = await this.#check(request.tenant, known, request.documents);
      const grant = presented.state === null ? null : grantOf(presented.state, request.key, presented.tickets);
      const tenant = known ?? (await this.#register(request, presented, grant));
      // A list signed by whom the last one names counts, whoever brings it: also when it shuts out the one who did.
      if (known !== null) await this.#keep(known, request.documents, presented);
      if (known !== null) await this.retiring.take(known, request.key, presented.retiring);
      if (tenant === null || grant === null) return null;
      const login: Login = { key: request.key, grant, tickets: presented.tickets, drop: request.drop };
      tenant.enter(login);
      return { tenant, login };
    });
  }

  /** Takes documents from an open session; answers what it may do from now on, or the code with which it ends. */
  present({ tenant, login }: Admitted, documents: readonly Uint8Array[]): Promise<Grant | RelayRefusalCode> {
    return this.#inTurn(tenant.id, async () => {
      const presented = await this.#check(tenant.id, tenant, documents);
      login.tickets = [...login.tickets, ...presented.tickets].slice(-MAX_TICKETS);
      const grant = grantOf(presented.state ?? tenant.state, login.key, login.tickets);
      // Databases are open that it may not see any more: it has to come back, as all the others.
      const isFarewell = grant?.directoryOnly === true && login.grant?.directoryOnly !== true;
      // The answer to this call tells the session what it may do now; it is not dropped for that as the others are.
      login.grant = isFarewell ? null : grant;
      if (login.grant === null) tenant.leave(login);
      await this.#keep(tenant, documents, presented);
      await this.retiring.take(tenant, login.key, presented.retiring);
      return login.grant ?? (isFarewell ? "DIRECTORY_ONLY" : "LOGIN_REFUSED");
    });
  }

  /** Ends what {@link Tenants.admit} began. */
  async leave({ tenant, login }: Admitted): Promise<void> {
    tenant.leave(login);
    this.#forgetIdle();
    if (!tenant.usage.isUnsaved(login.key)) return;
    const value = usageRecord(tenant.usage.save(login.key));
    await this.#options.store.commit({ put: [{ key: usageKey(tenant.id, login.key), value }] });
  }

  #forgetIdle(): void {
    if (this.#tenantById.size <= IDLE_TENANTS) return;
    for (const [id, idle] of this.#tenantById) {
      if (this.#tenantById.size <= IDLE_TENANTS) return;
      if (idle.isIdle && !this.#turnById.has(id)) this.#tenantById.delete(id);
    }
  }

  /** One job at a time per tenant, so that two lists that arrive together cannot both replace the same one. */
  async #inTurn<T>(tenant: TenantId, job: () => Promise<T>): Promise<T> {
    const id = toHex(tenant);
    const turn = this.#turnById.get(id) ?? { serial: new Serial(), waiting: 0 };
    this.#turnById.set(id, turn);
    turn.waiting += 1;
    try {
      return await turn.serial.run(job);
    } finally {
      turn.waiting -= 1;
      if (turn.waiting === 0) this.#turnById.delete(id);
    }
  }

  async #find(id: TenantId): Promise<Tenant | null> {
    const held = this.#tenantById.get(toHex(id));
    if (held !== undefined) return held;
    const { store, verifier, caps } = this.#options;
    const loaded = await loadTenant(store.state, verifier, id);
    if (loaded === null) return null;
    const other = this.#tenantById.get(toHex(id)); // somebody else may have asked meanwhile, out of turn
    if (other !== undefined) return other;
    const tenant = new Tenant(loaded.state, new TenantUsage(caps, loaded.bytesByKey), loaded);
    this.#tenantById.set(toHex(id), tenant);
    return tenant;
  }

  #check(id: TenantId, tenant: Tenant | null, documents: readonly Uint8Array[]): Promise<Presented> {
    return presentDocuments(this.#options.verifier, id, tenant?.state ?? null, documents);
  }

  /**
   * Registers a tenant for somebody whom its own documents let in: a stranger who saw them cannot make it take up room here.
   *
   * SECURITY: `presented` has a state only when its founding entry hashes to the tenant id, and rights only through a list signed by
   * that entry's writer. Test: tenants.test.ts "F6 ...".
   */
  #register(request: LoginRequest, presented: Presented, grant: Grant | null): Promise<Tenant | null> {
    const { state } = presented;
    if (state === null || grant === null || grant.directoryOnly === true) return Promise.resolve(null);
    return this.#registration.run(async () => {
      const { store, caps, registration, counters, logger, verifier } = this.#options;
      const registered = this.#registered ?? (await count(registeredTenants(store.state)));
      this.#registered = registered;
      if (registration === "closed" || registered >= caps.tenants) {
        logger.log("warn", "tenant.not-registered", { registration, registered });
        return null;
      }
      await this.#write(request.tenant, request.documents, presented);
      this.#registered = registered + 1;
      const tenant = new Tenant(state, new TenantUsage(caps, new Map()));
      this.#tenantById.set(toHex(request.tenant), tenant);
      counters.count("tenants_registered_total");
      logger.log("info", "tenant.registered", { tenant: logTag(verifier, request.tenant) });
      return tenant;
    });
  }

  /** Makes documents count: durable first, then for everybody at once. */
  async #keep(tenant: Tenant, documents: readonly Uint8Array[], presented: Presented): Promise<void> {
    const { state, applied } = presented;
    if (state === null || applied.length === 0) return;
    await this.#write(tenant.id, documents, presented);
    // SECURITY: a removed login key keeps nothing open, and what it has in flight is not stored. Test: access.test.ts "a removed login key loses its open connections at once".
    for (const { login, code } of tenant.adopt(state)) {
      tenant.leave(login);
      login.grant = null;
      this.#options.counters.count("sessions_dropped_total");
      login.drop(code);
    }
  }

  async #write(id: TenantId, documents: readonly Uint8Array[], { applied, state }: Presented): Promise<void> {
    const kept = applied.flatMap((index) => documents[index] ?? []);
    const single = kept.filter(([kind]) => kind !== documentKind.slotChain && kind !== documentKind.slotLogin);
    const slots = new Set(kept.filter((document) => !single.includes(document)).map(slotOf));
    const whole = [...slots].flatMap((name) => {
      const slot = state?.slots.get(name);
      return slot === undefined ? [] : [slotRecord(id, fromHex(name), slot)];
    });
    await this.#options.store.commit({ put: [...single.map((document) => documentRecord(id, document)), ...whole] });
  }
}

async function count(items: AsyncIterable<unknown>): Promise<number> {
  let found = 0;
  for await (const _ of items) found += 1;
  return found;
}
