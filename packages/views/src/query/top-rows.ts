import { ViewError } from "../errors.ts";
import { MOST_ROWS } from "./plan-query.ts";

/** The first of many rows, in order, without holding all of them. */
export class TopRows<Row> {
  readonly #compare: (a: Row, b: Row) => number;
  readonly #limit: number | null;
  #rows: Row[] = [];

  /** @param limit null for all: there may be 100,000 */
  constructor(compare: (a: Row, b: Row) => number, limit: number | null) {
    this.#compare = compare;
    this.#limit = limit;
  }

  /** @throws ViewError QUERY_TOO_COSTLY */
  add(row: Row): void {
    this.#rows.push(row);
    if (this.#limit === null) {
      if (this.#rows.length > MOST_ROWS)
        throw new ViewError("QUERY_TOO_COSTLY", `a query gives ${MOST_ROWS} rows at most: say a limit`);
    } else if (this.#rows.length >= 2 * this.#limit + 1_000) this.#rows = this.sorted();
  }

  sorted(): Row[] {
    this.#rows.sort(this.#compare);
    if (this.#limit !== null) this.#rows.length = Math.min(this.#rows.length, this.#limit);
    return this.#rows;
  }
}
