import { ViewError } from "../errors.ts";
import { checkExpression } from "./check.ts";
import { field } from "./compile.ts";
import type { Expression } from "./expression.ts";

const built: unique symbol = Symbol("an expression");
declare const gives: unique symbol;

/** A part of an expression under construction that gives a `V`. */
export interface Term<V> {
  readonly [built]: Expression;
  readonly [gives]?: V;
}

/** What a function takes: a plain value or a term, also one that may give nothing. */
export type Operand<V> = V | Term<V | null | undefined>;

type FieldsWithin<V> = V extends Date | Uint8Array | readonly unknown[]
  ? unknown
  : V extends object
    ? Fields<V>
    : unknown;

/** A document's fields, as deep as they are typed: `d.address.city`. */
export type Fields<T> = { readonly [K in keyof T]-?: Term<T[K]> & FieldsWithin<NonNullable<T[K]>> };

/** The term of an expression. */
export function term(expression: Expression): Term<never> {
  return { [built]: expression };
}

/** The fields of documents of a type. */
export function fields<T extends object>(): Fields<T> {
  return within([]);
}

/** What was built, checked. @throws ViewError EXPRESSION_INVALID */
export function expressionOf(operand: unknown): Expression {
  return checkExpression(plain(operand));
}

/** A plain value as an expression that gives it. */
export function plain(operand: unknown): Expression {
  if (operand === null || operand === undefined) return null;
  if (typeof operand === "string" || typeof operand === "number" || typeof operand === "boolean") return operand;
  if (operand instanceof Date && !Number.isNaN(operand.getTime())) return ["date", operand.toISOString()];
  if (Array.isArray(operand)) return ["list", ...operand.map(plain)];
  if (isTerm(operand)) return operand[built];
  throw new ViewError("EXPRESSION_INVALID", "an expression holds no such value", { path: [] });
}

function isTerm(operand: unknown): operand is Term<unknown> {
  return typeof operand === "object" && operand !== null && built in operand;
}

/** Any member is the field of that name, so that no name is taken. */
function within<T extends object>(path: readonly string[]): T {
  return new Proxy<T>(Object.create(null), {
    has: (_, key) => key === built && path.length > 0,
    get: (_, key) => (key === built ? field(path) : typeof key === "string" ? within([...path, key]) : undefined),
  });
}
