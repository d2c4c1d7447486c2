// The one connection to the file, locked for this process.

import { StoreError } from "@selkie/store";
import type Database from "better-sqlite3";

/** An open SQLite file. */
export type Connection = Database.Database;
/** A prepared statement. */
export type Statement<Parameters extends unknown[], Row = unknown> = Database.Statement<Parameters, Row>;

/** How to open the file. */
export interface ConnectionOptions {
  /** Largest size of the file, bytes. */
  readonly maxBytes: number;
}

/**
 * Opens the file and takes the lock, which the operating system frees when the process ends, however it ends.
 *
 * @throws an error of SQLite, or StoreError `STORE_FAILED` when the file system does not support what durability needs
 */
export async function connect(path: string, { maxBytes }: ConnectionOptions): Promise<Connection> {
  // Imported late: loading it on an old Node ends the process (node-api.ts).
  const { default: Sqlite } = await import("better-sqlite3");
  // Not waiting for a lock: whoever holds it holds it for as long as it runs.
  const db = new Sqlite(path, { timeout: 0 });
  try {
    // Exclusive before the first access in WAL mode, so that the WAL index stays in this process and the lock is never released.
    db.pragma("locking_mode = EXCLUSIVE");
    db.pragma("journal_mode = WAL");
    // INVARIANT: an acknowledged commit is on disk. In WAL mode this build's default is NORMAL, which does not sync at commit.
    // Test: durability.test.ts "syncs every commit: ...".
    db.pragma("synchronous = FULL");
    // Overwrites what is deleted, so that a purge leaves no ciphertext in free pages.
    db.pragma("secure_delete = ON");
    db.pragma("cell_size_check = ON");
    db.pragma("temp_store = MEMORY");
    // A log that one large transaction has grown shrinks again.
    db.pragma("journal_size_limit = 16777216");
    // SQLite's own defence against hostile files: no code in a schema is trusted.
    db.pragma("trusted_schema = OFF");
    const pageSize = numberOf(db.pragma("page_size", { simple: true }));
    db.pragma(`max_page_count = ${Math.max(1, Math.min(MOST_PAGES, Math.floor(maxBytes / pageSize)))}`);
    db.exec("BEGIN IMMEDIATE; COMMIT");
    checkDurable(db);
    // SECURITY: what the last owner deleted and could not cut off before it was killed is still in the file, or in the log (G1).
    // Test: forget.test.ts "leaves no trace when the process ends after its last write, before the log is cut".
    cutLog(db);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Moves what was committed from the log into the file, and cuts the log off. */
export function cutLog(db: Connection): void {
  db.pragma("wal_checkpoint(TRUNCATE)");
}

/** Refuses a file system on which SQLite could not do as it was told. */
function checkDurable(db: Connection): void {
  const mode = db.pragma("journal_mode", { simple: true });
  const synchronous = db.pragma("synchronous", { simple: true });
  if (mode === "wal" && synchronous === 2) return;
  throw new StoreError("STORE_FAILED", `journal mode ${String(mode)}, synchronous ${String(synchronous)}: not durable`);
}

const MOST_PAGES = 4_294_967_294;

function numberOf(value: unknown): number {
  return typeof value === "number" && value > 0 ? value : 4_096;
}
