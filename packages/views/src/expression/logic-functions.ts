import { compareValues } from "../value/order.ts";
import { kindOf, type Value } from "../value/value.ts";
import { costOf } from "../value/value-cost.ts";
import { ANY_NUMBER, type ExpressionFunction, strict } from "./function-table.ts";
import type { Evaluate, Scope } from "./scope.ts";

/** Only `true` is true: neither 1 nor "yes" is. */
export const isTrue = (value: Value): boolean => value === true;

export const logicFunctions: Readonly<Record<string, ExpressionFunction>> = {
  and: lazy(2, ANY_NUMBER, (args, scope) => args.every((evaluate) => isTrue(evaluate(scope)))),
  or: lazy(2, ANY_NUMBER, (args, scope) => args.some((evaluate) => isTrue(evaluate(scope)))),
  not: strict(1, 1, ([value]) => !isTrue(value)),
  if: lazy(3, 3, ([condition, then, otherwise], scope) =>
    condition !== undefined && isTrue(condition(scope)) ? then?.(scope) : otherwise?.(scope),
  ),
  coalesce: lazy(1, ANY_NUMBER, (args, scope) => {
    for (const evaluate of args) {
      const value = evaluate(scope);
      if (value !== null) return value;
    }
    return null;
  }),
  "=": comparison((order) => order === 0),
  "!=": strict(2, 2, ([a, b], budget) => {
    budget.take(costOf(a) + costOf(b));
    return compareValues(a, b) !== 0;
  }),
  "<": comparison((order) => order < 0),
  "<=": comparison((order) => order <= 0),
  ">": comparison((order) => order > 0),
  ">=": comparison((order) => order >= 0),
};

/** Values of different kinds are in no order, and null is in none with anything but itself: a comparison of them is false. */
function comparison(holds: (order: number) => boolean): ExpressionFunction {
  return strict(2, 2, ([a, b], budget) => {
    if (kindOf(a) !== kindOf(b)) return false;
    budget.take(costOf(a) + costOf(b));
    return holds(compareValues(a, b));
  });
}

/** A function that evaluates what it needs. */
function lazy(
  least: number,
  most: number,
  evaluate: (args: readonly Evaluate[], scope: Scope) => Value,
): ExpressionFunction {
  return {
    arity: [least, most],
    compile: (args) => (scope) => {
      scope.budget.take(1);
      return evaluate(args, scope) ?? null;
    },
  };
}
