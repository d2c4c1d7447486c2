// Repairs the rows of local state. A key is stored twice, in the row and in the index; a value only once, so a damaged one stays.
import { equalBytes } from "@selkie/entry";
import type { RawRow } from "./columns.ts";
import type { Connection } from "./connection.ts";
import { readable } from "./repair-names.ts";
import { rowSum } from "./row-sum.ts";
import { INDEXES } from "./schema.ts";

/** Restores keys from the index where these fit the checksum, and makes the index anew. */
export function repairState(db: Connection): void {
  const indexed = new Map<unknown, unknown>();
  for (const { row, key } of readable(() =>
    db.prepare<[], RawRow>("SELECT row, key FROM state INDEXED BY state_key").all(),
  )) {
    indexed.set(row, key);
  }
  const wrong: { readonly row: unknown; readonly key: Uint8Array }[] = [];
  for (const { row, key, value, sum } of db
    .prepare<[], RawRow>("SELECT row, key, value, sum FROM state NOT INDEXED")
    .iterate()) {
    const copy = indexed.get(row);
    if (!(copy instanceof Uint8Array) || !(value instanceof Uint8Array)) continue;
    const agree = key instanceof Uint8Array && equalBytes(key, copy);
    if (!agree && sum === rowSum(copy, value)) wrong.push({ row, key: copy });
  }
  db.exec("DROP INDEX state_key");
  const restore = db.prepare<[Uint8Array, unknown]>("UPDATE state SET key = ? WHERE row = ?");
  for (const { row, key } of wrong) restore.run(key, row);
  db.exec(INDEXES.state_key);
}
