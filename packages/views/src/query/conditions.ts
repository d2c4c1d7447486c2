import { ViewError } from "../errors.ts";
import { checkExpression } from "../expression/check.ts";
import { type Expression, isCall } from "../expression/expression.ts";
import { parseExpression } from "../expression/parse.ts";
import { plain } from "../expression/term.ts";
import { isPlainObject } from "../value/plain-object.ts";

/** What a value has to be: all that is said of it. */
export interface Comparisons {
  readonly eq?: unknown;
  readonly ne?: unknown;
  readonly gt?: unknown;
  readonly gte?: unknown;
  readonly lt?: unknown;
  readonly lte?: unknown;
  readonly in?: readonly unknown[];
  readonly contains?: unknown;
  readonly startsWith?: string;
  readonly endsWith?: string;
  readonly like?: string;
}

/**
 * Conditions, all of which have to hold: by the text of an expression, a field's name for example, the value that it is to be, or comparisons.
 * `and` and `or` take lists of conditions, `not` takes conditions: `{ region: "EMEA", amount: { gte: 10 }, or: [{ tag: "a" }, { tag: "b" }] }`.
 */
export interface Conditions {
  readonly [subject: string]: unknown;
}

const OPERATORS: Readonly<Record<keyof Comparisons, string>> = {
  ...{ eq: "=", ne: "!=", gt: ">", gte: ">=", lt: "<", lte: "<=", in: "in" },
  ...{ contains: "contains", startsWith: "startsWith", endsWith: "endsWith", like: "like" },
};

/** Conditions within conditions. */
const DEEPEST = 32;

/** What has to hold, one by one. @throws ViewError QUERY_INVALID | EXPRESSION_INVALID */
export function conjunctsOf(where: Conditions | string | Expression | undefined): readonly Expression[] {
  if (where === undefined) return [];
  if (typeof where === "string") return flattened(parseExpression(where));
  if (!isPlainObject(where)) return flattened(checkExpression(where));
  return flattened(checkExpression(allOf(conditionsIn(where, 0))));
}

function conditionsIn(conditions: Conditions, depth: number): readonly Expression[] {
  if (depth > DEEPEST) throw new ViewError("QUERY_INVALID", `conditions are at most ${DEEPEST} deep`);
  return Object.entries(conditions).flatMap(([subject, said]) => {
    if (subject === "and") return partsIn(said).flatMap((part) => conditionsIn(part, depth + 1));
    if (subject === "or") return [anyOf(partsIn(said).map((part) => allOf(conditionsIn(part, depth + 1))))];
    if (subject === "not") {
      if (!isPlainObject(said)) throw new ViewError("QUERY_INVALID", "`not` takes conditions");
      return [["not", allOf(conditionsIn(said, depth + 1))] as const];
    }
    return comparisonsIn(parseExpression(subject), said);
  });
}

function comparisonsIn(subject: Expression, said: unknown): readonly Expression[] {
  if (!isPlainObject(said)) return [["=", subject, operandIn(said)]];
  const comparisons = Object.entries(said);
  // SECURITY: D13. Nothing at all would be true of every document. Test: hostile-queries.test.ts.
  if (comparisons.length === 0) throw new ViewError("QUERY_INVALID", "a value is compared in no way");
  return comparisons.map(([name, operand]): Expression => {
    const operator = isOperator(name) ? OPERATORS[name] : undefined;
    if (operator === undefined)
      throw new ViewError("QUERY_INVALID", `there is no comparison ${JSON.stringify(name.slice(0, 40))}`);
    return [operator, subject, operandIn(operand)];
  });
}

function partsIn(said: unknown): readonly Conditions[] {
  const parts: readonly unknown[] = Array.isArray(said) ? said : [];
  if (!Array.isArray(said) || !parts.every(isPlainObject))
    throw new ViewError("QUERY_INVALID", "`and` and `or` take lists of conditions");
  return parts;
}

/** What is forgotten is no null: `{ owner: user }` of nobody would find what is nobody's. */
function operandIn(said: unknown): Expression {
  if (said === undefined) throw new ViewError("QUERY_INVALID", "a value is compared with undefined");
  return plain(said);
}

const isOperator = (name: string): name is keyof Comparisons => Object.hasOwn(OPERATORS, name);

function allOf([first = true, ...rest]: readonly Expression[]): Expression {
  return rest.length === 0 ? first : ["and", first, ...rest];
}

function anyOf([first = false, ...rest]: readonly Expression[]): Expression {
  return rest.length === 0 ? first : ["or", first, ...rest];
}

function flattened(expression: Expression): readonly Expression[] {
  if (expression === true) return [];
  if (!isCall(expression) || expression[0] !== "and") return [expression];
  const [, ...parts] = expression;
  return parts.flatMap(flattened);
}
