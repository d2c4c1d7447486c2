import type { Value } from "../value/value.ts";
import type { Budget } from "./budget.ts";

/** Where a document comes from. */
export interface Origin {
  /** The tenant's id. */
  readonly tenant: string;
  /** The database's name. */
  readonly database: string;
  /** The document's id. */
  readonly id: string;
}

/** What an expression is evaluated on. */
export interface Scope {
  readonly data: object;
  readonly origin: Origin;
  readonly budget: Budget;
}

/** A compiled expression. @throws ViewError EXPRESSION_TOO_COSTLY */
export type Evaluate = (scope: Scope) => Value;
