import type { Expression } from "../expression/expression.ts";
import type { Origin } from "../expression/scope.ts";
import type { SummedKind } from "../view/total.ts";
import type { IndexKey, KeyPart } from "./key-order.ts";

/** What an index holds of a document at one place. */
export interface IndexItem {
  /** Up to 16 values, of about 2 KB. */
  readonly key: IndexKey;
  /** Something small: it is kept with the key. */
  readonly value?: unknown;
}

/** The same as expressions: one entry for each document of which `where` is true. */
export interface StoredMap {
  /** The text of an expression (a field's name is one), or an expression, for each part of the key. */
  readonly key: readonly (string | Expression)[];
  /** An object with these members. */
  readonly value?: Readonly<Record<string, string | Expression>>;
  readonly where?: string | Expression;
}

/** An index that an app makes of its documents. */
export interface IndexerDefinition<T extends object> {
  readonly name: string;
  /** To be counted up whenever `map` is changed: the index is then made again. From 1. */
  readonly version: number;
  /** What the index holds of a document: entries, one entry, or null for none. */
  readonly map: StoredMap | ((data: Readonly<T>, origin: Origin) => IndexItem | readonly IndexItem[] | null);
  /** Of the parts of keys, the first of them first. */
  readonly order?: readonly KeyPart[];
  /** What `reduce` says of the members of values that have these names. */
  readonly totals?: Readonly<Record<string, SummedKind>>;
}
