import { ViewError } from "../errors.ts";
import { valueAt } from "../value/value.ts";
import { type Call, type Expression, isCall } from "./expression.ts";
import { functions } from "./functions.ts";
import { placeNamed } from "./places.ts";
import type { Evaluate } from "./scope.ts";

/** @param expression one that was checked, parsed or built */
export function compile(expression: Expression): Evaluate {
  if (!isCall(expression)) return () => expression;
  const [name, ...args] = expression;
  if (name === "field") return fieldAt(args);
  const place = placeNamed(name);
  if (place !== undefined) return ({ origin }) => place(origin);
  const known = functions.get(name);
  if (known === undefined) throw new ViewError("EXPRESSION_INVALID", "no such function", { path: [] });
  return known.compile(args.map(compile));
}

function fieldAt(args: readonly Expression[]): Evaluate {
  const path = pathOf(args);
  return ({ data, budget }) => {
    budget.take(1);
    return valueAt(data, path);
  };
}

function pathOf(args: readonly Expression[]): readonly (string | number)[] {
  return args.filter((step) => typeof step === "string" || typeof step === "number");
}

/** The call of a field, of its path. */
export const field = (path: readonly (string | number)[]): Call => ["field", ...path];
