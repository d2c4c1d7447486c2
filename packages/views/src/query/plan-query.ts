import { ViewError } from "../errors.ts";
import { type Expression, isCall } from "../expression/expression.ts";
import type { Origin } from "../expression/scope.ts";
import { isPlainObject } from "../value/plain-object.ts";
import type { Value } from "../value/value.ts";
import { type PlannedValue, planExpression } from "../view/column.ts";
import { conjunctsOf } from "./conditions.ts";
import { planNamed } from "./plan-named.ts";
import type { Join, Query, QuerySource, Selection } from "./query.ts";
import { type PlannedSort, planSorts } from "./sort-key.ts";
import { orderMark, type Standing, standingIn } from "./standing.ts";

/** Rows that a query gives, and holds in memory. */
export const MOST_ROWS = 100_000;

/** Databases that a row refers to. */
const MOST_JOINS = 8;

/** Something that has to hold. */
export interface Conjunct extends PlannedValue {
  readonly source: Expression;
  /** Whether it looks at what the document refers to. */
  readonly isJoined: boolean;
}

export interface PlannedJoin {
  readonly name: string;
  readonly from: QuerySource<object>;
  readonly on: PlannedValue;
}

/** Which documents count. */
export interface SelectionPlan {
  readonly sources: readonly QuerySource<object>[];
  readonly where: readonly Conjunct[];
  readonly joins: readonly PlannedJoin[];
  readonly signal: AbortSignal | null;
}

export interface QueryPlan extends SelectionPlan {
  readonly sorts: readonly PlannedSort[];
  /** Of the keys of rows in this order. */
  readonly mark: number;
  /** Whether the order can be told of a document alone. */
  readonly isOrderJoined: boolean;
  readonly limit: number | null;
  readonly after: Standing | null;
  /** Null for all of a document. */
  readonly select: readonly (readonly [name: string, value: PlannedValue])[] | null;
}

/** @throws ViewError QUERY_INVALID | EXPRESSION_INVALID | INDEXER_INVALID | KEY_INVALID */
export function planQuery(sources: QuerySource<object> | readonly QuerySource<object>[], query: Query): QueryPlan {
  const { orderBy = [], limit, after, select } = objectIn<Query>(query, "a query");
  if (limit !== undefined && !(Number.isInteger(limit) && limit > 0 && limit <= MOST_ROWS))
    throw new ViewError("QUERY_INVALID", `a limit is a whole number from 1 to ${MOST_ROWS}`);
  const selection = planSelection(sources, query);
  const sorts = planSorts(orderBy);
  const mark = orderMark(sorts);
  const names = new Set(selection.joins.map(({ name }) => name));
  return {
    ...selection,
    ...{ sorts, mark },
    isOrderJoined: sorts.some(({ value }) => value.source !== undefined && looksAt(value.source, names)),
    limit: limit ?? null,
    after: after === undefined ? null : standingIn(after, mark),
    select: select === undefined ? null : planNamed(select),
  };
}

/** @throws ViewError QUERY_INVALID | EXPRESSION_INVALID */
export function planSelection(
  sources: QuerySource<object> | readonly QuerySource<object>[],
  selection: Selection,
): SelectionPlan {
  const { where, join = {}, signal } = objectIn<Selection>(selection, "a selection");
  const all = "name" in sources ? [sources] : [...new Set(sources)];
  if (all.length === 0) throw new ViewError("QUERY_INVALID", "a query asks a database");
  const joins = Object.entries(objectIn(join, "what is joined")).map(planJoin);
  if (joins.length > MOST_JOINS) throw new ViewError("QUERY_INVALID", `a query joins at most ${MOST_JOINS} databases`);
  for (const { from } of joins)
    if (all.some(({ tenant }) => tenant.id !== from.tenant.id))
      throw new ViewError("QUERY_INVALID", "what is joined is of the same tenant");
  const names = new Set(joins.map(({ name }) => name));
  const conjuncts = conjunctsOf(where).map((source) => ({
    ...planExpression(source),
    isJoined: looksAt(source, names),
  }));
  return { sources: all, where: conjuncts, joins, signal: signal ?? null };
}

function planJoin([name, join]: readonly [string, Join]): PlannedJoin {
  const { from, on } = objectIn<Join>(join, "a join");
  if (typeof from !== "object" || from === null || !("findDocument" in from))
    throw new ViewError("QUERY_INVALID", "a join says of which database it is");
  return { name, from, on: planExpression(on) };
}

/** What came from somewhere else may be anything. @throws ViewError QUERY_INVALID */
export function objectIn<Said extends object>(said: Said, what: string): Said {
  if (!isPlainObject(said)) throw new ViewError("QUERY_INVALID", `${what} is an object`);
  return said;
}

/** What can't be computed counts as null. */
export function valueOrNull({ compute }: PlannedValue, data: object, origin: Origin): Value {
  try {
    return compute(data, origin);
  } catch (error) {
    if (error instanceof ViewError) return null;
    throw error;
  }
}

/** Whether an expression looks at one of these fields. */
function looksAt(expression: Expression, names: ReadonlySet<string>): boolean {
  if (names.size === 0 || !isCall(expression)) return false;
  const [name, ...args] = expression;
  if (name === "field") return typeof args[0] === "string" && names.has(args[0]);
  return args.some((argument) => looksAt(argument, names));
}
