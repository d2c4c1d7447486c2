// One database as one session sees it: the store's entries behind the session's rights and its login key's quota. Entries come
// here verified, as their type says; they are durable when `append` resolves, and only then does anybody hear of them.

import {
  type AppendResult,
  type ArrivedRuns,
  type DatabaseId,
  entrySize,
  type ReadLimit,
  type Replica,
  runSize,
  toHex,
  type Vector,
  type VerifiedRun,
  type WriterKey,
} from "@selkie/entry";
import { type EntryStore, hasHoles, readEntry, type Store, StoreError, type StoreWrite } from "@selkie/store";
import type { Counters } from "../counters.ts";
import type { RelayRefusalCode } from "../errors.ts";
import type { Logger } from "../log/log.ts";
import {
  begunKey,
  begunRecord,
  holeKey,
  holeRecord,
  type TenantRecord,
  usageKey,
  usageRecord,
} from "../tenants/records.ts";
import type { Admitted } from "../tenants/tenant.ts";
import type { Charge } from "../tenants/usage.ts";
import type { LiveDatabase, Subscriber } from "./live-databases.ts";

/** In one session so many chains are asked for: each of them is read to see whether parts of it are missing still. */
const MOST_ASKED = 1_024;

export interface RelayReplicaOptions {
  readonly store: Store;
  readonly entries: EntryStore;
  readonly admitted: Admitted;
  readonly live: LiveDatabase;
  /** The session that this replica is for. */
  readonly subscriber: Subscriber;
  readonly counters: Counters;
  readonly logger: Logger;
}

/** A run with what was charged for it. */
interface PaidRun {
  /** Its place among the runs that were to be appended. */
  readonly index: number;
  readonly run: VerifiedRun;
  readonly charge: Charge;
}

/** A run and how many of its entries were written. */
interface AppendedRun {
  readonly run: VerifiedRun;
  readonly count: number;
}

/** The replica that a relay's session reads from and appends to. */
export class RelayReplica implements Replica {
  readonly database: DatabaseId;
  readonly #options: RelayReplicaOptions;
  /** Of whose chains this session asks for parts that are missing here; null while nobody wanted to know. */
  #asked: readonly string[] | null = null;

  constructor(options: RelayReplicaOptions) {
    this.#options = options;
    this.database = options.entries.database;
  }

  async vector(): Promise<Vector> {
    const { entries, live, counters } = this.#options;
    const vector = await entries.vector();
    if (live.observe(vector)) {
      counters.count("damage_noticed_total");
      live.compareAll();
    }
    return vector;
  }

  /**
   * SECURITY: B6. A relay that lost entries gets them back from whoever comes first, without the permits that are for others: it asks all
   * the others for those (packages/sim/test/own-permits.test.ts).
   */
  async wholeVector(): Promise<Vector | null> {
    if (!this.#mayPush) return null;
    this.#asked ??= await this.#toAsk();
    if (this.#asked.length === 0) return null;
    return this.#options.admitted.tenant.holes.cut(this.database, await this.vector(), this.#asked);
  }

  /**
   * The writers of the chains that this login was not asked for lately, as far as parts of them are missing still.
   * SECURITY: F4. Whoever stores holes that nobody can fill costs the others a question for each, less and less often, and the relay no
   * more than a read (known-holes.test.ts).
   */
  async #toAsk(): Promise<readonly string[]> {
    const { entries, admitted, live, store } = this.#options;
    const { holes } = admitted.tenant;
    const holed = holes.in(this.database);
    const login = toHex(admitted.login.key);
    const nameOf = (writer: string): string => `${login} ${writer} ${holed.get(writer)?.seq}`;
    const due: string[] = [];
    for (const writer of holed.keys()) {
      if (due.length === MOST_ASKED) break;
      if (!live.recently.asked.has(nameOf(writer))) due.push(writer);
    }
    for (const writer of due) live.recently.asked.note(nameOf(writer));
    const changed = await holes.look(entries, due);
    if (changed.length > 0) await store.commit(this.#remember(changed));
    for (const writer of changed) if (holed.has(writer)) live.recently.asked.note(nameOf(writer));
    return due.filter((writer) => holed.has(writer));
  }

  async read(writer: WriterKey, from: number, limit: ReadLimit): Promise<VerifiedRun | null> {
    const { entries, live } = this.#options;
    if (!this.#mayPull) return null;
    const run = await entries.read(writer, from, limit);
    // What was there and cannot be read is damaged: the vector now ends before it, and telling so brings it back.
    if (run === null && live.wasSeen(writer, from)) await this.vector();
    return run;
  }

  async readAfter(position: number, limit: ReadLimit): Promise<ArrivedRuns> {
    if (!this.#mayPull) return { runs: [], position, done: true };
    return await this.#options.entries.readAfter(position, limit);
  }

  position(): Promise<number> {
    return this.#options.entries.position();
  }

  async append(runs: readonly VerifiedRun[]): Promise<readonly AppendResult[]> {
    const results = runs.map(() => refuse("QUOTA_EXCEEDED"));
    const paid: PaidRun[] = [];
    const { begun, tooMany } = await this.#begun(runs);
    for (const [index, run] of runs.entries()) {
      const isTooMany = tooMany.has(toHex(run.writer));
      const charge = isTooMany ? null : await this.#charge(run);
      if (isTooMany) results[index] = refuse("TOO_MANY_CHAINS");
      if (charge !== null) paid.push({ index, run, charge });
      else this.#options.counters.count("quota_refused_total");
    }
    const held = runs.some(({ entries }) => entries.some(hasHoles)) ? await this.#options.entries.vector() : null;
    // SECURITY: the session asked for the right before it verified anything. A login that ended or was made a reader meanwhile is found
    // out here, with nothing awaited before the write. Test: relay-replica.test.ts "what is under way when the right ends is not stored".
    if (!this.#mayPush) {
      for (const { charge } of paid) charge.settle(0);
      return runs.map(() => refuse("NOT_PERMITTED"));
    }
    const stored = await this.#write(paid, { held, begun });
    for (const [place, { index }] of paid.entries()) results[index] = stored[place] ?? refuse("RELAY_FULL");
    return results;
  }

  /** The writers of chains that these runs begin, and of those that are too many for this login. */
  async #begun(runs: readonly VerifiedRun[]): Promise<Record<"begun" | "tooMany", ReadonlySet<string>>> {
    const firsts = new Set(runs.flatMap(({ writer, firstSeq }) => (firstSeq === 0 ? [toHex(writer)] : [])));
    if (firsts.size === 0) return { begun: firsts, tooMany: firsts };
    const { entries, admitted } = this.#options;
    const held = await entries.vector();
    const begun = [...firsts].filter((writer) => !held.has(writer));
    const room = admitted.tenant.begun.room(this.database, admitted.login.key, held.size);
    return { begun: new Set(begun.slice(0, room)), tooMany: new Set(begun.slice(room)) };
  }

  get #mayPull(): boolean {
    const { tenant, login } = this.#options.admitted;
    return tenant.mayPull(login, this.database);
  }

  get #mayPush(): boolean {
    return this.#options.admitted.login.grant?.push === true;
  }

  /** Charges the login key for a run; null when it may not store that much. What is here already passes in any case. */
  async #charge(run: VerifiedRun): Promise<Charge | null> {
    const { admitted, entries } = this.#options;
    const charge = admitted.tenant.usage.charge(admitted.login.key, runSize(run));
    if (charge !== null) return charge;
    const head = (await entries.vector()).get(toHex(run.writer))?.seq ?? -1;
    return run.firstSeq + run.entries.length - 1 <= head ? admitted.tenant.usage.charge(admitted.login.key, 0) : null;
  }

  /** Stores runs and what they cost in one transaction. @param held how far chains reach, where parts are missing in what comes */
  async #write(
    paid: readonly PaidRun[],
    { held, begun }: { readonly held: Vector | null; readonly begun: ReadonlySet<string> },
  ): Promise<readonly AppendResult[]> {
    if (paid.length === 0) return [];
    const { entries, admitted } = this.#options;
    const { tenant, login } = admitted;
    const append = paid.map(({ run }) => ({ tenant: tenant.id, database: entries.database, run }));
    const usage = { key: usageKey(tenant.id, login.key), value: usageRecord(tenant.usage.save(login.key)) };
    const taken = held === null ? [] : paid.map(({ run }) => run);
    const put = [usage, ...this.#holes(taken, held), ...this.#begin(paid, begun)];
    const written = await this.#commit({ append, put }, paid);
    if (written === null) return paid.map(() => refuse("RELAY_FULL"));
    const results = await this.#replaceBranches(paid, written);
    const isOther = results.some((result, index) => result !== written[index]);
    await this.#tell(this.#settle(paid, results), isOther);
    return results;
  }

  /** What is to be remembered of chains that begin now. */
  #begin(paid: readonly PaidRun[], begun: ReadonlySet<string>): readonly TenantRecord[] {
    const { tenant, login } = this.#options.admitted;
    const writers = new Set(paid.map(({ run }) => toHex(run.writer)).filter((writer) => begun.has(writer)));
    if (writers.size === 0) return [];
    tenant.begun.note(this.database, login.key, writers.size);
    const value = begunRecord(tenant.begun.of(this.database, login.key));
    return [{ key: begunKey(tenant.id, this.database, login.key), value }];
  }

  /** What is known now of where parts of these chains are missing, as it is stored. */
  #remember(writers: readonly string[]): {
    readonly put: readonly TenantRecord[];
    readonly remove: readonly Uint8Array[];
  } {
    const { id, holes } = this.#options.admitted.tenant;
    const [put, remove]: [TenantRecord[], Uint8Array[]] = [[], []];
    for (const writer of writers) {
      const key = holeKey(id, this.database, writer);
      const hole = holes.in(this.database).get(writer);
      if (hole === undefined) remove.push(key);
      else put.push({ key, value: holeRecord(hole) });
    }
    return { put, remove };
  }

  /** What is to be remembered of parts that are missing in these runs, which are about to be stored. */
  #holes(runs: readonly VerifiedRun[], held: Vector | null): readonly TenantRecord[] {
    if (runs.length === 0) return [];
    return this.#remember(this.#options.admitted.tenant.holes.note(this.database, runs, held)).put;
  }

  /**
   * A relay can't tell which of two branches of a chain counts, and keeps the one that came first, until somebody with the right to purge
   * brings another: of the forked place and all behind it that one is kept from then on.
   * SECURITY: both branches are signed by the writer, so nobody loses anything by this who signs no place twice, and nobody without that
   * right brings it about (relay-replica.test.ts "D9 ...").
   *
   * As long as nothing decides between them two may hold one each. Neither puts its own back as often as it connects: a login brings each
   * branch once in an hour.
   */
  async #replaceBranches(paid: readonly PaidRun[], written: readonly AppendResult[]): Promise<readonly AppendResult[]> {
    const { entries, admitted, live } = this.#options;
    const results = [...written];
    for (const [index, { run }] of paid.entries()) {
      const result = results[index];
      if (result?.type !== "fork" || result.seq < run.firstSeq) continue;
      if (admitted.login.grant?.purge !== true) continue;
      const branch = run.entries[result.seq - run.firstSeq]?.id ?? run.writer;
      const name = toHex(admitted.login.key) + toHex(branch);
      if (live.recently.replaced.has(name)) continue;
      const place = { tenant: admitted.tenant.id, database: entries.database };
      const drop = [{ ...place, writer: run.writer, from: result.seq }];
      const [replaced] =
        (await this.#replace({
          drop,
          append: [{ ...place, run }],
          put: this.#holes([run], null),
          expect: "all-appended",
        })) ?? [];
      if (replaced === undefined) continue;
      results[index] = replaced;
      live.recently.replaced.note(name);
    }
    return results;
  }

  /** Null when the disk is full: then pushing is refused, like over a quota, and pulling works on. */
  async #commit(write: StoreWrite, paid: readonly PaidRun[]): Promise<readonly AppendResult[] | null> {
    const { store, counters, logger } = this.#options;
    try {
      return await store.commit(write);
    } catch (failure) {
      for (const { charge } of paid) charge.settle(0);
      if (!(failure instanceof StoreError && failure.code === "STORE_FULL")) throw failure;
      counters.count("store_full_total");
      logger.log("error", "store.full");
      return null;
    }
  }

  /** Null when the chain was replaced by somebody else meanwhile, or the disk is full. */
  async #replace(write: StoreWrite): Promise<readonly AppendResult[] | null> {
    try {
      return await this.#commit(write, []);
    } catch (failure) {
      if (failure instanceof StoreError && failure.code === "NOT_APPENDED") return null;
      throw failure;
    }
  }

  /** Gives back what was charged for entries that were here already. Answers how many of each run were not. */
  #settle(paid: readonly PaidRun[], results: readonly AppendResult[]): readonly AppendedRun[] {
    const { counters } = this.#options;
    return paid.map(({ run, charge }, index) => {
      const result = results[index];
      const count = result?.type === "appended" ? result.count : 0;
      const bytes = run.entries.slice(run.entries.length - count).reduce((sum, entry) => sum + entrySize(entry), 0);
      charge.settle(bytes);
      counters.count("entries_stored_total", count);
      counters.count("bytes_stored_total", bytes);
      if (result?.type === "refused") counters.count("runs_refused_total");
      return { run, count };
    });
  }

  /**
   * Tells the other sessions that there is more. When a damaged entry was replaced, those behind it can be read again, and they arrived
   * long ago: no position leads there, so both sides compare what they have; likewise when a chain goes on otherwise than before.
   */
  async #tell(runs: readonly AppendedRun[], isOther: boolean): Promise<void> {
    const { live, subscriber, entries } = this.#options;
    if (isOther) {
      live.observe(await entries.vector()); // shorter, and not damaged
      live.compareAll();
      return;
    }
    const appended = runs.filter(({ count }) => count > 0);
    if (appended.length === 0) return;
    const isPartial = appended.some(({ run, count }) => count < run.entries.length);
    const last = new Map(appended.map(({ run }) => [toHex(run.writer), run]));
    const isBehind = await Promise.all([...last.values()].map((run) => this.#hasEntryAfter(run)));
    if (isPartial || isBehind.includes(true)) live.compareAll();
    else live.announce(subscriber);
  }

  async #hasEntryAfter(run: VerifiedRun): Promise<boolean> {
    const next = run.firstSeq + run.entries.length;
    return (await readEntry(this.#options.entries, run.writer, next)) !== null;
  }
}

function refuse(code: RelayRefusalCode): AppendResult {
  return { type: "refused", code };
}
