// Repairs the order of arrival: when any of it is damaged, everything arrives once more.
import { ArrivalRows } from "./arrival-rows.ts";
import { integerOf, type RawRow } from "./columns.ts";
import type { Connection } from "./connection.ts";
import { EntryRows } from "./entry-rows.ts";
import { readable } from "./readable.ts";
import { asStoreError, hasCode } from "./store-errors.ts";

/** Checks all arrivals; the step that gives every signed chain new positions if need be, beyond all that were given out. */
export function planArrivals(db: Connection): () => void {
  if (isIntact(db, new ArrivalRows(db))) return () => undefined;
  const [last] = readable(() => db.prepare<[], RawRow>("SELECT max(position + count) AS position FROM arrival").all());
  const reached = last?.["position"];
  const beyond = typeof reached === "number" && Number.isSafeInteger(reached) && reached < 2 ** 48 ? reached : 1;
  return () => {
    db.exec("DELETE FROM arrival");
    const [arrivals, entries] = [new ArrivalRows(db), new EntryRows(db)];
    for (const row of db.prepare<[], RawRow>("SELECT number, base FROM chain ORDER BY number").all()) {
      const [number, base] = [integerOf(row["number"]), integerOf(row["base"])];
      const head = entries.head(number);
      if (head !== null) arrivals.add(base, number, 0, head.seq + 1, beyond);
    }
  };
}

function isIntact(db: Connection, arrivals: ArrivalRows): boolean {
  try {
    const bases = db.prepare<[], RawRow>("SELECT DISTINCT base FROM arrival").all();
    for (const { base } of bases) {
      let due: number | null = null;
      for (const { position, count } of arrivals.from(integerOf(base), 0)) {
        if (due !== null && position !== due) return false;
        due = position + count;
      }
    }
    return true;
  } catch (error) {
    if (hasCode(asStoreError(error), "STORE_CORRUPT")) return false;
    throw error;
  }
}
