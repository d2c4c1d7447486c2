import type { DerivedRows } from "@selkie/core";
import { KeptTree } from "../tree/kept-tree.ts";
import { byCodeUnits, type Compare } from "../value/order.ts";
import type { EntryColumn } from "./column.ts";
import { type DistinctValue, distinctColumns, distinctShape, distinctText, pathText } from "./distinct-shape.ts";
import { type CategoryPath, type Entry, pathOrder } from "./entry.ts";
import type { MovedDocument } from "./moved.ts";

/** A value that came to a category, or went from it, in one database. */
export interface Appearance extends DistinctValue {
  readonly gained: 1 | -1;
}

/** Appearances that are remembered for somebody who asks. */
const MOST_REMEMBERED = 4_096;

/** Which values columns have in each category of one database, and how many documents have each. */
export class DistinctValues {
  readonly kept: KeptTree<DistinctValue, null>;
  readonly #columns: readonly number[];
  readonly #order: Compare<CategoryPath>;
  readonly #compare: Compare<DistinctValue>;
  /** Since somebody asked last; null when nobody does, or there were too many. */
  #appearances: Appearance[] | null = null;

  constructor(columns: readonly EntryColumn[], rows: DerivedRows | null) {
    const shape = distinctShape(columns);
    this.kept = new KeptTree(shape, rows);
    this.#compare = shape.compare;
    this.#columns = distinctColumns(columns);
    this.#order = pathOrder(columns);
  }

  /** Documents stood at some places, and now at others. */
  async move(moved: readonly Pick<MovedDocument, "gone" | "come">[]): Promise<void> {
    const counted = new Map<string, { readonly value: DistinctValue; gained: number }>();
    for (const { gone, come } of moved)
      for (const [values, gained] of [
        [this.#valuesOf(gone), -1],
        [this.#valuesOf(come), 1],
      ] as const)
        for (const [name, value] of values) {
          const known = counted.get(name) ?? { value, gained: 0 };
          known.gained += gained;
          counted.set(name, known);
        }
    await this.#count([...counted.values()].filter(({ gained }) => gained !== 0));
  }

  /** Takes the place of all there was. @param documents the entries of each */
  fill(documents: Iterable<readonly Entry[]>): void {
    const stretches = new Stretches(this.#columns);
    for (const entries of documents) stretches.add(entries);
    this.kept.fill(stretches.inOrder(this.#order));
  }

  /** How many values a column has in a category. */
  async count(column: number, path: CategoryPath): Promise<number> {
    const { from, to } = await this.stretch(column, path);
    return to - from;
  }

  /** Where the values of a category are. */
  async stretch(column: number, path: CategoryPath): Promise<{ readonly from: number; readonly to: number }> {
    const { tree } = this.kept;
    const beside = (value: DistinctValue) => value.column - column || this.#order(value.path, path);
    const from = await tree.countBefore((value) => beside(value) < 0);
    return { from, to: await tree.countBefore((value) => beside(value) <= 0) };
  }

  /** Some of the values of a stretch. */
  async texts(from: number, to: number): Promise<readonly string[]> {
    return (await this.kept.tree.slice(from, to - from)).map(({ text }) => text);
  }

  async has(value: DistinctValue): Promise<boolean> {
    return (await this.kept.tree.find(value)) !== null;
  }

  /** What appeared and went since this was asked last; null when it was never asked, or nobody knows any more. */
  appearances(): readonly Appearance[] | null {
    const known = this.#appearances;
    if (known?.length !== 0) this.#appearances = [];
    return known;
  }

  async #count(counted: readonly { readonly value: DistinctValue; readonly gained: number }[]): Promise<void> {
    const inOrder = counted.toSorted((a, b) => this.#compare(a.value, b.value));
    const found = await this.kept.tree.changeAll(
      inOrder.map(({ value, gained }) => ({
        entry: value,
        change: (before) => {
          const documents = (before?.documents ?? 0) + gained;
          return documents > 0 ? { ...value, documents } : null;
        },
      })),
    );
    for (const [at, { value, gained }] of inOrder.entries()) {
      const before = found[at]?.documents ?? 0;
      if (before === 0 || before + gained <= 0) this.#appearances?.push({ ...value, gained: gained > 0 ? 1 : -1 });
    }
    if ((this.#appearances?.length ?? 0) > MOST_REMEMBERED) this.#appearances = null;
  }

  /** What a document has: in every category that it stands in, each value once. By name. */
  #valuesOf(entries: readonly Entry[]): ReadonlyMap<string, DistinctValue> {
    const values = new Map<string, DistinctValue>();
    for (const entry of entries)
      for (const column of this.#columns) {
        const text = distinctText(entry, column);
        for (let level = 0; text !== null && level <= entry.path.length; level++) {
          const path = entry.path.slice(0, level);
          values.set(`${column} ${pathText(path)} ${text}`, { column, path, text, documents: 1 });
        }
      }
    return values;
  }
}

/** The values of one column in one category, each with how many documents have it. */
interface Stretch {
  readonly column: number;
  readonly path: CategoryPath;
  readonly documents: Map<string, number>;
  /** What the document has there that is being counted, where it stands at several places. */
  readonly own: Set<string>;
}

/** Values of many documents: categories are named and put in order once, and not for each of them. */
class Stretches {
  readonly #columns: readonly number[];
  readonly #byName = new Map<string, Stretch>();
  readonly #byPath = new Map<CategoryPath, readonly Stretch[]>();

  constructor(columns: readonly number[]) {
    this.#columns = columns;
  }

  add(entries: readonly Entry[]): void {
    const touched = entries.length > 1 ? new Set<Stretch>() : null;
    for (const entry of entries) {
      const stretches = this.#of(entry.path);
      for (const column of this.#columns) {
        const text = distinctText(entry, column);
        if (text === null) continue;
        for (const stretch of stretches) {
          if (stretch.column !== column || stretch.own.has(text)) continue;
          stretch.documents.set(text, (stretch.documents.get(text) ?? 0) + 1);
          if (touched === null) continue;
          stretch.own.add(text);
          touched.add(stretch);
        }
      }
    }
    for (const { own } of touched ?? []) own.clear();
  }

  inOrder(order: (a: CategoryPath, b: CategoryPath) => number): readonly DistinctValue[] {
    const stretches = [...this.#byName.values()].sort((a, b) => a.column - b.column || order(a.path, b.path));
    return stretches.flatMap(({ column, path, documents }) =>
      [...documents]
        .sort(([a], [b]) => byCodeUnits(a, b))
        .map(([text, count]): DistinctValue => ({ column, path, text, documents: count })),
    );
  }

  /** Of a category and all that it stands in, for each column. */
  #of(path: CategoryPath): readonly Stretch[] {
    const known = this.#byPath.get(path);
    if (known !== undefined) return known;
    const made: Stretch[] = [];
    for (let level = 0; level <= path.length; level++) {
      const above = path.slice(0, level);
      for (const column of this.#columns) made.push(this.#named(column, above));
    }
    this.#byPath.set(path, made);
    return made;
  }

  #named(column: number, path: CategoryPath): Stretch {
    const name = `${column} ${pathText(path)}`;
    const known = this.#byName.get(name) ?? { column, path, documents: new Map(), own: new Set() };
    this.#byName.set(name, known);
    return known;
  }
}
