// A store in memory: for tests, simulations, and clients that keep nothing.
import {
  type AppendResult,
  concatBytes,
  type DatabaseId,
  parseDatabaseId,
  parseTenantId,
  type TenantId,
  toHex,
  type Verifier,
} from "@selkie/entry";
import type { BlobStore } from "../blob-store.ts";
import type { EntryStore } from "../entry-store.ts";
import { ForgottenTenants } from "../forgotten-tenants.ts";
import { type InstanceId, parseInstanceId } from "../instance-id.ts";
import type { StateStore } from "../state-store.ts";
import type { Store, StoreWrite } from "../store.ts";
import { StoreError } from "../store-error.ts";
import { MemoryBlobs } from "./memory-blobs.ts";
import { commitToMemory } from "./memory-commit.ts";
import type { MemoryDatabase } from "./memory-database.ts";
import { type MemoryContent, MemoryDisk } from "./memory-disk.ts";
import { MemoryEntries, type MemoryHost } from "./memory-entries.ts";
import { MemoryState } from "./memory-state.ts";

/** What {@link memoryStore} needs. */
export interface MemoryStoreOptions {
  readonly verifier: Verifier;
  /** A source of unpredictable bytes. */
  readonly random: (length: number) => Uint8Array;
  /** What an earlier memory store left; a new, empty disk by default. */
  readonly disk?: MemoryDisk;
}

/**
 * Opens a store that keeps everything in memory.
 *
 * @throws StoreError `STORE_LOCKED` when another store has the disk open
 */
export function memoryStore(options: MemoryStoreOptions): Store {
  return new MemoryStore(options);
}

class MemoryStore implements Store, MemoryHost {
  readonly instance: InstanceId;
  readonly generation: Uint8Array;
  readonly state: StateStore;
  readonly verifier: Verifier;
  readonly forgotten = new ForgottenTenants();
  readonly #disk: MemoryDisk;
  readonly #owner = Symbol("memory store");

  constructor({ verifier, random, disk = new MemoryDisk() }: MemoryStoreOptions) {
    this.verifier = verifier;
    this.#disk = disk;
    this.instance = disk.acquire(this.#owner) ?? parseInstanceId(random(16));
    this.generation = disk.content.generation ?? random(8);
    disk.content.generation = this.generation;
    this.state = new MemoryState(
      () => this.#content.state,
      (write) => this.commit(write),
    );
  }

  entries(tenant: TenantId, database: DatabaseId): EntryStore {
    return new MemoryEntries(parseTenantId(tenant), parseDatabaseId(database), this);
  }

  async databases(tenant: TenantId): Promise<readonly DatabaseId[]> {
    const prefix = toHex(parseTenantId(tenant));
    return [...this.#content.databases]
      .filter(([name, { chains }]) => name.startsWith(prefix) && chains.size > 0)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, { database }]) => database);
  }

  blobs(tenant: TenantId): BlobStore {
    const own = parseTenantId(tenant.slice());
    const name = toHex(own);
    return new MemoryBlobs(this.verifier, {
      held: () => {
        const { blobs } = this.#content;
        const held = blobs.get(name) ?? new Map<string, Uint8Array>();
        blobs.set(name, held);
        return held;
      },
      watch: () => this.forgotten.watch(own),
    });
  }

  async commit(write: StoreWrite): Promise<readonly AppendResult[]> {
    const { state } = this.#content;
    this.forgotten.checkWrite(write);
    return commitToMemory(this, state, write);
  }

  async forget(tenant: TenantId): Promise<void> {
    const own = parseTenantId(tenant.slice());
    const name = toHex(own);
    const { databases, blobs, state } = this.#content;
    this.forgotten.begin(own);
    for (const key of databases.keys()) if (key.startsWith(name)) databases.delete(key);
    blobs.delete(name);
    state.removeAll(own);
    // As with a disk: whoever writes before this is answered is refused.
    await null;
    this.forgotten.end(own);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#disk.isHeldBy(this.#owner)) this.#disk.release(this.instance);
  }

  databaseOf(tenant: TenantId, database: DatabaseId): MemoryDatabase | undefined {
    return this.#content.databases.get(toHex(concatBytes(tenant, database)));
  }

  makeDatabase(tenant: TenantId, database: DatabaseId): MemoryDatabase {
    const held = this.databaseOf(tenant, database);
    if (held !== undefined) return held;
    const made: MemoryDatabase = {
      tenant,
      database,
      chains: new Map(),
      placeById: new Map(),
      arrivals: [],
      retired: new Map(),
    };
    this.#content.databases.set(toHex(concatBytes(tenant, database)), made);
    return made;
  }

  get #content(): MemoryContent {
    if (!this.#disk.isHeldBy(this.#owner)) throw new StoreError("STORE_CLOSED", "the store is closed");
    return this.#disk.content;
  }
}
