// Retire lists: what admins want dropped waits here, and is dropped from the store when its time has come.

import { type DatabaseId, type LoginKey, type TenantId, toHex, type Verifier } from "@selkie/entry";
import type { Store } from "@selkie/store";
import {
  encodeRetireList,
  type RetiredPart,
  retirerOf,
  type Scheduler,
  type VerifiedRetireList,
} from "@selkie/sync-protocol";
import type { Counters } from "../counters.ts";
import type { Logger } from "../log/log.ts";
import { describeFailure } from "../log/redaction.ts";
import {
  retiringKey,
  retiringRecord,
  type StoredRetireList,
  storedRetireLists,
  usageKey,
  usageRecord,
} from "./records.ts";
import { Serial } from "./serial.ts";
import type { Tenant } from "./tenant.ts";

export interface RetiringOptions {
  readonly store: Store;
  readonly verifier: Verifier;
  readonly scheduler: Scheduler;
  /** ms since the epoch: lists wait over restarts. */
  readonly clock: () => number;
  /** What every list waits at least, ms. */
  readonly leastMs: number;
  readonly counters: Counters;
  readonly logger: Logger;
  find(tenant: TenantId): Promise<Tenant | null>;
}

/**
 * The retire lists of all tenants.
 * SECURITY: D11. A list is carried out only if its signer has the purge right still when its time has come; at once where the root, or two
 * slots, say the same. Test: retiring.test.ts.
 */
export class Retiring {
  readonly #at: RetiringOptions;
  readonly #working = new Serial();
  /** By tenant and hash, in hexadecimal; done ones too. Null until they were read. */
  #lists: Map<string, StoredRetireList> | null = null;
  #cancel: (() => void) | null = null;
  #isStopped = false;

  constructor(at: RetiringOptions) {
    this.#at = at;
  }

  /** Carries out what is due, and waits for the rest. */
  look(): Promise<void> {
    return this.#run(async () => undefined);
  }

  /** Takes lists that count now, from a login; durable when it resolves. Lists that it has no room for are left out. */
  take(tenant: Tenant, login: LoginKey, lists: readonly VerifiedRetireList[]): Promise<void> {
    if (lists.length === 0) return Promise.resolve();
    return this.#run(async (known) => {
      for (const list of lists) await this.#take(known, { tenant, login, list });
    });
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel?.();
    await this.#working.run(async () => undefined);
  }

  #run(work: (known: Map<string, StoredRetireList>) => Promise<void>): Promise<void> {
    return this.#working.run(async () => {
      if (this.#isStopped) return;
      this.#lists ??= await storedRetireLists(this.#at.store.state, this.#at.verifier);
      await work(this.#lists);
      for (const list of [...this.#lists.values()]) await this.#carryOut(list);
      this.#wait();
    });
  }

  async #take(
    known: Map<string, StoredRetireList>,
    { tenant, login, list }: { readonly tenant: Tenant; readonly login: LoginKey; readonly list: VerifiedRetireList },
  ): Promise<void> {
    const { store, clock, counters } = this.#at;
    const document = encodeRetireList(list);
    const key = retiringKey(tenant.id, list.signature);
    if (known.has(toHex(key))) return;
    // SECURITY: F4. What a relay remembers for a list is paid for by who brought it (retiring.test.ts).
    if (tenant.usage.charge(login, document.length) === null) {
      counters.count("quota_refused_total");
      return;
    }
    const stored: StoredRetireList = { key, tenant: tenant.id, since: Math.floor(clock()), list };
    const usage = { key: usageKey(tenant.id, login), value: usageRecord(tenant.usage.save(login)) };
    await store.commit({ put: [retiringRecord(stored), usage] });
    known.set(toHex(key), stored);
  }

  async #carryOut(stored: StoredRetireList): Promise<void> {
    const { store, clock, counters, find } = this.#at;
    const { list } = stored;
    if (list === null) return;
    const tenant = await find(stored.tenant);
    const by = tenant === null ? null : retirerOf(tenant.state, list);
    const isDue = this.#dueAt(stored) <= clock();
    if (tenant === null || by === null) return isDue ? this.#end(stored) : undefined;
    const isWhole = isDue || by === "root";
    const parts = isWhole ? list.parts : this.#saidByOthers(tenant, by, list);
    if (!isWhole && parts.length === 0) return;
    const dropped = await store.entries(tenant.id, list.database).retire(parts);
    counters.count("parts_retired_total", dropped);
    if (parts.length === list.parts.length) await this.#end(stored);
  }

  /** What lists of other slots that wait too name as well. */
  #saidByOthers(tenant: Tenant, by: string, { database, parts }: VerifiedRetireList): readonly RetiredPart[] {
    const said = new Set<string>();
    for (const { list } of this.#lists?.values() ?? []) {
      if (list === null || !isSame(list.database, database)) continue;
      const other = retirerOf(tenant.state, list);
      if (other !== null && other !== by) for (const part of list.parts) said.add(nameOf(part));
    }
    return said.size === 0 ? [] : parts.filter((part) => said.has(nameOf(part)));
  }

  /** It is remembered that it was here, so that it is not taken again. */
  async #end(stored: StoredRetireList): Promise<void> {
    const over: StoredRetireList = { ...stored, list: null };
    await this.#at.store.commit({ put: [retiringRecord(over)] });
    this.#lists?.set(toHex(stored.key), over);
  }

  #dueAt({ since, list }: StoredRetireList): number {
    return since + Math.max(this.#at.leastMs, (list?.wait ?? 0) * 1_000);
  }

  #wait(): void {
    const { scheduler, clock, logger } = this.#at;
    this.#cancel?.();
    this.#cancel = null;
    const waiting = [...(this.#lists?.values() ?? [])].filter(({ list }) => list !== null);
    if (waiting.length === 0) return;
    const next = Math.min(...waiting.map((stored) => this.#dueAt(stored)));
    const failed = (failure: unknown): void => logger.log("error", "store.failed", describeFailure(failure));
    const left = Math.max(0, next - clock());
    this.#cancel = scheduler.after(left, () => void this.look().catch(failed));
  }
}

const nameOf = ({ id, index }: RetiredPart): string => `${toHex(id)} ${index}`;
const isSame = (a: DatabaseId, b: DatabaseId): boolean => toHex(a) === toHex(b);
