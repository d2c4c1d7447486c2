import { byCodeUnits, type Compare } from "../value/order.ts";
import type { EntryColumn } from "./column.ts";
import { type Entry, entryOrder } from "./entry.ts";
import { type Place, placeOf } from "./place.ts";
import { eachOnce, sortEntries } from "./sort-entries.ts";
import { weightOfAll } from "./view-trees.ts";

/** All that an index is filled with. */
export class Gathered {
  readonly #columns: readonly EntryColumn[];
  readonly #compare: Compare<Entry>;
  readonly #entries: Entry[] = [];
  readonly #places: Place[] = [];
  /** The entries of each document, where they are asked for. */
  readonly shown: (readonly Entry[])[] = [];
  readonly #isShown: boolean;
  #heaviest = 0;

  constructor(columns: readonly EntryColumn[], isShown: boolean) {
    this.#columns = columns;
    this.#compare = entryOrder(columns);
    this.#isShown = isShown;
  }

  /** What no document outweighs, and none of its entries. */
  get heaviest(): number {
    return this.#heaviest;
  }

  /** Where a document stands that was not added yet. @param responseTo null where it answers none */
  add(id: string, entries: readonly Entry[], responseTo: string | null): void {
    if (entries.length === 0) return;
    const own = eachOnce(this.#compare, entries);
    this.#heaviest = Math.max(this.#heaviest, weightOfAll(own)); // now, as it was just made: later it is far away in memory
    for (const entry of own) this.#entries.push(entry);
    if (this.#isShown) this.shown.push(own);
    this.#places.push(placeOf(id, own, responseTo));
  }

  /** In order. */
  entries(): readonly Entry[] {
    return sortEntries(this.#columns, this.#entries);
  }

  /** In order. */
  places(): readonly Place[] {
    return this.#places.sort((a, b) => byCodeUnits(a.id, b.id));
  }
}
