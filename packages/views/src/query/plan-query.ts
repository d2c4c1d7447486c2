import { isDamaged } from "../damaged-index.ts";
import { ViewError } from "../errors.ts";
import { type Expression, isCall } from "../expression/expression.ts";
import type { Origin } from "../expression/scope.ts";
import { byCodeUnits } from "../value/order.ts";
import { listIn, numberIn, textIn } from "../value/read-json.ts";
import type { Value } from "../value/value.ts";
import { encodeValue } from "../value/value-codec.ts";
import { type PlannedValue, planValue } from "../view/column.ts";
import { valuesIn } from "../view/view-codec.ts";
import { conjunctsOf } from "./conditions.ts";
import type { Query, QuerySource, Selection } from "./query.ts";
import { type PlannedSort, planSorts } from "./sort-key.ts";

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

/** Where a row stands in the order of a query. */
export interface Standing {
  /** What it is ordered by: what counts of it in an order. */
  readonly order: readonly Value[];
  readonly id: string;
  /** The number of its database. */
  readonly source: number;
}

export interface QueryPlan extends SelectionPlan {
  readonly sorts: readonly PlannedSort[];
  /** Whether the order can be told of a document alone. */
  readonly isOrderJoined: boolean;
  readonly limit: number | null;
  readonly after: Standing | null;
  /** Null for all of a document. */
  readonly select: readonly (readonly [name: string, value: PlannedValue])[] | null;
}

/** @throws ViewError QUERY_INVALID | EXPRESSION_INVALID | INDEXER_INVALID | KEY_INVALID */
export function planQuery(sources: QuerySource<object> | readonly QuerySource<object>[], query: Query): QueryPlan {
  const { orderBy = [], limit, after, select } = query;
  if (limit !== undefined && !(Number.isInteger(limit) && limit > 0 && limit <= MOST_ROWS))
    throw new ViewError("QUERY_INVALID", `a limit is a whole number from 1 to ${MOST_ROWS}`);
  const selection = planSelection(sources, query);
  const sorts = planSorts(orderBy);
  const names = new Set(selection.joins.map(({ name }) => name));
  return {
    ...selection,
    sorts,
    isOrderJoined: sorts.some(({ value }) => value.source !== undefined && looksAt(value.source, names)),
    limit: limit ?? null,
    after: after === undefined ? null : standingIn(after, sorts.length),
    select: select === undefined ? null : planSelect(select),
  };
}

/** @throws ViewError QUERY_INVALID | EXPRESSION_INVALID */
export function planSelection(
  sources: QuerySource<object> | readonly QuerySource<object>[],
  { where, join = {}, signal }: Selection,
): SelectionPlan {
  const all = "name" in sources ? [sources] : sources;
  if (all.length === 0) throw new ViewError("QUERY_INVALID", "a query asks a database");
  const joins = Object.entries(join).map(([name, { from, on }]) => ({ name, from, on: planValue(on) }));
  if (joins.length > MOST_JOINS) throw new ViewError("QUERY_INVALID", `a query joins at most ${MOST_JOINS} databases`);
  for (const { from } of joins)
    if (all.some(({ tenant }) => tenant.id !== from.tenant.id))
      throw new ViewError("QUERY_INVALID", "what is joined is of the same tenant");
  const names = new Set(joins.map(({ name }) => name));
  const conjuncts = conjunctsOf(where).map((source) => ({
    ...planValue(source),
    source,
    isJoined: looksAt(source, names),
  }));
  return { sources: all, where: conjuncts, joins, signal: signal ?? null };
}

/** How rows follow one another. */
export function compareStanding(sorts: readonly PlannedSort[]): (a: Standing, b: Standing) => number {
  const idsFall = sorts.at(-1)?.falls === true;
  return (a, b) => {
    for (const [at, { compare }] of sorts.entries()) {
      const order = compare(a.order[at], b.order[at]);
      if (order !== 0) return order;
    }
    const byId = byCodeUnits(a.id, b.id);
    return (idsFall ? -byId : byId) || a.source - b.source;
  };
}

export function keyOfRow({ order, id, source }: Standing): string {
  return JSON.stringify([order.map(encodeValue), id, source]);
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

/** @throws ViewError KEY_INVALID */
function standingIn(key: string, parts: number): Standing {
  try {
    const [order, id, source] = listIn(JSON.parse(key));
    const standing = { order: valuesIn(order), id: textIn(id), source: numberIn(source) };
    if (standing.order.length === parts) return standing;
  } catch (error) {
    if (!isDamaged(error) && !(error instanceof SyntaxError)) throw error;
  }
  throw new ViewError("KEY_INVALID", "no row of this query has this key");
}

function planSelect(select: NonNullable<Query["select"]>): NonNullable<QueryPlan["select"]> {
  const each = isNames(select) ? select.map((name) => [name, name] as const) : Object.entries(select);
  return each.map(([name, value]) => [name, planValue(value)]);
}

const isNames = (select: NonNullable<Query["select"]>): select is readonly string[] => Array.isArray(select);

/** Whether an expression looks at one of these fields. */
function looksAt(expression: Expression, names: ReadonlySet<string>): boolean {
  if (names.size === 0 || !isCall(expression)) return false;
  const [name, ...args] = expression;
  if (name === "field") return typeof args[0] === "string" && names.has(args[0]);
  return args.some((argument) => looksAt(argument, names));
}
