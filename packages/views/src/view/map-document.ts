import { ViewError } from "../errors.ts";
import { isTrue } from "../expression/logic-functions.ts";
import type { Origin } from "../expression/scope.ts";
import { costOf } from "../expression/value-cost.ts";
import type { Value } from "../value/value.ts";
import { valueIn } from "../value/value.ts";
import type { PlannedColumn, PlannedValue } from "./column.ts";
import type { CategoryPath, Entry } from "./entry.ts";

/** Between the levels of a text that names a category. */
const SEPARATOR = "\\";

/** Levels of one text; what follows stands in the last. */
const MOST_LEVELS = 16;

/** Categories that a document stands in, at most. */
const MOST_CATEGORIES = 1_000;

/** What all entries of a document may hold: a step is a value, a member of a list, or 32 characters. */
const MOST_STEPS = 65_536;

/** What a view shows. */
export interface ViewPlan {
  readonly columns: readonly PlannedColumn[];
  /** Null for all documents. */
  readonly where: PlannedValue | null;
}

/** Where a document stands in a view: in each of its categories, or nowhere. @throws ViewError EXPRESSION_TOO_COSTLY; what a column's function throws */
export function entriesOf({ columns, where }: ViewPlan, data: object, origin: Origin): readonly Entry[] {
  if (where !== null && !isTrue(where.compute(data, origin))) return [];
  const values = columns.map(({ value }) => value.compute(data, origin));
  let entries: readonly Entry[] = [{ path: [], values, id: origin.id }];
  columns.forEach(({ isCategory }, column) => {
    if (isCategory) entries = entries.flatMap((entry) => inCategories(entry, column)).slice(0, MOST_CATEGORIES);
  });
  const steps = entries.reduce((sum, entry) => sum + costOf(entry.values), 0);
  if (steps > MOST_STEPS) throw new ViewError("EXPRESSION_TOO_COSTLY", "a document takes too much room in the view");
  return entries;
}

/** An entry for each category of a column. */
function inCategories(entry: Entry, column: number): readonly Entry[] {
  const value = entry.values[column];
  if (!Array.isArray(value)) return [inCategory(entry, column, value ?? null)];
  const each = [...new Set(value.map(valueIn))];
  return each.length === 0 ? [inCategory(entry, column, null)] : each.map((one) => inCategory(entry, column, one));
}

function inCategory(entry: Entry, column: number, value: Value): Entry {
  const levels = typeof value === "string" ? levelsOf(value) : [value];
  const steps: CategoryPath = levels.map((level) => ({ column, value: level }));
  return { ...entry, path: [...entry.path, ...steps], values: entry.values.with(column, value) };
}

function levelsOf(text: string): readonly string[] {
  const levels = text.split(SEPARATOR);
  return levels.length <= MOST_LEVELS
    ? levels
    : [...levels.slice(0, MOST_LEVELS - 1), levels.slice(MOST_LEVELS - 1).join(SEPARATOR)];
}
