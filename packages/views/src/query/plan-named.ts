import { ViewError } from "../errors.ts";
import type { Expression } from "../expression/expression.ts";
import { isPlainObject } from "../value/plain-object.ts";
import { type PlannedValue, planExpression } from "../view/column.ts";

/** Names of fields, or expressions by name. */
export type Named = readonly string[] | Readonly<Record<string, string | Expression>>;

/** What is computed under which name. @throws ViewError QUERY_INVALID | EXPRESSION_INVALID */
export function planNamed(named: Named): readonly (readonly [name: string, value: PlannedValue])[] {
  return namesIn(named).map(([name, value]) => [name, planExpression(value)]);
}

function namesIn(named: Named): readonly (readonly [string, string | Expression])[] {
  if (isNames(named)) return named.map((name) => [name, name]);
  if (!isPlainObject(named))
    throw new ViewError("QUERY_INVALID", "a list of fields, or an object of expressions says what there is");
  return Object.entries(named);
}

const isNames = (named: Named): named is readonly string[] =>
  Array.isArray(named) && named.every((name) => typeof name === "string");
