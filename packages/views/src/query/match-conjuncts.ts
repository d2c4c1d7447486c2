import { ViewError } from "../errors.ts";
import { type Expression, isCall } from "../expression/expression.ts";
import { isPlaceName } from "../expression/places.ts";
import { compareValues } from "../value/order.ts";
import { kind, kindOf, type Value } from "../value/value.ts";
import { planValue } from "../view/column.ts";
import type { Conjunct } from "./plan-query.ts";

/** Where a value stands to those that a condition is true of: negative before them, 0 among them, positive after them, in rising order. */
export type Beside = (value: Value) => number;

/** A conjunct that says of a value, which an index may have, that it is one of some, or in a range. */
export interface Match {
  readonly conjunct: Conjunct;
  /** The expression whose value it speaks of, as JSON. */
  readonly text: string;
  /** What it is one of; null for a range. */
  readonly values: readonly Value[] | null;
  readonly beside: Beside;
  /** Whether texts have to be in the order of their code units for it. */
  readonly isOfTexts: boolean;
}

/** Values that a condition with `in` names, to be looked up one by one. */
const MOST_VALUES = 100;

const FLIPPED: Readonly<Record<string, string>> = { "=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<=" };

/** Null for a conjunct that no index could answer. */
export function matchOf(conjunct: Conjunct): Match | null {
  const { source, isJoined } = conjunct;
  if (isJoined || !isCall(source) || source.length !== 3) return null;
  const [name, left = null, right = null] = source;
  if (isConstant(right)) return matched(conjunct, [name, left, right]);
  const flipped = FLIPPED[name];
  return flipped !== undefined && isConstant(left) ? matched(conjunct, [flipped, right, left]) : null;
}

function matched(
  conjunct: Conjunct,
  [name, subject, operand]: readonly [string, Expression, Expression],
): Match | null {
  const value = constantIn(operand);
  if (value === undefined || isConstant(subject)) return null;
  const text = JSON.stringify(subject);
  const is = kindOf(value);
  const isOfTexts = is === kind.text || is === kind.list || is === kind.object;
  const range = (beside: Beside): Match => ({ conjunct, text, values: null, beside, isOfTexts });
  const oneOf = (values: readonly Value[]): Match => ({ conjunct, text, values, beside: () => 0, isOfTexts: false });
  switch (name) {
    case "=":
      return oneOf([value]);
    case "in":
      return Array.isArray(value) && value.length <= MOST_VALUES ? oneOf(distinct(value)) : null;
    case ">":
      return range((other) => kindBeside(other, value) || (compareValues(other, value) > 0 ? 0 : -1));
    case ">=":
      return range((other) => kindBeside(other, value) || (compareValues(other, value) >= 0 ? 0 : -1));
    case "<":
      return range((other) => kindBeside(other, value) || (compareValues(other, value) < 0 ? 0 : 1));
    case "<=":
      return range((other) => kindBeside(other, value) || (compareValues(other, value) <= 0 ? 0 : 1));
    case "startsWith":
      return typeof value === "string" ? range((other) => startBeside(other, value)) : null;
    default:
      return null;
  }
}

/** All of these hold. */
export function besideAll(all: readonly Beside[]): Beside {
  return (value) => {
    let after = 0;
    for (const beside of all) {
      const order = beside(value);
      if (order < 0) return order;
      if (order > 0) after = order;
    }
    return after;
  };
}

const kindBeside = (value: Value, of: Value): number => kindOf(value) - kindOf(of);

function startBeside(value: Value, start: string): number {
  if (typeof value !== "string") return kindBeside(value, start);
  return value.startsWith(start) ? 0 : value < start ? -1 : 1;
}

function distinct(values: readonly Value[]): readonly Value[] {
  const sorted = values.toSorted(compareValues);
  return sorted.filter((value, at) => at === 0 || compareValues(sorted[at - 1], value) !== 0);
}

/** Whether it is the same for all documents. */
function isConstant(expression: Expression): boolean {
  if (!isCall(expression)) return true;
  const [name, ...args] = expression;
  return name !== "field" && !isPlaceName(name) && args.every(isConstant);
}

/** Undefined for what takes too many steps. */
function constantIn(expression: Expression): Value | undefined {
  try {
    return planValue(isCall(expression) ? expression : ["coalesce", expression]).compute({}, NOWHERE);
  } catch (error) {
    if (error instanceof ViewError) return undefined;
    throw error;
  }
}

const NOWHERE = { tenant: "", database: "", id: "" };
