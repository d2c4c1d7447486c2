// Blobs of tenants: who may learn that one is here, who pays for it, and what is dropped. Bytes are stored first and recorded then; a
// blob without a record, as a crash leaves it, is charged to whoever claims it next.

import { type BlobHash, concatBytes, equalBytes, type TenantId, toHex } from "@selkie/entry";
import { type ByteRange, type Store, StoreError } from "@selkie/store";
import type { BlobPiece } from "@selkie/sync-protocol";
import type { Counters } from "../counters.ts";
import type { Logger } from "../log/log.ts";
import { type BlobRecord, blobKey, blobRecord, blobRecordsOf, costOf } from "./blob-records.ts";
import { BlobRefusal } from "./blob-refusal.ts";
import { type TenantRecord, usageKey, usageRecord } from "./records.ts";
import type { Admitted, Tenant } from "./tenant.ts";
import { Turns } from "./turns.ts";
import type { Reservation } from "./usage.ts";

export interface TenantBlobsOptions {
  readonly store: Store;
  readonly counters: Counters;
  readonly logger: Logger;
  /** ms since the epoch. */
  readonly clock: () => number;
  /** When the latest list came that wants a blob dropped and waits, by hash; null for those that nobody wants dropped. */
  waiting(tenant: TenantId): Promise<(hash: BlobHash) => number | null>;
}

/** A blob on its way here. */
export interface ArrivingBlob {
  readonly hash: BlobHash;
  readonly size: number;
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Whether who brings it is still let in. */
  isAllowed(): boolean;
}

/** A blob, or a range of it, to be given out. */
export interface OpenedBlob {
  /** Bytes of the whole blob. */
  readonly size: number;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** The blobs of all tenants of a relay. */
export class TenantBlobs {
  readonly #at: TenantBlobsOptions;
  readonly #turns = new Turns();
  /** Blobs on their way here, with how many bring them. */
  readonly #arriving = new Map<string, number>();

  constructor(at: TenantBlobsOptions) {
    this.#at = at;
  }

  /**
   * Those of the blobs that are not here; the others count as claimed.
   * SECURITY: C3. Who could not fetch a blob does not learn that it is here: all are missing (tenant-blobs.test.ts).
   */
  async missing(admitted: Admitted, hashes: readonly BlobHash[]): Promise<readonly BlobHash[]> {
    const { tenant, login } = admitted;
    if (!tenant.mayPullBlobs(login)) return hashes;
    const names = hashes.map((hash) => nameOf(tenant.id, hash));
    const held = await tenant.during(() => this.#turns.run(names, () => this.#claim(admitted, hashes)));
    return hashes.filter((hash) => !held.has(toHex(hash)));
  }

  /**
   * Stores a blob, charged to the login that brings it unless it is paid for; durable when it resolves.
   *
   * @returns whether it was here already, in which case its bytes are not looked at
   * @throws BlobRefusal
   */
  take(admitted: Admitted, blob: ArrivingBlob): Promise<"stored" | "held"> {
    const { tenant, login } = admitted;
    const name = nameOf(tenant.id, blob.hash);
    return tenant.during(async () => {
      const isHeld = await this.#turns.run([name], async () => {
        if (tenant.mayPullBlobs(login) && (await this.#claim(admitted, [blob.hash])).size > 0) return true;
        this.#arrives(name, 1);
        return false;
      });
      if (isHeld) return "held";
      try {
        await this.#store(admitted, blob);
        return "stored";
      } finally {
        this.#arrives(name, -1);
      }
    });
  }

  /** A blob for who may pull; null when it is not here, or was damaged. */
  async open({ tenant, login }: Admitted, hash: BlobHash, range?: ByteRange): Promise<OpenedBlob | null> {
    const size = await this.sizeOf({ tenant, login }, hash);
    if (size === null) return null;
    const bytes = await this.#at.store.blobs(tenant.id).get(hash, range);
    if (bytes !== undefined) return { size, bytes };
    this.#at.counters.count("damage_noticed_total");
    return null;
  }

  /** Bytes of a blob for who may pull. */
  async sizeOf({ tenant, login }: Admitted, hash: BlobHash): Promise<number | null> {
    if (!tenant.mayPullBlobs(login)) return null;
    return (await this.#at.store.blobs(tenant.id).sizeOf(hash)) ?? null;
  }

  /** As much of a range as there is. */
  async read(admitted: Admitted, hash: BlobHash, range: ByteRange): Promise<BlobPiece | null> {
    const opened = await this.open(admitted, hash, range);
    if (opened === null) return null;
    const parts: Uint8Array[] = [];
    for await (const part of opened.bytes) parts.push(part);
    return { size: opened.size, bytes: concatBytes(...parts) };
  }

  /** Drops those of the blobs that nobody claimed since, and gives their bytes back. */
  async drop(tenant: Tenant, hashes: readonly BlobHash[], since: number): Promise<void> {
    let dropped = 0;
    const dropOne = async (hash: BlobHash): Promise<void> => {
      const name = nameOf(tenant.id, hash);
      await this.#turns.run([name], async () => {
        if (this.#arriving.has(name)) return;
        const records = await blobRecordsOf(this.#at.store.state, tenant.id, hash);
        if (claimedAt(records) < since && (await this.#remove(tenant, hash, records))) dropped += 1;
      });
    };
    await tenant.during(async () => {
      for (let at = 0; at < hashes.length; at += AT_ONCE)
        await Promise.all(hashes.slice(at, at + AT_ONCE).map(dropOne));
    });
    this.#at.counters.count("blobs_retired_total", dropped);
  }

  /** Those of the blobs that are here, and that nobody claimed since. */
  async unclaimed(tenant: Tenant, hashes: readonly BlobHash[], since: number): Promise<readonly BlobHash[]> {
    const { store } = this.#at;
    const unclaimed: BlobHash[] = [];
    for (const hash of hashes) {
      if ((await store.blobs(tenant.id).sizeOf(hash)) === undefined) continue;
      if (claimedAt(await blobRecordsOf(store.state, tenant.id, hash)) < since) unclaimed.push(hash);
    }
    return unclaimed;
  }

  /** In turn: the names, in hexadecimal, of those blobs that are here and paid for, also if only now. */
  async #claim({ tenant, login }: Admitted, hashes: readonly BlobHash[]): Promise<ReadonlySet<string>> {
    const { store } = this.#at;
    const wantedGone = await this.#at.waiting(tenant.id);
    const held = new Set<string>();
    const puts: TenantRecord[] = [];
    const paid: Reservation[] = [];
    for (const hash of hashes) {
      const size = await store.blobs(tenant.id).sizeOf(hash);
      if (size === undefined || held.has(toHex(hash))) continue;
      const records = await blobRecordsOf(store.state, tenant.id, hash);
      const since = wantedGone(hash);
      const [record] = records;
      if (record === undefined) {
        const reservation = tenant.usage.reserve(login.key, costOf(size));
        if (reservation === null) continue;
        paid.push(reservation);
        puts.push(blobRecord(tenant.id, hash, { login: login.key, charged: costOf(size), claimed: this.#now(since) }));
      } else if (since !== null && claimedAt(records) < since) {
        puts.push(blobRecord(tenant.id, hash, { ...record, claimed: this.#now(since) }));
      }
      held.add(toHex(hash));
    }
    await this.#commit({ tenant, login }, puts, paid);
    return held;
  }

  async #store(admitted: Admitted, { hash, size, chunks, isAllowed }: ArrivingBlob): Promise<void> {
    const { tenant, login } = admitted;
    const { store, counters } = this.#at;
    const reservation = tenant.usage.reserve(login.key, costOf(size));
    if (reservation === null) {
      counters.count("quota_refused_total");
      throw new BlobRefusal("QUOTA");
    }
    try {
      await this.#whileFits(() => store.blobs(tenant.id).put(hash, whileAllowed(chunks, isAllowed)));
      await this.#turns.run([nameOf(tenant.id, hash)], () =>
        this.#pay(admitted, { hash, size, isAllowed }, reservation),
      );
    } finally {
      reservation.release();
    }
    counters.count("blobs_stored_total");
    counters.count("blob_bytes_stored_total", size);
  }

  /** In turn: records what was just stored, or removes it. */
  async #pay(
    admitted: Admitted,
    { hash, size, isAllowed }: Omit<ArrivingBlob, "chunks">,
    reservation: Reservation,
  ): Promise<void> {
    const { tenant, login } = admitted;
    const records = await blobRecordsOf(this.#at.store.state, tenant.id, hash);
    try {
      // SECURITY: what is under way when the right ends is not stored. Test: tenant-blobs.test.ts "what is under way ...".
      if (!isAllowed()) throw new BlobRefusal("NO_TICKET");
      // Who may pull pays for what nobody else pays for; who may not does not learn whether somebody does (C3), and pays.
      const isOwn = ({ login: key }: BlobRecord): boolean => equalBytes(key, login.key);
      const paying = tenant.mayPullBlobs(login) ? records[0] : records.find(isOwn);
      const claimed = this.#now((await this.#at.waiting(tenant.id))(hash));
      const record = { ...(paying ?? { login: login.key, charged: costOf(size) }), claimed };
      await this.#commit(admitted, [blobRecord(tenant.id, hash, record)], paying === undefined ? [reservation] : []);
    } catch (failure) {
      const isAlone = this.#arriving.get(nameOf(tenant.id, hash)) === 1;
      if (records.length === 0 && isAlone) await this.#remove(tenant, hash, []);
      throw failure;
    }
  }

  /** Writes records, and what they add to what a login is charged. */
  async #commit(
    { tenant, login }: Admitted,
    put: readonly TenantRecord[],
    paid: readonly Reservation[],
  ): Promise<void> {
    if (put.length === 0) return;
    for (const reservation of paid) reservation.keep();
    const usage = { key: usageKey(tenant.id, login.key), value: usageRecord(tenant.usage.save(login.key)) };
    try {
      await this.#whileFits(() => this.#at.store.commit({ put: paid.length === 0 ? put : [...put, usage] }));
    } catch (failure) {
      for (const { bytes } of paid) tenant.usage.giveBack(login.key, bytes);
      throw failure;
    }
  }

  /** In turn: removes a blob, then its records. Answers whether it was here. */
  async #remove(tenant: Tenant, hash: BlobHash, records: readonly BlobRecord[]): Promise<boolean> {
    const { store } = this.#at;
    const isHere = await store.blobs(tenant.id).has(hash);
    await store.blobs(tenant.id).remove(hash);
    if (records.length === 0) return isHere;
    const { usage } = tenant;
    for (const { login, charged } of records) usage.giveBack(login, charged);
    try {
      await store.commit({
        remove: records.map(({ login }) => blobKey(tenant.id, hash, login)),
        put: records.map(({ login }) => ({ key: usageKey(tenant.id, login), value: usageRecord(usage.save(login)) })),
      });
    } catch (failure) {
      for (const { login, charged } of records) usage.takeAgain(login, charged);
      throw failure;
    }
    return isHere;
  }

  /** @throws BlobRefusal `RELAY_FULL` when the disk is full: then storing is refused, like over a quota, and reading works on */
  async #whileFits<T>(work: () => Promise<T>): Promise<T> {
    const { counters, logger } = this.#at;
    try {
      return await work();
    } catch (failure) {
      if (!(failure instanceof StoreError)) throw failure;
      if (failure.code === "BLOB_MISMATCH") throw new BlobRefusal("BLOB_MISMATCH");
      if (failure.code !== "STORE_FULL") throw failure;
      counters.count("store_full_total");
      logger.log("error", "store.full");
      throw new BlobRefusal("RELAY_FULL");
    }
  }

  /** Now, and not before a list that came before. */
  #now(since: number | null): number {
    return Math.max(Math.floor(this.#at.clock()), since ?? 0);
  }

  #arrives(name: string, by: 1 | -1): void {
    const arriving = (this.#arriving.get(name) ?? 0) + by;
    if (arriving === 0) this.#arriving.delete(name);
    else this.#arriving.set(name, arriving);
  }
}

/** Blobs dropped side by side. */
const AT_ONCE = 16;

function nameOf(tenant: TenantId, hash: BlobHash): string {
  return toHex(tenant) + toHex(hash);
}

/** When a blob was last claimed; long ago where nobody is charged for it. */
function claimedAt(records: readonly BlobRecord[]): number {
  return Math.max(0, ...records.map(({ claimed }) => claimed));
}

async function* whileAllowed(chunks: AsyncIterable<Uint8Array>, isAllowed: () => boolean): AsyncIterable<Uint8Array> {
  for await (const chunk of chunks) {
    if (!isAllowed()) throw new BlobRefusal("NO_TICKET");
    yield chunk;
  }
}
