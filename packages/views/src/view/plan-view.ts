import { ViewError } from "../errors.ts";
import type { Expression } from "../expression/expression.ts";
import { collationStamp } from "../value/collation.ts";
import { planColumn, planValue } from "./column.ts";
import { numbersOf, type ViewPlan } from "./map-document.ts";
import { Paths } from "./paths.ts";
import type { ViewDefinition } from "./view.ts";

const MOST_COLUMNS = 100;

/** @throws ViewError EXPRESSION_INVALID | VIEW_INVALID */
export function planView<T extends object>({ name, columns, where, responseTo }: ViewDefinition<T>): ViewPlan {
  if (name === "") throw new ViewError("VIEW_INVALID", "a view has a name");
  if (columns.length === 0 || columns.length > MOST_COLUMNS)
    throw new ViewError("VIEW_INVALID", `a view has 1 to ${MOST_COLUMNS} columns`);
  if (new Set(columns.map((column) => column.name)).size < columns.length)
    throw new ViewError("VIEW_INVALID", "two columns have one name");
  const planned = columns.map(planColumn);
  return {
    ...{ columns: planned, at: numbersOf(planned), paths: new Paths() },
    where: where === undefined ? null : planValue(where),
    responseTo: responseTo === undefined ? null : planValue(responseTo),
  };
}

/** All that the index of a view follows from, as text; null where a function decides: nobody can tell whether it is the one of last time. */
export function definitionText<T extends object>({ columns }: ViewDefinition<T>, plan: ViewPlan): string | null {
  const sources: Expression[] = [];
  for (const value of [...plan.columns.map((column) => column.value), ...(plan.where === null ? [] : [plan.where])]) {
    if (value.source === undefined) return null;
    sources.push(value.source);
  }
  const rest = columns.map(({ name, category, sort, language, total }) => [name, category, sort, language, total]);
  const stamps = columns.map(({ language = "en", category, sort }) =>
    category || sort ? collationStamp(language) : 0,
  );
  const said = [sources, rest.map((column) => column.map((one) => one ?? null)), stamps];
  if (plan.responseTo === null) return JSON.stringify(said);
  const { source } = plan.responseTo;
  return source === undefined ? null : JSON.stringify([...said, source]);
}
