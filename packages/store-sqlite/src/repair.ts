// Brings tables and indexes back in order after rows or indexes were damaged. It reads every row, so it runs only when damage showed.
//
// What comes from peers is dropped when it is damaged and comes again from them: the chain's vector ends before it. What is local
// stays: a damaged value is reported under its key.
import type { Connection } from "./connection.ts";
import { planArrivals } from "./repair-arrivals.ts";
import { planEntries } from "./repair-entries.ts";
import { planNames } from "./repair-names.ts";
import { planState } from "./repair-state.ts";

/**
 * Repairs everything that can be, in one transaction. What is damaged is read before it begins: SQLite lets no transaction in which
 * it met a broken page be committed.
 */
export function repair(db: Connection): void {
  const steps = [
    planNames(db, { table: "base", index: "base_name", first: "tenant", second: "name" }),
    planNames(db, { table: "chain", index: "chain_name", first: "base", second: "writer" }),
    planEntries(db),
    planArrivals(db),
    planState(db),
  ];
  db.transaction(() => {
    for (const step of steps) step();
  }).immediate();
}
