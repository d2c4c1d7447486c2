// The order in which entries arrived, as ranges of chains: a row for a run, not for an entry.
import type { Arrival } from "@selkie/store";
import { damagedRow, integerOf, numberSought, type RawRow } from "./columns.ts";
import type { Connection, Statement } from "./connection.ts";
import type { BaseNumber, ChainNumber } from "./names.ts";
import { rowSum } from "./row-sum.ts";

/** Rows read at a time. */
const PAGE = 64;

/** Positions of one database start at 1 and never come twice. */
export class ArrivalRows {
  readonly #last: Statement<[number], RawRow>;
  readonly #from: Statement<[number, number], RawRow>;
  readonly #after: Statement<[number, number], RawRow>;
  readonly #insert: Statement<[number, number, number, number, number, number]>;
  readonly #extend: Statement<[number, number, number, number]>;

  constructor(db: Connection) {
    const columns = "base, position, chain, seq, count, sum";
    this.#last = db.prepare(
      `SELECT ${columns} FROM arrival WHERE base = ${numberSought} ORDER BY position DESC LIMIT 1`,
    );
    this.#from = db.prepare(
      `SELECT ${columns} FROM arrival WHERE base = ${numberSought} AND position <= ? ORDER BY position DESC LIMIT 1`,
    );
    this.#after = db.prepare(
      `SELECT ${columns} FROM arrival WHERE base = ${numberSought} AND position > ? ORDER BY position LIMIT ${PAGE}`,
    );
    this.#insert = db.prepare(`INSERT INTO arrival (${columns}) VALUES (?, ?, ?, ?, ?, ?)`);
    this.#extend = db.prepare("UPDATE arrival SET count = ?, sum = ? WHERE base = ? AND position = ?");
  }

  /** The newest position of a database; 0 before the first. */
  position(base: BaseNumber): number {
    const last = this.#lastOf(base);
    return last === null ? 0 : last.position + last.count - 1;
  }

  /** Gives entries of a chain the next positions; the very first of a database is `first`. */
  add(base: BaseNumber, chain: ChainNumber, firstSeq: number, count: number, first = 1): void {
    const last = this.#lastOf(base);
    const goesOn = last !== null && last.chain === chain && last.firstSeq + last.count === firstSeq;
    if (goesOn) {
      // What one writer sends alone stays one row, however many commits it takes.
      const joined = { ...last, count: last.count + count };
      this.#extend.run(joined.count, sumOf(base, joined), base, joined.position);
      return;
    }
    const position = last === null ? first : last.position + last.count;
    this.#insert.run(base, position, chain, firstSeq, count, sumOf(base, { position, chain, firstSeq, count }));
  }

  /** Arrivals from the one that holds `position` on, ascending. */
  *from(base: BaseNumber, position: number): Iterable<Arrival<ChainNumber>> {
    const holding = this.#from.get(base, position);
    let reached = position;
    if (holding !== undefined) yield arrivalOf(holding, base);
    for (;;) {
      const rows = this.#after.all(base, reached);
      for (const row of rows) {
        const arrival = arrivalOf(row, base);
        yield arrival;
        reached = arrival.position;
      }
      if (rows.length < PAGE) return;
    }
  }

  #lastOf(base: BaseNumber): Arrival<ChainNumber> | null {
    const row = this.#last.get(base);
    return row === undefined ? null : arrivalOf(row, base);
  }
}

function sumOf(base: BaseNumber, { position, chain, firstSeq, count }: Arrival<ChainNumber>): number {
  return rowSum(base, position, chain, firstSeq, count);
}

function arrivalOf(row: RawRow, base: BaseNumber): Arrival<ChainNumber> {
  const arrival = {
    position: integerOf(row["position"]),
    chain: integerOf(row["chain"]),
    firstSeq: integerOf(row["seq"]),
    count: integerOf(row["count"]),
  };
  if (row["base"] !== base || row["sum"] !== sumOf(base, arrival)) throw damagedRow();
  return arrival;
}
