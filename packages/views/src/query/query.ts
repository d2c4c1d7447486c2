import type { Expression } from "../expression/expression.ts";
import type { Origin } from "../expression/scope.ts";
import type { IndexSource } from "../follow/feed-index.ts";
import type { Value } from "../value/value.ts";
import type { Conditions } from "./conditions.ts";

/** A database that can be asked, as it is, as it was, or read through others. */
export type QuerySource<T extends object> = IndexSource<T>;

/** What documents are ordered by: the text of an expression, a field's name for example, rising; or all of that. */
export type SortKey = string | OrderedBy;

export interface OrderedBy {
  readonly value: string | Expression;
  /** Rising when nothing is said. */
  readonly sort?: "asc" | "desc";
  /** The language in whose order texts are, as in `Intl.Collator`; in the order of their code units when nothing is said. */
  readonly language?: string;
}

/** Documents of another database of the same tenant that rows refer to. */
export interface Join {
  readonly from: QuerySource<object>;
  /** Gives the id of the document that a row refers to; it may use joins that are named before. */
  readonly on: string | Expression;
}

/** Which documents count, and what they refer to. */
export interface Selection {
  /** Conditions, an expression, or its text; all documents when nothing is said. */
  readonly where?: Conditions | string | Expression;
  /** By the names that they have as fields of rows; null stands there when there is no such document. At most 8. */
  readonly join?: Readonly<Record<string, Join>>;
  /** Ends it: what waits rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

export interface Query extends Selection {
  /** The first decides; documents that are equal in all are in the order of their ids, falling when the last of these falls. */
  readonly orderBy?: SortKey | readonly SortKey[];
  /** At most so many rows, up to 100,000. */
  readonly limit?: number;
  /** The `key` of the row before the first. */
  readonly after?: string;
  /** What a row's data has: the names of fields, or expressions by name. All when nothing is said. */
  readonly select?: readonly string[] | Readonly<Record<string, string | Expression>>;
}

/** A document that a query found. */
export interface QueryRow<R extends object> {
  readonly origin: Origin;
  /** Names where the row stands in this query's order, as text: `after` goes on from it, also when the row has moved or gone. */
  readonly key: string;
  readonly data: Readonly<R>;
}

/** What `select` makes of rows. */
export type Selected = Record<string, Value>;
