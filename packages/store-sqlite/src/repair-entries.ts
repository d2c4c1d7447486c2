// Repairs the rows of entries: those that do not fit their checksum are deleted, and the indexes made anew from the rest.
import { damagedRow, integerOf, type RawRow } from "./columns.ts";
import type { Connection } from "./connection.ts";
import { planDrop } from "./drop-index.ts";
import { rowOf } from "./entry-rows.ts";
import { INDEXES } from "./schema.ts";
import { asStoreError, hasCode } from "./store-errors.ts";

/** Finds damaged rows; the step that deletes them and notes which seqs of a chain are missing. */
export function planEntries(db: Connection): () => void {
  const damaged: unknown[] = [];
  const rows = db.prepare<[], RawRow>("SELECT row, chain, seq, holed, sum, id, signature FROM entry NOT INDEXED");
  for (const row of rows.iterate()) if (!fits(row)) damaged.push(row["row"]);
  const drops = [planDrop(db, "entry_place"), planDrop(db, "entry_id")];
  return () => {
    for (const drop of drops) drop();
    const remove = db.prepare<[unknown]>("DELETE FROM entry WHERE row = ?");
    for (const row of damaged) if (remove.run(row).changes !== 1) throw damagedRow();
    db.exec("DELETE FROM entry WHERE chain NOT IN (SELECT number FROM chain)");
    db.exec("DELETE FROM entry WHERE row NOT IN (SELECT max(row) FROM entry GROUP BY chain, seq)");
    db.exec(INDEXES.entry_place);
    db.exec(INDEXES.entry_id);
    noteMissing(db);
  };
}

function fits(row: RawRow): boolean {
  try {
    rowOf(row, integerOf(row["chain"]));
    return true;
  } catch (error) {
    if (hasCode(asStoreError(error), "STORE_CORRUPT")) return false;
    throw error;
  }
}

/** INVARIANT: within a chain, what is neither held nor noted as damage lies behind its tip. Test: corruption.test.ts. */
function noteMissing(db: Connection): void {
  db.exec(`
    WITH broken AS (SELECT chain FROM entry GROUP BY chain HAVING count(*) <> max(seq) + 1),
    gaps AS (
      SELECT chain, lag(seq, 1, -1) OVER (PARTITION BY chain ORDER BY seq) + 1 AS first, seq - 1 AS last
      FROM entry WHERE chain IN (SELECT chain FROM broken)
    ),
    missing AS (
      SELECT chain, first AS seq, last FROM gaps WHERE first <= last
      UNION ALL
      SELECT chain, seq + 1, last FROM missing WHERE seq < last
    )
    INSERT OR IGNORE INTO damage (chain, seq) SELECT chain, seq FROM missing`);
}
