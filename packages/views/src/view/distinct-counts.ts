import { byCodeUnits } from "../value/order.ts";
import type { EntryColumn } from "./column.ts";
import { type DistinctValue, distinctColumns, pathText } from "./distinct-shape.ts";
import type { Appearance, DistinctValues } from "./distinct-values.ts";
import type { CategoryPath } from "./entry.ts";

/** Categories whose counts are remembered; with more, all are forgotten. */
const MOST_KNOWN = 4_096;

/** Values that are read of one database at once. */
const BATCH = 256;

/** Where the values of a database are, while those of several are gone through together. */
interface Cursor {
  readonly values: DistinctValues;
  texts: readonly string[];
  at: number;
  next: number;
  readonly end: number;
}

/**
 * How many distinct values columns have in categories of several databases together. Of one database it is the length of a stretch. Of several,
 * their values are gone through once for each category that is asked for, in order; from then on the number follows what appears in one
 * database and is in no other.
 */
export class DistinctCounts {
  readonly #columns: readonly number[];
  readonly #sources: () => readonly DistinctValues[];
  /** Whose counts are known. */
  #known: readonly DistinctValues[] = [];
  /** Of each column, by category. */
  readonly #counts = new Map<string, number[]>();

  constructor(columns: readonly EntryColumn[], sources: () => readonly DistinctValues[]) {
    this.#columns = distinctColumns(columns);
    this.#sources = sources;
  }

  /** For each column that has such a total. */
  async of(path: CategoryPath): Promise<readonly number[]> {
    if (this.#columns.length === 0) return [];
    const sources = this.#sources();
    const [first, second] = sources;
    if (first !== undefined && second === undefined)
      return Promise.all(this.#columns.map((column) => first.count(column, path)));
    await this.#follow(sources);
    const name = pathText(path);
    const known = this.#counts.get(name);
    if (known !== undefined) return known;
    const counts: number[] = [];
    for (const column of this.#columns) counts.push(await countTogether(sources, column, path));
    if (this.#counts.size >= MOST_KNOWN) this.#counts.clear();
    this.#counts.set(name, counts);
    return counts;
  }

  async #follow(sources: readonly DistinctValues[]): Promise<void> {
    const each = sources.map((source) => source.appearances());
    const isNew = sources.length !== this.#known.length || sources.some((source, at) => source !== this.#known[at]);
    this.#known = sources;
    if (isNew || each.includes(null)) this.#counts.clear();
    const moved = new Map<string, { readonly value: DistinctValue; readonly gained: number[] }>();
    for (const [source, some] of each.entries())
      for (const value of some ?? []) {
        if (!this.#counts.has(pathText(value.path))) continue;
        const { gained } = movedOf(moved, value, sources.length);
        gained[source] = (gained[source] ?? 0) + value.gained;
      }
    for (const { value, gained } of moved.values()) await this.#move(sources, value, gained);
  }

  /** @param gained of each database: 1 when it has the value since, -1 when it had it */
  async #move(sources: readonly DistinctValues[], value: DistinctValue, gained: readonly number[]): Promise<void> {
    const now = await Promise.all(sources.map((source) => source.has(value)));
    const before = now.some((has, source) => Number(has) - (gained[source] ?? 0) > 0);
    const counts = this.#counts.get(pathText(value.path));
    const at = this.#columns.indexOf(value.column);
    if (counts !== undefined) counts[at] = (counts[at] ?? 0) + Number(now.some(Boolean)) - Number(before);
  }
}

function movedOf(
  moved: Map<string, { readonly value: DistinctValue; readonly gained: number[] }>,
  value: Appearance,
  sources: number,
): { readonly gained: number[] } {
  const name = `${value.column} ${pathText(value.path)} ${value.text}`;
  const known = moved.get(name) ?? { value, gained: Array.from({ length: sources }, () => 0) };
  moved.set(name, known);
  return known;
}

async function countTogether(sources: readonly DistinctValues[], column: number, path: CategoryPath): Promise<number> {
  const cursors: Cursor[] = [];
  for (const values of sources) {
    const { from, to } = await values.stretch(column, path);
    cursors.push({ values, texts: [], at: 0, next: from, end: to });
  }
  let count = 0;
  for (;;) {
    for (const cursor of cursors) if (cursor.at === cursor.texts.length) await readOn(cursor);
    const left = cursors.filter(({ texts }) => texts.length > 0);
    if (left.length === 0) return count;
    while (left.every(({ texts, at }) => at < texts.length)) {
      const least = left.map(({ texts, at }) => texts[at] ?? "").reduce((a, b) => (byCodeUnits(a, b) <= 0 ? a : b));
      for (const cursor of left) if (cursor.texts[cursor.at] === least) cursor.at++;
      count++;
    }
  }
}

/** Reads what follows; nothing at the end. */
async function readOn(cursor: Cursor): Promise<void> {
  const to = Math.min(cursor.end, cursor.next + BATCH);
  cursor.texts = cursor.next < to ? await cursor.values.texts(cursor.next, to) : [];
  cursor.next = to;
  cursor.at = 0;
}
