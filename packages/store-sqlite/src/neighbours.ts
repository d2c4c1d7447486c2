// What lies beside a name in its index: there it is when damage hides it from a look-up.
import { compareColumns, damagedRow, type RawRow } from "./columns.ts";
import type { Connection, Statement } from "./connection.ts";

/** A table of names, the index over them, and the two columns of a name. */
export interface NameTable {
  readonly table: "base" | "chain";
  readonly index: "base_name" | "chain_name";
  readonly first: string;
  readonly second: string;
}

/** Looks at the neighbours of names in one index. */
export class Neighbours<First extends number | Uint8Array> {
  readonly #above: Statement<[First, Uint8Array], RawRow>;
  readonly #below: Statement<[First, Uint8Array], RawRow>;
  readonly #lowest: Statement<[], RawRow>;

  constructor(db: Connection, { table, index, first, second }: NameTable) {
    const columns = `i.${first} AS indexedFirst, i.${second} AS indexedSecond, t.${first} AS first, t.${second} AS second`;
    const from = `FROM ${table} AS i INDEXED BY ${index} LEFT JOIN ${table} AS t ON t.number = i.number`;
    const name = `(i.${first}, i.${second})`;
    this.#above = db.prepare(
      `SELECT ${columns} ${from} WHERE ${name} > (?, ?) ORDER BY i.${first}, i.${second} LIMIT 1`,
    );
    this.#below = db.prepare(
      `SELECT ${columns} ${from} WHERE ${name} < (?, ?) ORDER BY i.${first} DESC, i.${second} DESC LIMIT 1`,
    );
    this.#lowest = db.prepare(`SELECT ${columns} ${from} ORDER BY i.${first}, i.${second} LIMIT 1`);
  }

  /**
   * Checks that a name which a look-up did not find is not there: it must not get a second number.
   *
   * @throws StoreError `STORE_CORRUPT` when the index only hides it
   */
  checkAbsent(first: First, second: Uint8Array): void {
    const name = [first, second];
    const [above, below] = [this.#above.get(first, second), this.#below.get(first, second)];
    for (const row of [above, below])
      if (row && compareColumns([row["first"], row["second"]], name) === 0) throw damagedRow();
    // A zeroed cell reads as null, which no comparison finds: then there seems to be nothing below, though there is.
    const lowest = below === undefined ? this.#lowest.get() : undefined;
    if (lowest && compareColumns([lowest["indexedFirst"], lowest["indexedSecond"]], name) < 0) throw damagedRow();
  }
}
