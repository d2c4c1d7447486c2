// Errors of SQLite and of the file system as errors of a store.
import { StoreError, type StoreErrorCode } from "@selkie/store";

const MESSAGE: Partial<Record<StoreErrorCode, string>> = {
  STORE_LOCKED: "the store is already open, here or in another process",
  STORE_FULL: "the disk, or the store's quota, is full",
  STORE_UNWRITABLE: "the store's directory cannot be written",
  STORE_CORRUPT: "the store's file is damaged beyond what can be repaired here",
  STORE_FAILED: "the store's disk failed",
};

/** By SQLite result code, without its extension: https://www.sqlite.org/rescode.html */
const CODE_OF_SQLITE: Readonly<Record<string, StoreErrorCode>> = {
  BUSY: "STORE_LOCKED",
  LOCKED: "STORE_LOCKED",
  FULL: "STORE_FULL",
  CANTOPEN: "STORE_UNWRITABLE",
  PERM: "STORE_UNWRITABLE",
  READONLY: "STORE_UNWRITABLE",
  AUTH: "STORE_UNWRITABLE",
  CORRUPT: "STORE_CORRUPT",
  NOTADB: "STORE_CORRUPT",
  FORMAT: "STORE_CORRUPT",
  // Our statements are fixed and tested: a table, column or value they do not fit was damaged.
  ERROR: "STORE_CORRUPT",
  SCHEMA: "STORE_CORRUPT",
  CONSTRAINT: "STORE_CORRUPT",
  MISMATCH: "STORE_CORRUPT",
  RANGE: "STORE_CORRUPT",
};

const CODE_OF_SYSTEM: Readonly<Record<string, StoreErrorCode>> = {
  ENOSPC: "STORE_FULL",
  EDQUOT: "STORE_FULL",
  EFBIG: "STORE_FULL",
  EACCES: "STORE_UNWRITABLE",
  EPERM: "STORE_UNWRITABLE",
  EROFS: "STORE_UNWRITABLE",
  ENOTDIR: "STORE_UNWRITABLE",
  EEXIST: "STORE_UNWRITABLE",
  EISDIR: "STORE_UNWRITABLE",
};

/** The same error as a StoreError, if it comes from SQLite or the file system; anything else as it is. */
export function asStoreError(error: unknown): unknown {
  if (error instanceof StoreError) return error;
  const code = codeOf(error);
  return code === null ? error : new StoreError(code, MESSAGE[code] ?? "the store failed", { cause: error });
}

/** Runs `work`; what SQLite or the file system throws is thrown as a StoreError. */
export function translated<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw asStoreError(error);
  }
}

/** As {@link translated}, for promises. */
export async function translatedAsync<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asStoreError(error);
  }
}

/** Whether it is a StoreError of this code. */
export function hasCode(error: unknown, code: StoreErrorCode): boolean {
  return error instanceof StoreError && error.code === code;
}

function codeOf(error: unknown): StoreErrorCode | null {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") return null;
  const sqlite = /^SQLITE_([A-Z]+)/.exec(error.code)?.[1];
  if (sqlite !== undefined) return CODE_OF_SQLITE[sqlite] ?? "STORE_FAILED";
  // Only system calls set errno; a caller's own errors that happen to have a code pass through.
  return "errno" in error ? (CODE_OF_SYSTEM[error.code] ?? "STORE_FAILED") : null;
}
