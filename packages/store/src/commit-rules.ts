// What every store checks of a write, whatever it writes to.
import { type AppendResult, equalBytes } from "@selkie/entry";
import type { StoreAppend, StoreWrite } from "./store.ts";
import { StoreError } from "./store-error.ts";

/**
 * Refuses a run that belongs elsewhere.
 *
 * SECURITY: an entry of one database is never stored in another (B2, K-7). Test: contract "B2 refuses a run of another database".
 *
 * @throws StoreError `WRONG_DATABASE`
 */
export function checkAppend({ database, run }: StoreAppend): void {
  if (!equalBytes(run.database, database)) throw new StoreError("WRONG_DATABASE", "the run is of another database");
}

/** What every adapter does before it commits. @throws StoreError `NOT_APPENDED` when the write expects more than the results show */
export function checkExpectation(write: StoreWrite, results: readonly AppendResult[]): void {
  if (write.expect === undefined) return;
  const other = results.find((result) => result.type !== "appended");
  if (other !== undefined) throw new StoreError("NOT_APPENDED", `a run was not appended, but ${other.type}`);
}
