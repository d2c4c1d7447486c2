// Repairs the tables of names. Every name is stored twice, in the row and in the index: one copy that fits the checksum is enough.
import { equalBytes } from "@selkie/entry";
import type { RawRow } from "./columns.ts";
import type { Connection } from "./connection.ts";
import { rowSum } from "./row-sum.ts";
import { INDEXES } from "./schema.ts";
import { asStoreError, hasCode } from "./store-errors.ts";

/** A table of names and its columns. */
interface NameTable {
  readonly table: "base" | "chain";
  readonly index: "base_name" | "chain_name";
  readonly first: string;
  readonly second: string;
}

/** Restores each row from the copy that is right; rows without one are deleted. */
export function repairNames(db: Connection, { table, index, first, second }: NameTable): void {
  const columns = `number, ${first} AS first, ${second} AS second`;
  const indexed = new Map<unknown, RawRow>();
  for (const row of readable(() =>
    db.prepare<[], RawRow>(`SELECT ${columns} FROM ${table} INDEXED BY ${index}`).all(),
  )) {
    indexed.set(row["number"], row);
  }
  const rows = db.prepare<[], RawRow>(`SELECT ${columns}, sum FROM ${table} NOT INDEXED`).all();
  db.exec(`DROP INDEX ${index}`);
  const restore = db.prepare<[unknown, unknown, number, unknown]>(
    `UPDATE ${table} SET ${first} = ?, ${second} = ?, sum = ? WHERE number = ?`,
  );
  const remove = db.prepare<[unknown]>(`DELETE FROM ${table} WHERE number = ?`);
  for (const row of rows) {
    const copy = indexed.get(row["number"]);
    const right = [row, copy].find((candidate) => candidate && row["sum"] === sumOf(candidate));
    const agreed = copy !== undefined && isSame(row, copy) ? row : undefined;
    const kept = right ?? agreed;
    const sum = kept && sumOf(kept);
    if (kept === undefined || sum === null || sum === undefined) remove.run(row["number"]);
    else if (kept !== row || row["sum"] !== sum) restore.run(kept["first"], kept["second"], sum, row["number"]);
  }
  db.exec(INDEXES[index]);
}

/** What can be read; nothing where reading meets a broken page. */
export function readable<T>(read: () => readonly T[]): readonly T[] {
  try {
    return read();
  } catch (error) {
    // The other copy has to do, and says so if it cannot.
    if (hasCode(asStoreError(error), "STORE_CORRUPT")) return [];
    throw error;
  }
}

function sumOf({ number, first, second }: RawRow): number | null {
  if (typeof number !== "number" || !(second instanceof Uint8Array)) return null;
  return typeof first === "number" || first instanceof Uint8Array ? rowSum(number, first, second) : null;
}

function isSame(a: RawRow, b: RawRow): boolean {
  return isSameColumn(a["first"], b["first"]) && isSameColumn(a["second"], b["second"]);
}

function isSameColumn(a: unknown, b: unknown): boolean {
  return a instanceof Uint8Array && b instanceof Uint8Array ? equalBytes(a, b) : a === b;
}
