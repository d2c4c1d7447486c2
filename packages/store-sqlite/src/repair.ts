// Brings tables and indexes back in order after rows or indexes were damaged. It reads every row, so it runs only when damage showed.
//
// What comes from peers is dropped when it is damaged and comes again from them: the chain's vector ends before it. What is local
// stays: a damaged value is reported under its key.
import type { Connection } from "./connection.ts";
import { repairArrivals } from "./repair-arrivals.ts";
import { repairEntries } from "./repair-entries.ts";
import { repairNames } from "./repair-names.ts";
import { repairState } from "./repair-state.ts";

/** Repairs everything that can be, in one transaction. */
export function repair(db: Connection): void {
  db.transaction(() => {
    repairNames(db, { table: "base", index: "base_name", first: "tenant", second: "name" });
    repairNames(db, { table: "chain", index: "chain_name", first: "base", second: "writer" });
    repairEntries(db);
    repairArrivals(db);
    repairState(db);
  }).immediate();
}
