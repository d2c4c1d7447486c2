// What the faces of a SQLite store need of it.
import type { AppendResult, Verifier } from "@selkie/entry";
import type { ForgottenTenants, StoreWrite } from "@selkie/store";
import type { Tables } from "./tables.ts";

/** What the faces need of their store. */
export interface SqliteHost {
  readonly verifier: Verifier;
  readonly forgotten: ForgottenTenants;
  /** Runs `work` with the tables, again after a repair if it meets damage. @throws StoreError `STORE_CLOSED` */
  read<T>(work: (tables: Tables) => T): T;
  /** Runs `work` in a transaction; resolves when that is durable. */
  write<T>(work: (tables: Tables) => T): Promise<T>;
  commit(write: StoreWrite): Promise<readonly AppendResult[]>;
  /** Moves what was committed from the log into the file, so that what was deleted is overwritten. */
  settle(): Promise<void>;
}
