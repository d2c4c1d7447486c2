import { ViewError } from "../errors.ts";
import { Budget } from "../expression/budget.ts";
import { checkExpression } from "../expression/check.ts";
import { compile } from "../expression/compile.ts";
import type { Expression } from "../expression/expression.ts";
import { parseExpression } from "../expression/parse.ts";
import type { Origin } from "../expression/scope.ts";
import { collation } from "../value/collation.ts";
import { type Compare, valueOrder } from "../value/order.ts";
import { type Value, valueIn } from "../value/value.ts";
import { TOTAL_KINDS, type TotalKind } from "./total.ts";

/** A column of a view. */
export interface Column<T extends object> {
  readonly name: string;
  /** What stands in it: the text of an expression (a field's name is one), an expression, or a function, which can't be stored. */
  readonly value: string | Expression | ((data: Readonly<T>) => unknown);
  /** Documents stand in categories of what the column says: a text `2024\Sales` in two, one within the other; a list in one for each of its values. */
  readonly category?: boolean;
  /** Documents of one category are in the order of their sorted columns, and of their ids; categories in that of their values, rising unless it says otherwise. */
  readonly sort?: "asc" | "desc";
  /** The language in whose order texts are, as in `Intl.Collator`; `en` when nothing is said. */
  readonly language?: string;
  /** What a category, and the view, says of all its documents. */
  readonly total?: TotalKind;
}

/** What is computed of a document. */
type Compute = (data: object, origin: Origin) => Value;

/** What stands in a column, or decides. */
export interface PlannedValue {
  readonly compute: Compute;
  /** Undefined for a function. */
  readonly source: Expression | undefined;
}

/** What an index knows of a column: how entries are ordered by it, and what stretches of them come to. */
export interface EntryColumn {
  readonly isSorted: boolean;
  readonly compare: Compare<Value>;
  readonly total: TotalKind | null;
  /** Whether documents that are equal in the order fall by their ids. */
  readonly idsFall: boolean;
}

/** A column as it is worked with. */
export interface PlannedColumn extends EntryColumn {
  readonly name: string;
  readonly value: PlannedValue;
  readonly isCategory: boolean;
}

/** @throws ViewError EXPRESSION_INVALID | VIEW_INVALID */
export function planColumn<T extends object>({
  name,
  value,
  category,
  sort,
  language,
  total,
}: Column<T>): PlannedColumn {
  if (sort !== undefined && sort !== "asc" && sort !== "desc")
    throw new ViewError("VIEW_INVALID", "a sort is asc or desc");
  if (total !== undefined && !TOTAL_KINDS.includes(total))
    throw new ViewError("VIEW_INVALID", "there is no such total");
  const rising = valueOrder(textOrder(language ?? "en"));
  return {
    name,
    value: planValue(value),
    isCategory: category === true,
    isSorted: category !== true && sort !== undefined,
    compare: sort === "desc" ? (a, b) => rising(b, a) : rising,
    total: total ?? null,
    idsFall: false,
  };
}

/** @throws ViewError EXPRESSION_INVALID */
export function planValue<T extends object>(value: Column<T>["value"]): PlannedValue {
  return typeof value === "function"
    ? { compute: (data) => valueIn(value(data as T)), source: undefined }
    : planExpression(value);
}

/** What an expression gives, or its text. @throws ViewError EXPRESSION_INVALID */
export function planExpression(value: string | Expression): PlannedValue & { readonly source: Expression } {
  const source = typeof value === "string" ? parseExpression(value) : checkExpression(value);
  const evaluate = compile(source);
  const budget = new Budget();
  const compute: Compute = (data, origin) => {
    budget.renew();
    return evaluate({ data, origin, budget });
  };
  return { compute, source };
}

/** @throws ViewError VIEW_INVALID */
function textOrder(language: string): Compare<string> {
  const order = collation(language);
  if (order === null) throw new ViewError("VIEW_INVALID", `there is no language ${JSON.stringify(language)}`);
  return order;
}
