import type { Origin } from "../expression/scope.ts";
import type { Value } from "../value/value.ts";

/** A line of a view. */
export interface Row {
  /** `total` is the last, and says what all documents come to. */
  readonly type: "category" | "document" | "total";
  /** Names it in this view, as text: `rows` go on after it. The same row has the same key, whatever stands before it. */
  readonly key: string;
  /** In how many categories it stands, and beneath how many documents. */
  readonly level: number;
  /** By the names of columns. A category has its own value and totals, a total has totals. */
  readonly values: Readonly<Record<string, Value>>;
  /** How many documents stand in a category, once for each place they stand at; in a total, how many there are. 1 for a document. */
  readonly documents: number;
  /** Where a document is from. */
  readonly origin?: Origin;
}
