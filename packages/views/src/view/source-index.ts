import { Pages } from "../tree/pages.ts";
import { Tree } from "../tree/tree.ts";
import type { TreeShape } from "../tree/tree-shape.ts";
import { byCodeUnits } from "../value/order.ts";
import type { PlannedColumn } from "./column.ts";
import { type Entry, keyEntry } from "./entry.ts";
import { entryShape, type Place, placeShape, type Totals } from "./view-trees.ts";

/** Entries of which there was none, or is none any more. */
export interface Moved {
  readonly gone: readonly Entry[];
  readonly come: readonly Entry[];
}

/** The documents of one database as one view shows them: its entries in order, and where each document stands. */
export class SourceIndex {
  readonly #columns: readonly PlannedColumn[];
  readonly #shape: TreeShape<Entry, Totals>;
  #entries: Tree<Entry, Totals>;
  #places: Tree<Place, Totals>;

  constructor(columns: readonly PlannedColumn[]) {
    this.#columns = columns;
    this.#shape = entryShape(columns);
    this.#entries = new Tree(this.#shape, new Pages(null, 0), null);
    this.#places = new Tree(placeShape(columns), new Pages(null, 0), null);
  }

  /** In the order of the view. */
  get entries(): Tree<Entry, Totals> {
    return this.#entries;
  }

  /** What all documents come to, each once. */
  get totals(): Totals {
    return this.#places.summary;
  }

  /** How many documents the view shows. */
  get documents(): number {
    return this.#places.size;
  }

  /** Takes the place of all there was. @param documents the entries of each document, by its id */
  fill(documents: ReadonlyMap<string, readonly Entry[]>): void {
    const shown = [...documents].filter(([, entries]) => entries.length > 0);
    const entries = this.#distinct(shown.flatMap(([, entries]) => entries));
    const places = shown
      .map(([id, own]) => this.#placeOf(id, this.#distinct(own)))
      .sort((a, b) => byCodeUnits(a.id, b.id));
    this.#entries = Tree.from(this.#shape, new Pages(null, 0), entries);
    this.#places = Tree.from(placeShape(this.#columns), new Pages(null, 0), places);
  }

  /** A document has changed. @param entries where it stands now; none when it is not shown */
  async move(id: string, entries: readonly Entry[]): Promise<Moved> {
    const [place, come] = [await this.#place(id), this.#distinct(entries)];
    const gone = place?.keys ?? [];
    for (const entry of gone) await this.#entries.remove(entry);
    for (const entry of come) await this.#entries.put(entry);
    if (come.length > 0) await this.#places.put(this.#placeOf(id, come));
    else if (place !== null) await this.#places.remove(place);
    return { gone, come };
  }

  /** In order, and each once: a list of categories may name one twice. */
  #distinct(entries: readonly Entry[]): readonly Entry[] {
    const sorted = entries.toSorted(this.#shape.compare);
    return sorted.filter((entry, at) => at === 0 || this.#shape.compare(sorted[at - 1] ?? entry, entry) !== 0);
  }

  async #place(id: string): Promise<Place | null> {
    const at = await this.#places.countBefore((place) => place.id < id);
    const [place] = await this.#places.slice(at, 1);
    return place?.id === id ? place : null;
  }

  #placeOf(id: string, entries: readonly Entry[]): Place {
    return { id, keys: entries.map((entry) => keyEntry(this.#columns, entry)), values: entries[0]?.values ?? [] };
  }
}
