import { type DatabaseId, toHex } from "@selkie/entry";
import { type Assembled, assembleDatabase } from "../database/assemble-database.ts";
import type { DatabaseHost } from "../database/database-host.ts";
import { OpenDatabase } from "../database/open-database.ts";
import { CoreError } from "../errors.ts";
import { assembleRemote } from "../remote/assemble-remote.ts";
import { OpenRemoteDatabase } from "../remote/remote-database.ts";
import { type ReplicaKind, rememberedKind, rememberKind } from "../remote/replica-kind.ts";
import type { Quarantined } from "../replica/quarantine.ts";
import { flushOrHold, type SyncedReplica } from "../replica/synced-replica.ts";
import { openUnlessAborted } from "../unless-aborted.ts";

type AnyAssembled = Assembled<OpenDatabase<object> | OpenRemoteDatabase<object>>;

export interface OpenDatabasesContext {
  /** What a database of this name stands in. */
  host(name: string): Promise<{ readonly id: DatabaseId; readonly host: Omit<DatabaseHost, "closed"> }>;
  /** A database was opened: connections sync it, too. */
  onOpened(replica: SyncedReplica): void;
  /** Gets errors that belong to no call. */
  report(error: unknown): void;
  /** A database was closed. Resolves when no connection syncs it any more. */
  onClosed(replica: SyncedReplica): Promise<void>;
}

/** The databases of a tenant that are open on this device, each once. */
export class OpenDatabases {
  readonly #at: OpenDatabasesContext;
  readonly #opening = new Map<string, Promise<AnyAssembled>>();
  readonly #replicas = new Map<string, SyncedReplica>();
  /** Who has a database open that nobody has opened for good. */
  readonly #lent = new Map<string, Set<object>>();
  /** Being closed after that. */
  readonly #closing = new Map<string, Promise<void>>();
  /** Of databases that were closed: until no connection syncs them any more. */
  readonly #leaving = new WeakMap<SyncedReplica, Promise<void>>();

  constructor(at: OpenDatabasesContext) {
    this.#at = at;
  }

  get replicas(): readonly SyncedReplica[] {
    return [...this.#replicas.values()];
  }

  replica(database: DatabaseId): SyncedReplica | undefined {
    return this.#replicas.get(toHex(database));
  }

  /**
   * The database of this name: whoever asks twice gets the same. Of one that comes after the signal is nothing left, unless somebody else has
   * it open. @throws CoreError REPLICA_OTHER when it is open to be read through others; the signal's reason
   */
  async open(name: string, signal?: AbortSignal): Promise<OpenDatabase<object>> {
    return wholeOf(await this.#openFor(name, { type: "full" }, signal));
  }

  /** The same for one that is read through others. @throws CoreError REPLICA_OTHER when it is open as a whole replica; the signal's reason */
  async openRemote(name: string, cacheBytes: number, signal?: AbortSignal): Promise<OpenRemoteDatabase<object>> {
    const { database } = await this.#openFor(name, { type: "remote", cacheBytes }, signal);
    if (database instanceof OpenRemoteDatabase) return database;
    throw new CoreError("REPLICA_OTHER", "the database is open as a whole replica");
  }

  async #openFor(name: string, kind: ReplicaKind, signal: AbortSignal | undefined): Promise<AnyAssembled> {
    if (signal !== undefined)
      await openUnlessAborted(this.#borrow(name, kind), { signal, report: this.#at.report }, ({ letGo }) => letGo());
    this.#lent.delete(name);
    await this.#closing.get(name);
    return this.#open(name, kind);
  }

  /** Has a database open until it is let go; then it is closed, unless somebody else has it open. @throws CoreError REPLICA_OTHER */
  async lend(name: string): Promise<{ readonly database: OpenDatabase<object>; letGo(): Promise<void> }> {
    const { assembled, letGo } = await this.#borrow(name, null);
    try {
      return { database: wholeOf(assembled), letGo };
    } catch (error) {
      await letGo();
      throw error;
    }
  }

  async #borrow(
    name: string,
    kind: ReplicaKind | null,
  ): Promise<{ readonly assembled: AnyAssembled; letGo(): Promise<void> }> {
    await this.#closing.get(name);
    const letGo = this.#lend(name);
    try {
      return { assembled: await this.#open(name, kind), letGo };
    } catch (error) {
      await letGo();
      throw error;
    }
  }

  /**
   * Has these databases open for as long as the work takes, those too that somebody is just opening. What was not open before is closed,
   * but for what somebody else opens meanwhile.
   * @returns what the work did; false when one of them could not be opened, stayed not open or could not be closed
   */
  async visit(names: readonly string[], work: (at: readonly SyncedReplica[]) => Promise<boolean>): Promise<boolean> {
    const lent = names.map((name) => this.#lend(name));
    let isDone = false;
    try {
      const opened = await Promise.allSettled(names.map((name) => this.#open(name, null)));
      const replicas = opened.flatMap((each) => (each.status === "fulfilled" ? [each.value.replica] : []));
      isDone = (await work(replicas)) && replicas.length === names.length;
      isDone &&= replicas.every((replica) => this.replica(replica.database) === replica);
    } finally {
      const left = await Promise.allSettled(lent.map((letGo) => letGo()));
      for (const { status } of left) isDone &&= status === "fulfilled";
    }
    return isDone;
  }

  /** @param kind null for whatever the app opened it as last */
  async #open(name: string, kind: ReplicaKind | null): Promise<AnyAssembled> {
    const opening = this.#opening.get(name) ?? this.#assemble(name, kind);
    this.#opening.set(name, opening);
    try {
      return await opening;
    } catch (error) {
      if (this.#opening.get(name) === opening) this.#opening.delete(name); // so that it can be tried again
      throw error;
    }
  }

  /** Those that are open; one that failed to open is its caller's concern. */
  async all(): Promise<readonly AnyAssembled[]> {
    const opened = await Promise.allSettled(this.#opening.values());
    return opened.flatMap((database) => (database.status === "fulfilled" ? [database.value] : []));
  }

  /** Seals what waits in journals; what is held until the directory is up to date waits on. */
  async flush(): Promise<void> {
    for (const assembled of await this.all()) await flushOrHold(assembled);
  }

  /** Something was purged from the store, or may come again. */
  purge(): void {
    void this.all().then((opened) => {
      for (const assembled of opened) assembled.purge();
    });
  }

  async *quarantined(): AsyncIterable<Quarantined> {
    for (const assembled of await this.all()) {
      await assembled.loaded();
      yield* assembled.quarantined();
    }
  }

  /** Whatever fails on the way, all of them are closed. */
  async close(): Promise<void> {
    const closed = await Promise.allSettled((await this.all()).map(({ database }) => database[Symbol.asyncDispose]()));
    for (const outcome of closed) if (outcome.status === "rejected") throw outcome.reason;
  }

  /** @returns what ends it */
  #lend(name: string): () => Promise<void> {
    if (this.#opening.has(name) && !this.#lent.has(name)) return async () => undefined; // who opened it closes it
    const holders = this.#lent.get(name) ?? new Set<object>();
    const holder = {};
    this.#lent.set(name, holders.add(holder));
    return async () => {
      holders.delete(holder);
      if (holders.size > 0 || this.#lent.get(name) !== holders) return;
      this.#lent.delete(name);
      await this.#leave(name);
    };
  }

  async #leave(name: string): Promise<void> {
    const opened = await this.#opening.get(name);
    if (opened === undefined) return;
    const closing = opened.database[Symbol.asyncDispose]();
    this.#closing.set(name, closing);
    try {
      await closing;
    } finally {
      this.#closing.delete(name);
      await this.#leaving.get(opened.replica);
    }
  }

  async #assemble(name: string, asked: ReplicaKind | null): Promise<AnyAssembled> {
    const { id, host } = await this.#at.host(name);
    const { store, local } = host.context;
    const at = { database: id, store, local };
    const kind = asked ?? (await rememberedKind(at));
    if (asked !== null) await rememberKind(at, asked);
    const closed = (): void => {
      const replica = this.#replicas.get(toHex(id));
      this.#opening.delete(name);
      this.#replicas.delete(toHex(id));
      if (replica !== undefined) this.#leaving.set(replica, this.#at.onClosed(replica));
    };
    const whole = { ...host, closed };
    const assembled =
      kind.type === "full"
        ? await assembleDatabase(whole, name, id)
        : await assembleRemote(whole, { name, id, cacheBytes: kind.cacheBytes });
    this.#replicas.set(toHex(id), assembled.replica);
    this.#at.onOpened(assembled.replica);
    return assembled;
  }
}

/** @throws CoreError REPLICA_OTHER */
function wholeOf({ database }: AnyAssembled): OpenDatabase<object> {
  if (database instanceof OpenDatabase) return database;
  throw new CoreError("REPLICA_OTHER", "the database is open to be read through others");
}
