import { compareValues } from "../value/order.ts";
import { type Value, valueIn } from "../value/value.ts";
import { costOf } from "../value/value-cost.ts";
import type { Budget } from "./budget.ts";
import { ANY_NUMBER, type ExpressionFunction, strict } from "./function-table.ts";
import { finite, numberOf } from "./number-functions.ts";

export const listFunctions: Readonly<Record<string, ExpressionFunction>> = {
  list: strict(0, ANY_NUMBER, (args) => args),
  in: strict(2, 2, ([value, list], budget) => isOneOf(value, list, budget)),
  contains: strict(2, 2, ([whole, value], budget) => {
    if (typeof whole !== "string") return isOneOf(value, whole, budget);
    if (typeof value !== "string") return null;
    budget.takeText(whole.length + value.length);
    return whole.includes(value);
  }),
  count: ofList((list) => list.length),
  sum: ofList((list) => finite(numbersAmong(list).reduce((a, b) => a + b, 0))),
  avg: ofList((list) => {
    const numbers = numbersAmong(list);
    return finite(numbers.reduce((a, b) => a + b, 0) / numbers.length);
  }),
  item: strict(2, 2, ([list, at]) => {
    const index = numberOf(at);
    return Array.isArray(list) && index !== null ? valueIn(list.at(Math.trunc(index))) : null;
  }),
};

function isOneOf(value: Value, list: Value, budget: Budget): boolean | null {
  if (!Array.isArray(list)) return null;
  return list.some((member) => {
    budget.take(1 + costOf(member) + costOf(value));
    return compareValues(value, valueIn(member)) === 0;
  });
}

function ofList(apply: (list: readonly Value[]) => Value): ExpressionFunction {
  return strict(1, 1, ([list], budget) => {
    if (!Array.isArray(list)) return null;
    budget.take(list.length);
    return apply(list);
  });
}

/** What can be added up, and nothing else. */
function numbersAmong(list: readonly Value[]): readonly number[] {
  return list.map((value) => numberOf(valueIn(value))).filter((number) => number !== null);
}
