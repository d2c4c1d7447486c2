import type { DerivedRows } from "@selkie/core";
import type { Changed, FeedIndex, Filling } from "../follow/feed-index.ts";
import { KeptTree } from "../tree/kept-tree.ts";
import { KeptTrees } from "../tree/kept-trees.ts";
import type { Tree } from "../tree/tree.ts";
import { byCodeUnits, type Compare } from "../value/order.ts";
import type { EntryColumn } from "./column.ts";
import { distinctColumns } from "./distinct-shape.ts";
import { DistinctValues } from "./distinct-values.ts";
import type { Entry, MappedEntry } from "./entry.ts";
import { Gathered } from "./gathered.ts";
import type { Moved, MovedDocument } from "./moved.ts";
import { type Place, placeOf } from "./place.ts";
import { ResponseTree } from "./response-tree.ts";
import type { StandingDocument } from "./responses.ts";
import { areSame, eachOnce } from "./sort-entries.ts";
import type { Totals } from "./total.ts";
import { entryShape, placeShape } from "./view-trees.ts";

/** Of what is kept. */
export const INDEX_FORMAT = "index 7";

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
    const responses = this.#responses;
    const gathered = new Gathered(this.#at.columns, this.distinct !== null);
    const all = new Map<string, readonly MappedEntry[]>();
    return {
      add: async (some) => {
        for (const [id, entries] of some)
          if (responses === null) gathered.add(id, entries, null);
          else all.set(id, entries);
      },
      finish: async () => {
        for (const { id, entries, responseTo } of responses?.fill(all) ?? []) gathered.add(id, entries, responseTo);
        this.#fill(gathered);
      },
    };
  }

  /** @param documents where each stands now; at no place when it is not shown */
  async move(documents: readonly Changed<readonly MappedEntry[]>[]): Promise<readonly Moved[]> {
    const moved: Moved[] = [];
    if (this.#responses === null) {
      const standing = documents.map(([id, entries]): StandingDocument => ({ id, entries, responseTo: null }));
      for (const one of await this.#moveTo(standing)) moved.push({ documents: [one] });
    } else
      for (const [id, entries] of documents)
        moved.push({ documents: await this.#moveAmong(this.#responses, id, entries) });
    return moved;
  }

  save(mark: string): Promise<void> {
    return this.#kept.save(mark, null);
  }

  #fill(gathered: Gathered): void {
    const { heaviest } = gathered;
    this.#entries.fill(gathered.entries(), heaviest);
    this.#places.fill(gathered.places(), heaviest);
    this.distinct?.fill(gathered.shown);
  }

  /** With those that stand elsewhere for it. */
  async #moveAmong(
    responses: ResponseTree,
    id: string,
    alone: readonly MappedEntry[],
  ): Promise<readonly MovedDocument[]> {
    const before = await this.#place(id);
    const moving: StandingDocument[] = [];
    for (const now of await responses.moving({ id, alone, before, placeOf: (one) => this.#place(one) })) {
      const place = now.id === id ? null : await this.#place(now.id);
      if (place === null || !areSame(this.#compare, place.keys, now.entries)) moving.push(now);
    }
    return this.#moveTo(moving);
  }

  /** @param documents where they stand now, each once @returns them in the same order */
  async #moveTo(documents: readonly StandingDocument[]): Promise<readonly MovedDocument[]> {
    const standing = documents.map(({ entries, ...one }) => ({ ...one, come: eachOnce(this.#compare, entries) }));
    const places = await this.#putPlaces(standing);
    const edits = standing.flatMap(({ id, come }, at) => [
      ...this.#leaving(places.get(id)?.keys ?? [], come).map((entry) => ({ at, entry, now: null })),
      ...come.map((entry) => ({ at, entry, now: entry })),
    ]);
    edits.sort((a, b) => this.#compare(a.entry, b.entry));
    const found = await this.entries.changeAll(edits.map(({ entry, now }) => ({ entry, change: () => now })));
    const gone: Entry[][] = standing.map(() => []);
    for (const [edit, { at, entry, now }] of edits.entries()) {
      const before = found[edit] ?? (now === null ? entry : null);
      if (before !== null) gone[at]?.push(before);
    }
    const moved = standing.map(
      ({ id, come }, at): MovedDocument => ({ id, number: this.#moved++, gone: gone[at] ?? [], come }),
    );
    await this.distinct?.move(moved);
    return moved;
  }

  /** @returns where each stood, by id */
  async #putPlaces(
    documents: readonly { readonly id: string; readonly come: readonly Entry[]; readonly responseTo: string | null }[],
  ): Promise<ReadonlyMap<string, Place | null>> {
    const places = documents
      .map(({ id, come, responseTo }) => ({ id, now: come.length > 0 ? placeOf(id, come, responseTo) : null }))
      .sort((a, b) => byCodeUnits(a.id, b.id));
    const found = await this.#places.tree.changeAll(
      places.map(({ id, now }) => ({ entry: now ?? placeKey(id), change: () => now })),
    );
    return new Map(places.map(({ id }, at) => [id, found[at] ?? null]));
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
    return this.#places.tree.find(placeKey(id));
  }
}

const placeKey = (id: string): Place => ({ id, keys: [], values: [] });
