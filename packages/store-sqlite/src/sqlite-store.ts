// A store in one SQLite file, with blobs beside it.
import {
  type AppendResult,
  type DatabaseId,
  parseDatabaseId,
  parseTenantId,
  runSize,
  type TenantId,
  toHex,
  type Verifier,
} from "@selkie/entry";
import {
  type BlobStore,
  checkExpectation,
  checkStateKey,
  type EntryStore,
  type ForgottenTenants,
  type InstanceId,
  type StateStore,
  type Store,
  StoreError,
  type StoreWrite,
} from "@selkie/store";
import { appendRun, dropTail } from "./append-run.ts";
import { CommitQueue, type Extent } from "./commit-queue.ts";
import { type Connection, cutLog } from "./connection.ts";
import type { FileBlobs } from "./file-blobs.ts";
import { finishForgetting, forgetRows } from "./forget-tenant.ts";
import { Guard } from "./guard.ts";
import type { InstanceFile } from "./instance-file.ts";
import { writeMeta } from "./schema.ts";
import { SqliteEntries } from "./sqlite-entries.ts";
import type { SqliteHost } from "./sqlite-host.ts";
import { SqliteState } from "./sqlite-state.ts";
import { asStoreError, translated, translatedAsync } from "./store-errors.ts";
import { prepareTables, type Tables } from "./tables.ts";

/** What an opened store is made of. */
export interface SqliteStoreParts {
  readonly db: Connection;
  readonly verifier: Verifier;
  readonly instance: InstanceId;
  readonly generation: Uint8Array;
  readonly instanceFile: InstanceFile;
  readonly blobs: FileBlobs;
  readonly forgotten: ForgottenTenants;
}

/** The store; made by `openSqliteStore`. */
export class SqliteStore implements Store, SqliteHost {
  readonly instance: InstanceId;
  readonly generation: Uint8Array;
  readonly state: StateStore;
  readonly verifier: Verifier;
  readonly forgotten: ForgottenTenants;
  readonly #db: Connection;
  readonly #tables: Tables;
  readonly #guard: Guard;
  readonly #queue: CommitQueue;
  readonly #instanceFile: InstanceFile;
  readonly #blobs: FileBlobs;
  readonly #forgetting = new Map<string, Promise<void>>();
  #closing: Promise<void> | null = null;

  constructor({ db, verifier, instance, generation, instanceFile, blobs, forgotten }: SqliteStoreParts) {
    this.verifier = verifier;
    this.instance = instance;
    this.generation = generation;
    this.#db = db;
    this.#tables = prepareTables(db);
    this.#guard = new Guard(db);
    this.#queue = new CommitQueue(db, this.#guard);
    this.#instanceFile = instanceFile;
    this.#blobs = blobs;
    this.forgotten = forgotten;
    this.state = new SqliteState(this);
  }

  entries(tenant: TenantId, database: DatabaseId): EntryStore {
    return new SqliteEntries(parseTenantId(tenant), parseDatabaseId(database), this);
  }

  async databases(tenant: TenantId): Promise<readonly DatabaseId[]> {
    return this.read(({ names }) => names.databases(parseTenantId(tenant)));
  }

  blobs(tenant: TenantId): BlobStore {
    return this.#blobs.of(tenant);
  }

  async commit(write: StoreWrite): Promise<readonly AppendResult[]> {
    this.#checkOpen();
    this.forgotten.checkWrite(write);
    return await this.#queue.run(() => this.#apply(this.#tables, write), extentOf(write));
  }

  async forget(tenant: TenantId): Promise<void> {
    const own = parseTenantId(tenant.slice());
    const name = toHex(own);
    const forgetting =
      this.#forgetting.get(name) ?? this.#forget(own).finally(() => void this.#forgetting.delete(name));
    this.#forgetting.set(name, forgetting);
    await forgetting;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= translatedAsync(() => this.#close());
    await this.#closing;
  }

  read<T>(work: (tables: Tables) => T): T {
    this.#checkOpen();
    return this.#guard.run(() => work(this.#tables));
  }

  async write<T>(work: (tables: Tables) => T): Promise<T> {
    this.#checkOpen();
    return await this.#queue.run(() => work(this.#tables));
  }

  async settle(): Promise<void> {
    translated(() => cutLog(this.#db));
  }

  async #forget(tenant: TenantId): Promise<void> {
    this.#checkOpen();
    this.forgotten.begin(tenant);
    // In the queue, so that it comes after what was asked for before.
    await this.#queue.run(() => forgetRows(this.#db, tenant));
    await finishForgetting(this.#db, this.#blobs, tenant);
    this.forgotten.end(tenant);
  }

  #apply(tables: Tables, write: StoreWrite): readonly AppendResult[] {
    for (const drop of write.drop ?? []) dropTail(tables, drop);
    const results = (write.append ?? []).map((append) => appendRun(tables, this.verifier, append));
    checkExpectation(write, results);
    for (const { key, value } of write.put ?? []) {
      checkStateKey(key);
      tables.state.put(key, value);
    }
    for (const key of write.remove ?? []) {
      checkStateKey(key);
      tables.state.remove(key);
    }
    return results;
  }

  #checkOpen(): void {
    if (this.#closing !== null) throw new StoreError("STORE_CLOSED", "the store is closed");
  }

  async #close(): Promise<void> {
    this.#queue.flush();
    await Promise.allSettled(this.#forgetting.values());
    await this.#blobs.close();
    try {
      // After a failing disk nobody knows what is on it: the next owner begins a new instance.
      if (!this.#queue.isDoubtful) writeMeta(this.#db, "token", await this.#instanceFile.renew());
    } catch (error) {
      // A full or failing disk: everything committed is safe, and without the token the next owner begins a new instance.
      if (!(asStoreError(error) instanceof StoreError)) throw error;
    } finally {
      this.#db.close();
    }
  }
}

function extentOf({ drop = [], append = [], put = [], remove = [] }: StoreWrite): Extent {
  let bytes = 0;
  for (const { run } of append) bytes += runSize(run);
  for (const { value } of put) bytes += value.length;
  return { bytes, isOneStatement: drop.length + append.length === 0 && put.length + remove.length === 1 };
}
