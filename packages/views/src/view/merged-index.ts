import type { IsBefore } from "../tree/tree-shape.ts";
import type { Compare } from "../value/order.ts";
import type { DistinctValues } from "./distinct-values.ts";
import type { Entry } from "./entry.ts";
import type { SourceIndex } from "./source-index.ts";
import type { Totals } from "./total.ts";

/** An entry, and the number of the database that it is of. */
export interface Located {
  readonly entry: Entry;
  readonly source: number;
}

/** Where a stretch of a view begins, in each of its databases. */
export type Bound = (source: number) => IsBefore<Entry>;

/** What a stretch of a view comes to. */
export interface Stretch {
  readonly entries: number;
  readonly totals: Totals;
}

/** The indexes of several databases, read as one. */
export class MergedIndex {
  readonly #sources: readonly { readonly index: SourceIndex }[];
  readonly #order: Compare<Located>;
  readonly #join: (parts: readonly Totals[]) => Totals;

  constructor(
    sources: readonly { readonly index: SourceIndex }[],
    order: Compare<Entry>,
    join: (parts: readonly Totals[]) => Totals,
  ) {
    this.#sources = sources;
    // What stands beneath a document follows on it, also where another database has one that is equal to it in the order.
    this.#order = (a, b) => order(topOf(a.entry), topOf(b.entry)) || a.source - b.source || order(a.entry, b.entry);
    this.#join = join;
  }

  /** Which of two entries comes first. */
  compare(a: Located, b: Located): number {
    return this.#order(a, b);
  }

  /** The entry of this number, from 0; null where there are not so many. */
  async at(position: number): Promise<Located | null> {
    const indexes = this.#indexes();
    const ranges = indexes.map(({ entries }) => ({ low: 0, high: entries.size }));
    // Of the database with most entries left, the one in the middle says in all of them which half the one that is due is in.
    for (;;) {
      const source = ranges.reduce((most, { low, high }, at) => (high - low > roomOf(ranges[most]) ? at : most), 0);
      const range = ranges[source];
      if (range === undefined || range.high <= range.low) return null;
      const middle = (range.low + range.high) >>> 1;
      const [entry] = (await indexes[source]?.entries.slice(middle, 1)) ?? [];
      if (entry === undefined) return null;
      const counts = await Promise.all(
        indexes.map(({ entries }, at) => entries.countBefore(this.before({ entry, source })(at))),
      );
      const before = counts.reduce((sum, count) => sum + count, 0);
      if (before === position) return { entry, source };
      ranges.forEach((one, at) => {
        if (before < position) one.low = Math.max(one.low, (counts[at] ?? 0) + Number(at === source));
        else one.high = Math.min(one.high, counts[at] ?? 0);
      });
    }
  }

  /** Of each database the values that are counted. */
  distinct(): readonly DistinctValues[] {
    return this.#indexes().flatMap(({ distinct }) => (distinct === null ? [] : [distinct]));
  }

  #indexes(): readonly SourceIndex[] {
    return this.#sources.map(({ index }) => index);
  }

  /** Where what follows on an entry begins. */
  after(located: Located): Bound {
    return (source) => (entry) => this.#order({ entry, source }, located) <= 0;
  }

  /** Where an entry begins. */
  before(located: Located): Bound {
    return (source) => (entry) => this.#order({ entry, source }, located) < 0;
  }

  /** Up to `count` entries from a bound on. */
  async next(bound: Bound, count: number): Promise<readonly Located[]> {
    return (await this.#around(bound, { before: 0, after: count })).slice(0, count);
  }

  /** Up to `count` entries that end at a bound, in the order of the view. */
  async previous(bound: Bound, count: number): Promise<readonly Located[]> {
    return (await this.#around(bound, { before: count, after: 0 })).slice(-count);
  }

  /** What stands between two bounds. */
  async stretch(from: Bound, to: Bound): Promise<Stretch> {
    const each = await Promise.all(
      this.#indexes().map(async ({ entries }, source) => {
        const [start, end] = [await entries.countBefore(from(source)), await entries.countBefore(to(source))];
        return { entries: Math.max(0, end - start), totals: await entries.summaryBetween(start, end) };
      }),
    );
    return {
      entries: each.reduce((sum, { entries }) => sum + entries, 0),
      totals: this.#join(each.map(({ totals }) => totals)),
    };
  }

  /** What all documents come to, each once. */
  whole(): { readonly documents: number; readonly totals: Totals } {
    return {
      documents: this.#indexes().reduce((sum, { documents }) => sum + documents, 0),
      totals: this.#join(this.#indexes().map(({ totals }) => totals)),
    };
  }

  /** Of each database so many entries before a bound and after it, in the order of the view. */
  async #around(
    bound: Bound,
    { before, after }: { readonly before: number; readonly after: number },
  ): Promise<readonly Located[]> {
    const each = await Promise.all(
      this.#indexes().map(async ({ entries }, source) => {
        const at = await entries.countBefore(bound(source));
        const start = Math.max(0, at - before);
        return (await entries.slice(start, at + after - start)).map((entry): Located => ({ entry, source }));
      }),
    );
    return each.length === 1 ? each.flat() : each.flat().sort(this.#order);
  }
}

/** The document of no other that an entry stands beneath, or itself. */
function topOf(entry: Entry): Entry {
  const top = entry.above?.[0];
  return top === undefined ? entry : { ...top, path: entry.path, values: [] };
}

function roomOf(range: { readonly low: number; readonly high: number } | undefined): number {
  return range === undefined ? 0 : range.high - range.low;
}
