import type { DerivedRows } from "@selkie/core";
import type { FeedIndex, Filling } from "../follow/feed-index.ts";
import { KeptTree } from "../tree/kept-tree.ts";
import { KeptTrees } from "../tree/kept-trees.ts";
import type { Tree } from "../tree/tree.ts";
import type { Compare } from "../value/order.ts";
import { byCodeUnits } from "../value/order.ts";
import type { EntryColumn } from "./column.ts";
import { distinctColumns } from "./distinct-shape.ts";
import { DistinctValues } from "./distinct-values.ts";
import { type Entry, keyEntry, type MappedEntry } from "./entry.ts";
import type { Moved, MovedDocument } from "./moved.ts";
import type { Place } from "./place.ts";
import { ResponseTree } from "./response-tree.ts";
import type { StandingDocument } from "./responses.ts";
import { areSame, eachOnce, sortEntries } from "./sort-entries.ts";
import { isSummed, type Totals } from "./total.ts";
import { entryShape, placeShape } from "./view-trees.ts";

/** Of what is kept. */
export const INDEX_FORMAT = "index 4";

export interface IndexContext {
  readonly columns: readonly EntryColumn[];
  /** Says what the index is made of: one of another definition is not gone on with. */
  readonly definition: string;
  /** Null for an index in memory alone. */
  readonly rows: DerivedRows | null;
  /** Whether documents stand beneath those that they answer. */
  readonly hasResponses?: boolean;
}

/** The documents of one database as one view shows them: its entries in order, and where each document stands. */
export class SourceIndex implements FeedIndex<readonly MappedEntry[], Moved> {
  readonly #at: IndexContext;
  readonly #compare: Compare<Entry>;
  readonly #entries: KeptTree<Entry, Totals>;
  readonly #places: KeptTree<Place, Totals>;
  /** Null where no column has such a total. */
  readonly distinct: DistinctValues | null;
  /** Null where documents answer none. */
  readonly #responses: ResponseTree | null;
  readonly #kept: KeptTrees;
  /** Documents that have moved. */
  #moved = 0;

  constructor(at: IndexContext) {
    this.#at = at;
    const shape = entryShape(at.columns);
    this.#compare = shape.compare;
    this.#entries = new KeptTree(shape, at.rows);
    this.#places = new KeptTree(placeShape(at.columns), at.rows);
    this.distinct = distinctColumns(at.columns).length === 0 ? null : new DistinctValues(at.columns, at.rows);
    this.#responses = at.hasResponses === true ? new ResponseTree(at.columns, at.rows) : null;
    this.#kept = new KeptTrees({ rows: at.rows, format: INDEX_FORMAT, definition: at.definition }, [
      ...[this.#entries, this.#places],
      ...(this.distinct === null ? [] : [this.distinct.kept]),
      ...(this.#responses === null ? [] : [this.#responses.kept]),
    ]);
  }

  /** In the order of the view. */
  get entries(): Tree<Entry, Totals> {
    return this.#entries.tree;
  }

  /** What all documents come to, each once. */
  get totals(): Totals {
    return this.#places.tree.summary;
  }

  /** How many documents the view shows. */
  get documents(): number {
    return this.#places.tree.size;
  }

  /** How many pages changed since it was saved. */
  get fresh(): number {
    return this.#kept.fresh;
  }

  async open(): Promise<string | null> {
    return (await this.#kept.open())?.cursor ?? null;
  }

  async filling(): Promise<Filling<readonly MappedEntry[]>> {
    await this.#kept.restart(); // now: what is purged from here on may be among what it is filled with
    const documents = new Map<string, readonly MappedEntry[]>();
    return {
      add: async (some) => {
        for (const [id, entries] of some) documents.set(id, entries);
      },
      finish: async () => this.#fill(documents),
    };
  }

  /** @param entries where it stands now; none when it is not shown */
  async move(id: string, entries: readonly MappedEntry[]): Promise<Moved> {
    const place = await this.#place(id);
    if (this.#responses === null) return { documents: [await this.#moveTo(id, place, entries)] };
    const documents: MovedDocument[] = [];
    const moving = { id, alone: entries, before: place, placeOf: (one: string) => this.#place(one) };
    for (const now of await this.#responses.moving(moving)) {
      const before = now.id === id ? place : await this.#place(now.id);
      const isSame = now.id !== id && before !== null && areSame(this.#compare, before.keys, now.entries);
      if (!isSame) documents.push(await this.#moveTo(now.id, before, now.entries, now.responseTo));
    }
    return { documents };
  }

  save(mark: string): Promise<void> {
    return this.#kept.save(mark, null);
  }

  /** @param documents the entries of each document, by its id */
  #fill(documents: ReadonlyMap<string, readonly MappedEntry[]>): void {
    const all: Entry[] = [];
    const places: Place[] = [];
    const shown: (readonly Entry[])[] = [];
    for (const { id, entries, responseTo } of this.#standing(documents)) {
      const own = eachOnce(this.#compare, entries);
      for (const entry of own) all.push(entry);
      shown.push(own);
      places.push(this.#placeOf(id, own, responseTo));
    }
    this.#entries.fill(sortEntries(this.#at.columns, all));
    this.#places.fill(places.sort((a, b) => byCodeUnits(a.id, b.id)));
    this.distinct?.fill(shown);
  }

  *#standing(documents: ReadonlyMap<string, readonly MappedEntry[]>): Iterable<StandingDocument> {
    if (this.#responses !== null) yield* this.#responses.fill(documents);
    else for (const [id, entries] of documents) if (entries.length > 0) yield { id, entries, responseTo: null };
  }

  /** @param entries where the document stands now */
  async #moveTo(
    id: string,
    place: Place | null,
    entries: readonly Entry[],
    responseTo: string | null = null,
  ): Promise<MovedDocument> {
    const come = eachOnce(this.#compare, entries);
    const gone: Entry[] = [];
    for (const key of this.#leaving(place?.keys ?? [], come)) gone.push((await this.entries.remove(key)) ?? key);
    for (const entry of come) {
      const before = await this.entries.put(entry);
      if (before !== null) gone.push(before);
    }
    await this.distinct?.move(gone, come);
    if (come.length > 0) await this.#places.tree.put(this.#placeOf(id, come, responseTo));
    else if (place !== null) await this.#places.tree.remove(place);
    return { id, number: this.#moved++, gone, come };
  }

  /** Those of which none that comes is equal in the order; both are in order. */
  #leaving(keys: readonly Entry[], come: readonly Entry[]): readonly Entry[] {
    let at = 0;
    return keys.filter((key) => {
      while (at < come.length && this.#compare(come[at] ?? key, key) < 0) at++;
      const next = come[at];
      return next === undefined || this.#compare(next, key) !== 0;
    });
  }

  #place(id: string): Promise<Place | null> {
    return this.#places.tree.find({ id, keys: [], values: [] });
  }

  #placeOf(id: string, entries: readonly Entry[], responseTo: string | null): Place {
    const [first] = entries;
    const values = this.#at.columns.map(({ total }, at) => (isSummed(total) ? first?.values[at] : null));
    return { id, keys: entries.map(keyEntry), values, ...(responseTo === null ? {} : { responseTo }) };
  }
}
