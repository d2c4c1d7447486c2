import type { Value } from "../value/value.ts";
import type { Budget } from "./budget.ts";
import type { Expression } from "./expression.ts";
import type { Evaluate } from "./scope.ts";

/**
 * A function of expressions. It never throws but for its budget: what it can make nothing of gives null, so that one odd document spoils
 * nothing.
 */
export interface ExpressionFunction {
  /** How many arguments it takes, at least and at most. */
  readonly arity: readonly [least: number, most: number];
  /** How a call of it is evaluated; most evaluate all arguments first (`strict`). */
  readonly compile: (args: readonly Evaluate[]) => Evaluate;
  /** What is wrong with arguments as they are written, whatever documents say; null for nothing. */
  readonly refuse?: (args: readonly Expression[]) => WrongArgument | null;
}

/** An argument that never gives anything. */
export interface WrongArgument {
  /** Which of them, 0 being the first. */
  readonly at: number;
  readonly message: string;
}

export type FunctionTable = ReadonlyMap<string, ExpressionFunction>;

/** Of values alone. */
export type Apply = (args: readonly Value[], budget: Budget) => Value;

/** As many arguments as an expression has room for. */
export const ANY_NUMBER = 1_000;

/** A function that looks at all its arguments. */
export function strict(least: number, most: number, apply: Apply): ExpressionFunction {
  return {
    arity: [least, most],
    compile: (args) => (scope) => {
      scope.budget.take(1);
      return apply(
        args.map((evaluate) => evaluate(scope)),
        scope.budget,
      );
    },
  };
}
