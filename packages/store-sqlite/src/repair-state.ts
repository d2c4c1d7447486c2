// Repairs the rows of local state. A key is stored twice, in the row and in the index; a value only once, so a lost one stays lost,
// and its key says so.
import { equalBytes } from "@selkie/entry";
import type { RawRow } from "./columns.ts";
import type { Connection } from "./connection.ts";
import { planDrop } from "./drop-index.ts";
import { readable } from "./readable.ts";
import { rowSum } from "./row-sum.ts";
import { INDEXES } from "./schema.ts";

/** Compares keys in rows and index; the step that restores what fits the checksum, and makes the index anew. */
export function planState(db: Connection): () => void {
  const indexed = new Map<unknown, Uint8Array>();
  const copies = db.prepare<[], RawRow>("SELECT row, key FROM state INDEXED BY state_key");
  for (const { row, key } of readable(() => copies.all())) if (key instanceof Uint8Array) indexed.set(row, key);
  const { wrong, isBroken, missing } = compareRows(db, indexed);
  const drop = planDrop(db, "state_key");
  return () => {
    drop();
    const restore = db.prepare<[Uint8Array, unknown]>("UPDATE state SET key = ? WHERE row = ?");
    for (const { row, key } of wrong) restore.run(key, row);
    if (isBroken) rewriteRows(db);
    db.exec(INDEXES.state_key);
    // INVARIANT: a value that was committed never goes silently: a key without a value gets a row whose sum does not fit.
    // Test: repair.test.ts "reports a value whose row is lost ...".
    const note = db.prepare<[Uint8Array, Uint8Array, number]>(
      "INSERT OR IGNORE INTO state (key, value, sum) VALUES (?, ?, ?)",
    );
    for (const key of missing) note.run(key, new Uint8Array(), ~rowSum(key, new Uint8Array()));
  };
}

interface Comparison {
  /** Rows whose key is damaged, with the right one. */
  readonly wrong: readonly { readonly row: unknown; readonly key: Uint8Array }[];
  /** Whether there are rows that are none. */
  readonly isBroken: boolean;
  /** Keys of which only the index knows. */
  readonly missing: readonly Uint8Array[];
}

function compareRows(db: Connection, indexed: ReadonlyMap<unknown, Uint8Array>): Comparison {
  const wrong: { readonly row: unknown; readonly key: Uint8Array }[] = [];
  const missing = new Map(indexed);
  let isBroken = false;
  const rows = db.prepare<[], RawRow>("SELECT row, key, value, sum FROM state NOT INDEXED");
  for (const { row, key, value, sum } of rows.iterate()) {
    if (!(key instanceof Uint8Array) || !(value instanceof Uint8Array)) {
      isBroken = true;
      continue;
    }
    missing.delete(row); // not before: a row that is none holds no value
    const copy = indexed.get(row);
    // If the sum fits neither key, the value is damaged too; it lies beside the row's key, so the key of the index is the right one.
    if (copy !== undefined && !equalBytes(key, copy) && sum !== rowSum(key, value)) wrong.push({ row, key: copy });
  }
  return { wrong, isBroken, missing: [...missing.values()] };
}

/** Writes the rows anew without those that are none: where bytes were zeroed, rows are out of order and cannot be deleted singly. */
function rewriteRows(db: Connection): void {
  db.exec(`
    CREATE TEMP TABLE kept AS SELECT sum, key, value FROM state NOT INDEXED WHERE typeof(key) = 'blob' AND typeof(value) = 'blob';
    DELETE FROM state;
    INSERT INTO state (sum, key, value) SELECT sum, key, value FROM kept;
    DROP TABLE kept`);
}
