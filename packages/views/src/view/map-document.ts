import { ViewError } from "../errors.ts";
import { isTrue } from "../expression/logic-functions.ts";
import type { Origin } from "../expression/scope.ts";
import { sortValue } from "../value/sort-value.ts";
import { plainValue, type Value } from "../value/value.ts";
import { costOf } from "../value/value-cost.ts";
import type { PlannedColumn, PlannedValue } from "./column.ts";
import { distinctColumns } from "./distinct-shape.ts";
import type { CategoryPath, Entry, MappedEntry, Step } from "./entry.ts";
import type { Paths } from "./paths.ts";
import { MOST_ABOVE } from "./responses.ts";

/** Between the levels of a text that names a category. */
const SEPARATOR = "\\";

/** Levels of one text; what follows stands in the last. */
const MOST_LEVELS = 16;

/** Categories that a document stands in, at most. */
const MOST_CATEGORIES = 1_000;

/** Characters of a document's id. */
const LONGEST_ID = 256;

/** Steps of a value that count where it is in an order. */
const MOST_COUNTED = 64;

/** What all entries of a document may hold: a step is a value, a member of a list, or 32 characters. */
const MOST_STEPS = 65_536;

/** What a view shows. */
export interface ViewPlan {
  readonly columns: readonly PlannedColumn[];
  /** Null for all documents. */
  readonly where: PlannedValue | null;
  /** Null where documents answer none. */
  readonly responseTo: PlannedValue | null;
  /** Of the documents that were mapped last. */
  readonly paths: Paths;
}

/** A category that a document stands in, and what it shows there. */
type InCategory = Pick<Entry, "path" | "values">;

/** Where a document stands in a view: in each of its categories, or nowhere. @throws ViewError EXPRESSION_TOO_COSTLY; what a column's function throws */
export function entriesOf({ columns, where, paths }: ViewPlan, data: object, origin: Origin): readonly Entry[] {
  if (where !== null && !isTrue(where.compute(data, origin))) return [];
  const computed = columns.map(({ value }) => value.compute(data, origin));
  if (costOf(computed) > MOST_STEPS) throw tooLarge();
  const values = computed.map(plainValue);
  const sort = values.filter((_, at) => columns[at]?.isSorted === true).map(sortValue);
  let places: readonly InCategory[] = [{ path: paths.top, values }];
  for (const [column, { isCategory }] of columns.entries()) {
    if (!isCategory) continue;
    const categories = categoriesIn(values[column]);
    const most = Math.ceil(MOST_CATEGORIES / categories.length);
    const within = (place: InCategory) => categories.map((one) => inCategory(place, { column, value: one }, paths));
    places = places.slice(0, most).flatMap(within).slice(0, MOST_CATEGORIES);
  }
  const entries = places.map((place): Entry => ({ path: place.path, sort, id: origin.id, values: place.values }));
  const counted = distinctColumns(columns);
  if (entries.reduce((sum, entry) => sum + stepsOf(entry, counted), 0) > MOST_STEPS) throw tooLarge();
  return entries;
}

/** The same, with what it answers. @throws as `entriesOf` does */
export function mappedOf(plan: ViewPlan, data: object, origin: Origin): readonly MappedEntry[] {
  const entries = entriesOf(plan, data, origin);
  if (plan.responseTo === null) return entries;
  if (costOf(entries[0]?.sort) >= MOST_ABOVE) throw tooLarge();
  const responseTo = plan.responseTo.compute(data, origin);
  if (typeof responseTo !== "string" || responseTo.length > LONGEST_ID) return entries;
  return entries.map((entry) => ({ ...entry, responseTo }));
}

/** A value that is counted lies in each category that the entry stands in. */
function stepsOf({ path, values }: Entry, counted: readonly number[]): number {
  const each = counted.map((column) => 1 + Math.min(MOST_COUNTED, costOf(values[column])));
  return costOf(values) + path.length * each.reduce((sum, steps) => sum + steps, 0);
}

const tooLarge = () => new ViewError("EXPRESSION_TOO_COSTLY", "a document takes too much room in the view");

/** The categories that a value names, at least one. */
function categoriesIn(value: Value): readonly Value[] {
  if (!Array.isArray(value) || value.length === 0) return [Array.isArray(value) ? null : value];
  return [...new Set(value)].slice(0, MOST_CATEGORIES);
}

function inCategory({ path, values }: InCategory, { column, value }: Step, paths: Paths): InCategory {
  const below = (above: CategoryPath, level: Value) => paths.below(above, column, sortValue(level));
  return {
    path: levelsOf(value).reduce(below, path),
    values: Object.is(values[column], value) ? values : values.with(column, value),
  };
}

function levelsOf(value: Value): readonly Value[] {
  if (typeof value !== "string" || !value.includes(SEPARATOR)) return [value];
  const levels = value.split(SEPARATOR);
  return levels.length <= MOST_LEVELS
    ? levels
    : [...levels.slice(0, MOST_LEVELS - 1), levels.slice(MOST_LEVELS - 1).join(SEPARATOR)];
}
