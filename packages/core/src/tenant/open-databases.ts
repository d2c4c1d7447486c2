import { type DatabaseId, toHex } from "@selkie/entry";
import { type Assembled, assembleDatabase, type DatabaseHost } from "../database/assemble-database.ts";
import type { Quarantined } from "../replica/quarantine.ts";
import { flushOrHold, type SyncedReplica } from "../replica/synced-replica.ts";

export interface OpenDatabasesContext {
  /** What a database of this name stands in. */
  host(name: string): Promise<{ readonly id: DatabaseId; readonly host: Omit<DatabaseHost, "closed"> }>;
  /** A database was opened: connections sync it, too. */
  onOpened(replica: SyncedReplica): void;
}

/** The databases of a tenant that are open on this device, each once. */
export class OpenDatabases {
  readonly #at: OpenDatabasesContext;
  readonly #opening = new Map<string, Promise<Assembled>>();
  readonly #replicas = new Map<string, SyncedReplica>();

  constructor(at: OpenDatabasesContext) {
    this.#at = at;
  }

  get replicas(): readonly SyncedReplica[] {
    return [...this.#replicas.values()];
  }

  /** The database of this name: whoever asks twice gets the same. */
  async open(name: string): Promise<Assembled> {
    const opening = this.#opening.get(name) ?? this.#assemble(name);
    this.#opening.set(name, opening);
    try {
      return await opening;
    } catch (error) {
      if (this.#opening.get(name) === opening) this.#opening.delete(name); // so that it can be tried again
      throw error;
    }
  }

  /** Those that are open; one that failed to open is its caller's concern. */
  async all(): Promise<readonly Assembled[]> {
    const opened = await Promise.allSettled(this.#opening.values());
    return opened.flatMap((database) => (database.status === "fulfilled" ? [database.value] : []));
  }

  /** Seals what waits in journals; what is held until the directory is up to date waits on. */
  async flush(): Promise<void> {
    for (const assembled of await this.all()) await flushOrHold(assembled);
  }

  async *quarantined(): AsyncIterable<Quarantined> {
    for (const assembled of await this.all()) yield* assembled.quarantined();
  }

  /** Whatever fails on the way, all of them are closed. */
  async close(): Promise<void> {
    const closed = await Promise.allSettled((await this.all()).map(({ database }) => database[Symbol.asyncDispose]()));
    for (const outcome of closed) if (outcome.status === "rejected") throw outcome.reason;
  }

  async #assemble(name: string): Promise<Assembled> {
    const { id, host } = await this.#at.host(name);
    const closed = (): void => {
      this.#opening.delete(name);
      this.#replicas.delete(toHex(id));
    };
    const assembled = await assembleDatabase({ ...host, closed }, name, id);
    this.#replicas.set(toHex(id), assembled.replica);
    this.#at.onOpened(assembled.replica);
    return assembled;
  }
}
