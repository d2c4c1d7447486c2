import { ViewError } from "../errors.ts";
import { isTrue } from "../expression/logic-functions.ts";
import type { Origin } from "../expression/scope.ts";
import { sortValue } from "../value/sort-value.ts";
import { plainValue, type Value } from "../value/value.ts";
import { costOf } from "../value/value-cost.ts";
import type { PlannedColumn, PlannedValue } from "./column.ts";
import { distinctColumns } from "./distinct-shape.ts";
import type { Entry, MappedEntry, Step } from "./entry.ts";
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

/** The columns that documents are sorted by, those whose categories they stand in, and those whose distinct values are counted. */
interface PlannedNumbers {
  readonly sorted: readonly number[];
  readonly categories: readonly number[];
  readonly counted: readonly number[];
}

/** What a view shows. */
export interface ViewPlan {
  readonly columns: readonly PlannedColumn[];
  /** The numbers of some of them. */
  readonly at: PlannedNumbers;
  /** Null for all documents. */
  readonly where: PlannedValue | null;
  /** Null where documents answer none. */
  readonly responseTo: PlannedValue | null;
  /** Of the documents that were mapped last. */
  readonly paths: Paths;
}

export function numbersOf(columns: readonly PlannedColumn[]): PlannedNumbers {
  const those = (is: (column: PlannedColumn) => boolean) => columns.flatMap((column, at) => (is(column) ? [at] : []));
  return {
    sorted: those(({ isSorted }) => isSorted),
    categories: those(({ isCategory }) => isCategory),
    counted: distinctColumns(columns),
  };
}

/** A category that a document stands in, and what it shows there. */
type InCategory = Pick<Entry, "path" | "values">;

/** Where a document stands in a view: in each of its categories, or nowhere. @throws ViewError EXPRESSION_TOO_COSTLY; what a column's function throws */
export function entriesOf({ columns, where, paths, at }: ViewPlan, data: object, origin: Origin): readonly Entry[] {
  if (where !== null && !isTrue(where.compute(data, origin))) return [];
  const computed = columns.map(({ value }) => value.compute(data, origin));
  if (costOf(computed) > MOST_STEPS) throw tooLarge();
  const values = computed.map(plainValue);
  const sort = at.sorted.map((column) => sortValue(values[column]));
  let places: readonly InCategory[] = [{ path: paths.top, values }];
  for (const column of at.categories) places = placesIn({ column, value: values[column] }, places, paths);
  const entries = places.map((place): Entry => ({ path: place.path, sort, id: origin.id, values: place.values }));
  if (entries.length === 1 && at.counted.length === 0) return entries; // all that it holds was weighed
  if (entries.reduce((sum, entry) => sum + stepsOf(entry, at.counted), 0) > MOST_STEPS) throw tooLarge();
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

/** Where a document stands in the categories that a value names, at least one, within those where it stood. */
function placesIn({ column, value }: Step, places: readonly InCategory[], paths: Paths): readonly InCategory[] {
  if (!Array.isArray(value)) return places.map((place) => inCategory(place, { column, value }, paths));
  const members: readonly Value[] = value.length === 0 ? [null] : [...new Set<Value>(value)].slice(0, MOST_CATEGORIES);
  const most = Math.ceil(MOST_CATEGORIES / members.length);
  const within = (place: InCategory) => members.map((one) => inCategory(place, { column, value: one }, paths));
  return places.slice(0, most).flatMap(within).slice(0, MOST_CATEGORIES);
}

function inCategory(place: InCategory, { column, value }: Step, paths: Paths): InCategory {
  let { path } = place;
  if (typeof value === "string" && value.includes(SEPARATOR))
    for (const level of levelsOf(value)) path = paths.below(path, column, sortValue(level));
  else path = paths.below(path, column, sortValue(value));
  return { path, values: Object.is(place.values[column], value) ? place.values : place.values.with(column, value) };
}

function levelsOf(value: string): readonly string[] {
  const levels = value.split(SEPARATOR);
  return levels.length <= MOST_LEVELS
    ? levels
    : [...levels.slice(0, MOST_LEVELS - 1), levels.slice(MOST_LEVELS - 1).join(SEPARATOR)];
}
