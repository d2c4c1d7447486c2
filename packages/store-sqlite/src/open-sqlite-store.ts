// Opening: the platform, the directory, the lock, the tables, the instance, in this order.
import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { Verifier } from "@selkie/entry";
import { ForgottenTenants, type InstanceId, parseInstanceId, type Store } from "@selkie/store";
import { type Connection, connect } from "./connection.ts";
import { FileBlobs, syncDirectory } from "./file-blobs.ts";
import { finishForgetting, unfinishedForgetting } from "./forget-tenant.ts";
import { InstanceFile, isSameToken } from "./instance-file.ts";
import { checkNodeApi } from "./node-api.ts";
import { prepareSchema, readMeta, writeMeta } from "./schema.ts";
import { SqliteStore } from "./sqlite-store.ts";
import { translatedAsync } from "./store-errors.ts";

/** Where and how to open a store. */
export interface SqliteStoreOptions {
  /** Made, with its parents, when it does not exist. */
  readonly directory: string;
  readonly verifier: Verifier;
  /** Most bytes the file of entries and state may have; `STORE_FULL` beyond. Blobs are not counted. Unlimited by default. */
  readonly maxBytes?: number;
  /** The Node-API version to judge by; that of this process by default. */
  readonly nodeApi?: string;
}

/**
 * Opens the store in a directory, for this process alone.
 *
 * @throws StoreError `NODE_API_TOO_OLD` | `STORE_LOCKED` | `SCHEMA_NEWER` | `STORE_CORRUPT` | `STORE_UNWRITABLE` | `STORE_FULL` |
 * `STORE_FAILED`
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  checkNodeApi(options.nodeApi ?? process.versions["napi"]);
  return await translatedAsync(() => open(options));
}

async function open({ directory, verifier, maxBytes = Number.MAX_SAFE_INTEGER }: SqliteStoreOptions): Promise<Store> {
  await makeDirectory(directory);
  const db = await connect(join(directory, "selkie.db"), { maxBytes });
  try {
    prepareSchema(db);
    const instanceFile = new InstanceFile(directory);
    const identity = await takeInstance(db, instanceFile);
    const forgotten = new ForgottenTenants();
    const blobs = await FileBlobs.open(join(directory, "blobs"), forgotten);
    // What the last owner did not get to finish.
    for (const tenant of unfinishedForgetting(db)) await finishForgetting(db, blobs, tenant);
    return new SqliteStore({ db, verifier, instanceFile, blobs, forgotten, ...identity });
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Makes the directory and its name durable: a commit is not, in a directory that a power cut undoes. */
async function makeDirectory(directory: string): Promise<void> {
  const path = resolve(directory);
  const first = await mkdir(path, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let made = path; made.length >= first.length; made = dirname(made)) await syncDirectory(dirname(made));
}

/**
 * The instance that goes on, or a new one.
 *
 * SECURITY: a writer that continued its chain on a copy or an old backup would sign one seq twice (B11). The proof of a clean close
 * is used up, in the file and then in the database, before anybody can write. Tests: instance.test.ts "B11 ...".
 */
async function takeInstance(
  db: Connection,
  file: InstanceFile,
): Promise<{ readonly instance: InstanceId; readonly generation: Uint8Array }> {
  const last = readMeta(db, "instance");
  const isClean = isSameToken(readMeta(db, "token"), await file.read());
  await file.renew();
  const instance = isClean && last?.length === 16 ? last : new Uint8Array(randomBytes(16));
  const known = readMeta(db, "generation");
  const generation = known?.length === 8 ? known : new Uint8Array(randomBytes(8));
  db.transaction(() => {
    writeMeta(db, "token", null);
    writeMeta(db, "instance", instance);
    writeMeta(db, "generation", generation);
  }).immediate();
  return { instance: parseInstanceId(instance), generation };
}
