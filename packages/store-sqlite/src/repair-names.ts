// Repairs the tables of names. Every name is stored twice, in the row and in the index: one copy that fits the checksum is enough.
import { compareColumns, type RawRow } from "./columns.ts";
import type { Connection } from "./connection.ts";
import { planDrop } from "./drop-index.ts";
import type { NameTable } from "./neighbours.ts";
import { readable } from "./readable.ts";
import { rowSum } from "./row-sum.ts";
import { INDEXES } from "./schema.ts";

/** A name as it should be. */
interface Name {
  readonly number: number;
  readonly first: number | Uint8Array;
  readonly second: Uint8Array;
}

/** Reads the names, each from the copy that is right; the step that writes the table anew. */
export function planNames(db: Connection, { table, index, first, second }: NameTable): () => void {
  const columns = `number, ${first} AS first, ${second} AS second`;
  const indexed = new Map<unknown, RawRow>();
  for (const row of readable(() =>
    db.prepare<[], RawRow>(`SELECT ${columns} FROM ${table} INDEXED BY ${index}`).all(),
  )) {
    indexed.set(row["number"], row);
  }
  const kept = new Map<number, Name>();
  for (const row of db.prepare<[], RawRow>(`SELECT ${columns}, sum FROM ${table} NOT INDEXED`).all()) {
    const name = rightName(row, indexed.get(row["number"]));
    if (name !== null) kept.set(name.number, name);
    indexed.delete(row["number"]);
  }
  // Of a row that is lost the index knows the name. Were it wrong, entries under it would not fit their ids.
  for (const row of indexed.values()) {
    const name = nameOf(row);
    if (name !== null) kept.set(name.number, name);
  }
  const drop = planDrop(db, index);
  return () => {
    drop();
    db.exec(`DELETE FROM ${table}`);
    const insert = db.prepare<[number, number | Uint8Array, Uint8Array, number]>(
      `INSERT INTO ${table} (number, ${first}, ${second}, sum) VALUES (?, ?, ?, ?)`,
    );
    for (const name of kept.values()) insert.run(name.number, name.first, name.second, sumOf(name));
    db.exec(INDEXES[index]);
  };
}

function rightName(row: RawRow, copy: RawRow | undefined): Name | null {
  const [name, copied] = [nameOf(row), copy === undefined ? null : nameOf(copy)];
  if (name !== null && row["sum"] === sumOf(name)) return name;
  if (copied !== null && row["sum"] === sumOf(copied)) return copied;
  // Two copies that agree are right where the sum is not.
  const agree = name && copied && compareColumns([name.first, name.second], [copied.first, copied.second]) === 0;
  return agree ? name : null;
}

function nameOf({ number, first, second }: RawRow): Name | null {
  if (typeof number !== "number" || !(second instanceof Uint8Array)) return null;
  return typeof first === "number" || first instanceof Uint8Array ? { number, first, second } : null;
}

function sumOf({ number, first, second }: Name): number {
  return rowSum(number, first, second);
}
