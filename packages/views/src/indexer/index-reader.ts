import { ViewError } from "../errors.ts";
import type { Origin } from "../expression/scope.ts";
import type { Compare } from "../value/order.ts";
import { plainValue } from "../value/value.ts";
import { beginning } from "../view/bounds.ts";
import { entryOrder, keyEntry } from "../view/entry.ts";
import { type Bound, type Located, MergedIndex } from "../view/merged-index.ts";
import { keyOf, readKey } from "../view/row-key.ts";
import type { SourceIndex } from "../view/source-index.ts";
import { shownTotal } from "../view/total.ts";
import { entryShape } from "../view/view-trees.ts";
import { type IndexShape, indexColumns, keyIn } from "./index-plan.ts";
import { type IndexKey, keyOrder, partOrder } from "./key-order.ts";
import type { IndexEntry, KeyRange, RangeOptions, Reduced } from "./opened-index.ts";

/** After everything. */
const end: Bound = () => () => true;

/** Reads indexes of one shape, one of each database, as one. */
export class IndexReader {
  readonly shape: IndexShape;
  readonly index: MergedIndex;
  readonly #keys: Compare<IndexKey>;
  readonly #places: readonly Omit<Origin, "id">[];

  constructor(
    shape: IndexShape,
    sources: readonly { readonly index: SourceIndex }[],
    places: readonly Omit<Origin, "id">[],
  ) {
    this.shape = shape;
    const columns = indexColumns(shape);
    this.#keys = keyOrder(shape.order.map((part) => partOrder(part)));
    this.index = new MergedIndex(sources, entryOrder(columns), entryShape(columns).summary.join);
    this.#places = places;
  }

  /** Up to `count` entries. @throws ViewError KEY_INVALID */
  async page({ from, to, reverse = false, after }: RangeOptions, count: number): Promise<readonly IndexEntry[]> {
    const [first, last] = [this.#from(from), this.#to(to)];
    const before = after === undefined ? null : locatedIn(after);
    const found = reverse
      ? await this.index.previous(before === null ? last : both(last, this.index.before(before)), count)
      : await this.index.next(before === null ? first : either(first, this.index.after(before)), count);
    const within = found.filter(({ entry, source }) => last(source)(entry) && !first(source)(entry));
    return (reverse ? within.toReversed() : within).map((located) => this.#entry(located));
  }

  /** @param count up to how many */
  async get(key: IndexKey, count: number): Promise<readonly IndexEntry[]> {
    requireKey(key);
    const entries = await this.page({ from: key, to: key }, count);
    return entries.filter((entry) => this.#keys(entry.key, key) === 0);
  }

  async reduce({ from, to }: KeyRange): Promise<Reduced> {
    const { entries, totals } = await this.index.stretch(this.#from(from), this.#to(to));
    return {
      entries,
      totals: Object.fromEntries(
        this.shape.totals.map(([name, kind], at) => {
          const total = totals[at];
          return [name, total === undefined ? null : shownTotal(kind, total)];
        }),
      ),
    };
  }

  #entry({ entry, source }: Located): IndexEntry {
    const place = this.#places[source] ?? { tenant: "", database: "" };
    return {
      key: keyIn(entry).map(plainValue),
      value: plainValue(entry.values[0]),
      origin: { ...place, id: entry.id },
      place: keyOf({ type: "document", located: { entry: keyEntry(entry), source } }),
    };
  }

  #from(key: IndexKey | undefined): Bound {
    if (key === undefined) return beginning;
    requireKey(key);
    return () => (entry) => this.#beside(keyIn(entry), key) < 0;
  }

  #to(key: IndexKey | undefined): Bound {
    if (key === undefined) return end;
    requireKey(key);
    return () => (entry) => this.#beside(keyIn(entry), key) <= 0;
  }

  /** Where a key stands to all those that begin with a prefix: 0 for one of them. */
  #beside(key: IndexKey, prefix: IndexKey): number {
    return this.#keys(key.slice(0, prefix.length), prefix);
  }
}

/** What comes before one of two bounds. */
export function either(a: Bound, b: Bound): Bound {
  return (source) => (entry) => a(source)(entry) || b(source)(entry);
}

/** What comes before both. */
export function both(a: Bound, b: Bound): Bound {
  return (source) => (entry) => a(source)(entry) && b(source)(entry);
}

/** @throws ViewError KEY_INVALID */
function requireKey(key: IndexKey): void {
  if (!Array.isArray(key)) throw new ViewError("KEY_INVALID", "a key of an index is a list of values");
}

/** @throws ViewError KEY_INVALID */
function locatedIn(place: string): Located {
  const keyed = readKey(place);
  if (keyed.type !== "document") throw new ViewError("KEY_INVALID", "no entry of an index has this place");
  return keyed.located;
}
