import type { Origin } from "../expression/scope.ts";
import { plainValue, type Value } from "../value/value.ts";
import { beginning, endOf, startOf } from "./bounds.ts";
import type { PlannedColumn } from "./column.ts";
import { DistinctCounts } from "./distinct-counts.ts";
import { type CategoryPath, pathOrder, sharedLevels } from "./entry.ts";
import type { Bound, Located, MergedIndex } from "./merged-index.ts";
import type { Row } from "./row.ts";
import { keyOf, readKey } from "./row-key.ts";
import { isSummed, NO_TOTAL, shownTotal, type Totals } from "./total.ts";

/** Which categories show what stands in them. */
export type IsOpen = (path: CategoryPath) => boolean;

export interface RowsContext {
  readonly columns: readonly PlannedColumn[];
  readonly index: MergedIndex;
  /** Where each database's documents are from, by its number. */
  readonly places: readonly Omit<Origin, "id">[];
}

/** Entries that are read at once. */
const BATCH = 64;

/** How far a reader has come: the category it is in, and where what it has not seen begins. */
interface Point {
  readonly path: CategoryPath;
  readonly bound: Bound;
}

/** The lines of a view, from what its indexes hold. */
export class Rows {
  readonly #at: RowsContext;
  readonly #order: (a: CategoryPath, b: CategoryPath) => number;
  readonly #distinct: DistinctCounts;

  constructor(at: RowsContext) {
    this.#at = at;
    this.#distinct = new DistinctCounts(at.columns, () => at.index.distinct());
    this.#order = pathOrder(at.columns);
  }

  /** Up to `limit` rows. @param after the key of the row before them; null for the first. @throws ViewError KEY_INVALID */
  async read(after: string | null, limit: number, isOpen: IsOpen): Promise<readonly Row[]> {
    const rows: Row[] = [];
    let point: Point | null = this.#pointAfter(after, isOpen);
    while (point !== null && rows.length < limit) {
      const entries: readonly Located[] = await this.#at.index.next(point.bound, Math.min(BATCH, limit - rows.length));
      if (entries.length === 0) {
        rows.push(await this.total());
        return rows;
      }
      point = await this.#readOn(point, entries, rows, isOpen);
    }
    return rows.slice(0, limit);
  }

  /** Up to the first category that is closed: what follows it is elsewhere. */
  async #readOn(point: Point, entries: readonly Located[], rows: Row[], isOpen: IsOpen): Promise<Point> {
    let { path, bound } = point;
    for (const located of entries) {
      const due = located.entry.path;
      path = path.slice(0, sharedLevels(this.#order, path, due));
      while (path.length < due.length) {
        path = due.slice(0, path.length + 1);
        rows.push(await this.category(path));
        if (!isOpen(path)) return { path, bound: endOf(path, this.#order) };
      }
      rows.push(this.document(located));
      bound = this.#at.index.after(located);
    }
    return { path, bound };
  }

  #pointAfter(key: string | null, isOpen: IsOpen): Point | null {
    if (key === null) return { path: [], bound: beginning };
    const keyed = readKey(key);
    if (keyed.type === "total") return null;
    if (keyed.type === "document")
      return { path: keyed.located.entry.path, bound: this.#at.index.after(keyed.located) };
    const { path } = keyed;
    return { path, bound: isOpen(path) ? startOf(path, this.#order) : endOf(path, this.#order) };
  }

  /** A category that has documents. */
  async category(path: CategoryPath): Promise<Row> {
    const { entries, totals } = await this.#at.index.stretch(startOf(path, this.#order), endOf(path, this.#order));
    const step = path.at(-1);
    const name = this.#at.columns[step?.column ?? -1]?.name;
    const own = name === undefined ? {} : { [name]: plainValue(step?.value) };
    return {
      ...{ type: "category", key: keyOf({ type: "category", path }), level: path.length - 1, documents: entries },
      values: { ...this.#totalled(totals, await this.#distinct.of(path)), ...own },
    };
  }

  document({ entry, source }: Located): Row {
    const { columns, places } = this.#at;
    const place = places[source] ?? { tenant: "", database: "" };
    return {
      ...{
        type: "document",
        level: entry.path.length + (entry.above?.length ?? 0),
        documents: 1,
        origin: { ...place, id: entry.id },
      },
      key: keyOf({ type: "document", located: { entry, source } }),
      values: Object.fromEntries(columns.map(({ name }, at) => [name, plainValue(entry.values[at])])),
    };
  }

  /** The last row. */
  async total(): Promise<Row> {
    const { documents, totals } = this.#at.index.whole();
    const values = this.#totalled(totals, await this.#distinct.of([]));
    return { type: "total", key: keyOf({ type: "total" }), level: 0, documents, values };
  }

  #totalled(totals: Totals, distinct: readonly number[]): Record<string, Value> {
    const [summed, counted] = [totals.values(), distinct.values()];
    const values: (readonly [string, Value])[] = [];
    for (const { name, total } of this.#at.columns) {
      if (isSummed(total)) values.push([name, plainValue(shownTotal(total, summed.next().value ?? NO_TOTAL))]);
      else if (total !== null) values.push([name, counted.next().value ?? 0]);
    }
    return Object.fromEntries(values);
  }
}
