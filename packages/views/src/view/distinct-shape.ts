import type { KeptShape } from "../tree/kept-tree.ts";
import { nothingCodec, type TreeCodec } from "../tree/page-codec.ts";
import { nothing, SOME_ON_PAGE } from "../tree/tree-shape.ts";
import { byCodeUnits } from "../value/order.ts";
import { listIn, numberIn, textIn } from "../value/read-json.ts";
import { sameText } from "../value/same-text.ts";
import { sortValue } from "../value/sort-value.ts";
import { costOf } from "../value/value-cost.ts";
import type { EntryColumn } from "./column.ts";
import { type CategoryPath, type Entry, pathOrder } from "./entry.ts";
import { encodePaths, pathAt, pathsIn } from "./view-codec.ts";

/** A value that a column has in a category, whatever categories within it the documents stand in. */
export interface DistinctValue {
  readonly column: number;
  readonly path: CategoryPath;
  /** The same for values that are equal in the order, as `sameText` gives it. */
  readonly text: string;
  /** How many documents have it there. */
  readonly documents: number;
}

/**
 * Values in the order of their columns and categories, each once: those of a category are a stretch, and how many there are is how long it is.
 */
export function distinctShape(columns: readonly EntryColumn[]): KeptShape<DistinctValue, null> {
  const paths = pathOrder(columns);
  return {
    ...{ number: 3, mostOnPage: SOME_ON_PAGE },
    compare: (a, b) => a.column - b.column || paths(a.path, b.path) || byCodeUnits(a.text, b.text),
    key: (value) => value,
    weigh: ({ path, text }) => path.reduce((sum, { value }) => sum + 1 + costOf(value), costOf(text)),
    summary: nothing,
    codec,
  };
}

/** The columns whose distinct values are counted. */
export function distinctColumns(columns: readonly EntryColumn[]): readonly number[] {
  return columns.flatMap(({ total }, column) => (total === "distinct" ? [column] : []));
}

/** What counts of the value that an entry has in a column; null for none. */
export function distinctText({ values }: Entry, column: number): string | null {
  const value = values[column] ?? null;
  return value === null ? null : sameText(sortValue(value));
}

/** The same for categories that are equal in the order, and for no others. */
export function pathText(path: CategoryPath): string {
  return JSON.stringify(path.map(({ column, value }) => [column, sameText(value)]));
}

const codec: TreeCodec<DistinctValue, null> = {
  entries: {
    encode: (values) => [
      values.map(({ column }) => column),
      encodePaths(values),
      values.map(({ text }) => text),
      values.map(({ documents }) => documents),
    ],
    decode: (json) => {
      const [said, places, texts, counted] = listIn(json);
      const each = listIn(texts);
      const [columns, paths, counts] = [listIn(said), pathsIn(places, each.length), listIn(counted)];
      return each.map((text, at) => ({
        ...{ column: numberIn(columns[at]), path: pathAt(paths, at) },
        ...{ text: textIn(text), documents: numberIn(counts[at]) },
      }));
    },
  },
  summary: nothingCodec,
};
