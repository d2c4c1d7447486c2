// The store of a relay, or the reason why there is none.

import { nativeVerifier } from "@selkie/entry/native";
import { type Store, StoreError } from "@selkie/store";
import { openSqliteStore } from "@selkie/store-sqlite";
import { StartFailure } from "./start-failure.ts";

/**
 * Opens the store in a directory, which is made when absent.
 *
 * @throws StartFailure in words for the operator
 */
export async function openData(directory: string): Promise<Store> {
  try {
    return await openSqliteStore({ directory, verifier: nativeVerifier });
  } catch (cause) {
    if (!(cause instanceof StoreError)) throw cause;
    throw new StartFailure(explain(cause, directory), { cause });
  }
}

function explain(failure: StoreError, directory: string): string {
  switch (failure.code) {
    case "STORE_LOCKED":
      return `the data directory ${directory} is used by another process`;
    case "STORE_UNWRITABLE":
      return `the data directory ${directory} cannot be written`;
    case "STORE_FULL":
      return `the disk of the data directory ${directory} is full`;
    case "STORE_CORRUPT":
      return `the store in ${directory} is damaged; restore a backup`;
    case "SCHEMA_NEWER":
      return `the store in ${directory} was written by a newer release`;
    case "NODE_API_TOO_OLD":
      return `this Node ${process.version} is too old: Node 22 or later is needed`;
    default:
      return `the store in ${directory} cannot be opened (${failure.code})`;
  }
}
