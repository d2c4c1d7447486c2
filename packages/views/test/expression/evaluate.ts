import { Budget } from "../../src/expression/budget.ts";
import { compile } from "../../src/expression/compile.ts";
import type { Expression } from "../../src/expression/expression.ts";

/** What an expression gives for one document. */
export function evaluate(expression: Expression, data: object): unknown {
  const origin = { tenant: "aa", database: "contacts", id: "0102" };
  return compile(expression)({ data, origin, budget: new Budget() });
}
