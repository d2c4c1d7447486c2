// Retire lists: what admins want dropped waits here, and is dropped from the store when its time has come.

import {
  type BlobHash,
  compareBytes,
  equalBytes,
  type LoginKey,
  type TenantId,
  toHex,
  type Verifier,
} from "@selkie/entry";
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
import type { TenantBlobs } from "./tenant-blobs.ts";

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
  readonly blobs: Pick<TenantBlobs, "drop" | "unclaimed">;
}

interface WaitingList {
  /** When it came, ms since the epoch. */
  readonly since: number;
  readonly list: VerifiedRetireList;
}

/**
 * The retire lists of all tenants.
 * SECURITY: D11. A list is carried out only if its signer has the purge right still when its time has come; of parts at once where the
 * root, or two slots, say the same. Test: retiring.test.ts.
 */
export class Retiring {
  readonly #at: RetiringOptions;
  readonly #working = new Serial();
  /** By tenant and hash, in hexadecimal; done ones too. Null until they were read. */
  #lists: Promise<Map<string, StoredRetireList>> | null = null;
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

  /** When the latest list came that names a blob and waits, by hash; null for those that none names. */
  async waiting(tenant: TenantId): Promise<(hash: BlobHash) => number | null> {
    const lists = (await this.#waitingOf(tenant)).filter(({ list }) => list.blobs.length > 0);
    return (hash) =>
      lists.reduce((latest: number | null, { since, list }) => {
        return isAmong(list.blobs, hash) ? Math.max(since, latest ?? 0) : latest;
      }, null);
  }

  /** The blobs that wait to be dropped, ascending. */
  async waitingBlobs(tenant: Tenant): Promise<readonly BlobHash[]> {
    const found = new Map<string, BlobHash>();
    for (const { since, list } of await this.#waitingOf(tenant.id)) {
      const unclaimed = await this.#at.blobs.unclaimed(tenant, list.blobs, since);
      for (const hash of unclaimed) found.set(toHex(hash), hash);
    }
    return [...found.values()].sort(compareBytes);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel?.();
    await this.#working.run(async () => undefined);
  }

  #run(work: (known: Map<string, StoredRetireList>) => Promise<void>): Promise<void> {
    return this.#working.run(async () => {
      if (this.#isStopped) return;
      const known = await this.#known();
      await work(known);
      for (const list of [...known.values()]) await this.#carryOut(known, list);
      this.#wait(known);
    });
  }

  /** The same map for everybody, once it could be read. */
  async #known(): Promise<Map<string, StoredRetireList>> {
    this.#lists ??= storedRetireLists(this.#at.store.state, this.#at.verifier);
    try {
      return await this.#lists;
    } catch (failure) {
      this.#lists = null;
      throw failure;
    }
  }

  async #waitingOf(tenant: TenantId): Promise<readonly WaitingList[]> {
    return [...(await this.#known()).values()].flatMap(({ since, list, tenant: of }) =>
      list !== null && equalBytes(of, tenant) ? [{ since, list }] : [],
    );
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
    known.set(toHex(key), stored); // before it is durable: whoever claims a blob from now on claims it behind this list
    try {
      await store.commit({ put: [retiringRecord(stored), usage] });
    } catch (failure) {
      known.delete(toHex(key));
      throw failure;
    }
  }

  async #carryOut(known: Map<string, StoredRetireList>, stored: StoredRetireList): Promise<void> {
    const { store, clock, counters, find } = this.#at;
    const { list } = stored;
    if (list === null) return;
    const tenant = await find(stored.tenant);
    const by = tenant === null ? null : retirerOf(tenant.state, list);
    const isDue = this.#dueAt(stored) <= clock();
    if (tenant === null || by === null) return isDue ? this.#end(known, stored) : undefined;
    const parts = isDue || by === "root" ? list.parts : saidByOthers(known, { tenant, by, list });
    if (parts.length > 0) {
      const dropped = await store.entries(tenant.id, list.database).retire(parts);
      counters.count("parts_retired_total", dropped);
    }
    // Who still needs a blob may come within the wait, whoever signed: equal contents are one blob.
    if (isDue) await this.#at.blobs.drop(tenant, list.blobs, stored.since);
    if (isDue || (parts.length === list.parts.length && list.blobs.length === 0)) await this.#end(known, stored);
  }

  /** It is remembered that it was here, so that it is not taken again. */
  async #end(known: Map<string, StoredRetireList>, stored: StoredRetireList): Promise<void> {
    const over: StoredRetireList = { ...stored, list: null };
    await this.#at.store.commit({ put: [retiringRecord(over)] });
    known.set(toHex(stored.key), over);
  }

  #dueAt({ since, list }: StoredRetireList): number {
    return since + Math.max(this.#at.leastMs, (list?.wait ?? 0) * 1_000);
  }

  #wait(known: Map<string, StoredRetireList>): void {
    const { scheduler, clock, logger } = this.#at;
    this.#cancel?.();
    this.#cancel = null;
    const waiting = [...known.values()].filter(({ list }) => list !== null);
    if (waiting.length === 0) return;
    const next = Math.min(...waiting.map((stored) => this.#dueAt(stored)));
    const failed = (failure: unknown): void => logger.log("error", "store.failed", describeFailure(failure));
    const left = Math.max(0, next - clock());
    this.#cancel = scheduler.after(left, () => void this.look().catch(failed));
  }
}

interface SlotsList {
  readonly tenant: Tenant;
  /** The slot that signed. */
  readonly by: string;
  readonly list: VerifiedRetireList;
}

/** What lists of other slots that wait too name as well. */
function saidByOthers(
  known: ReadonlyMap<string, StoredRetireList>,
  { tenant, by, list: { database, parts } }: SlotsList,
): readonly RetiredPart[] {
  const said = new Set<string>();
  for (const { list } of known.values()) {
    if (list === null || !equalBytes(list.tenant, tenant.id) || !equalBytes(list.database, database)) continue;
    const other = retirerOf(tenant.state, list);
    if (other !== null && other !== by) for (const part of list.parts) said.add(nameOf(part));
  }
  return said.size === 0 ? [] : parts.filter((part) => said.has(nameOf(part)));
}

const nameOf = ({ id, index }: RetiredPart): string => `${toHex(id)} ${index}`;

/** Whether a hash is among these, which ascend. */
function isAmong(hashes: readonly BlobHash[], wanted: BlobHash): boolean {
  let [from, to] = [0, hashes.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    const hash = hashes[middle];
    if (hash !== undefined && compareBytes(hash, wanted) < 0) from = middle + 1;
    else to = middle;
  }
  const found = hashes[from];
  return found !== undefined && equalBytes(found, wanted);
}
