import { ViewError, type ViewErrorCode } from "../errors.ts";
import { collation } from "../value/collation.ts";
import { type Compare, compareValues, valueOrder } from "../value/order.ts";
import type { Value } from "../value/value.ts";

/** How one part of a key is ordered: rising, and texts by their code units, unless it says otherwise. */
export interface KeyPart {
  readonly sort?: "asc" | "desc";
  /** The language in whose order texts are, as in `Intl.Collator`. */
  readonly language?: string;
}

/** A list of values that entries are found and ordered by. */
export type IndexKey = readonly Value[];

/** @param code of the error for a language that there is not */
export function partOrder({ sort, language }: KeyPart, code: ViewErrorCode = "INDEXER_INVALID"): Compare<Value> {
  const rising = language === undefined ? compareValues : valueOrder(textOrder(language, code));
  return sort === "desc" ? (a, b) => rising(b, a) : rising;
}

/** Keys part by part; of those that begin alike the shorter one comes first. @param parts the order of the first parts: further ones are rising */
export function keyOrder(parts: readonly Compare<Value>[]): Compare<IndexKey> {
  return (a, b) => {
    const shared = Math.min(a.length, b.length);
    for (let at = 0; at < shared; at++) {
      const order = (parts[at] ?? compareValues)(a[at], b[at]);
      if (order !== 0) return order;
    }
    return a.length - b.length;
  };
}

function textOrder(language: string, code: ViewErrorCode): Compare<string> {
  const order = collation(language);
  if (order === null) throw new ViewError(code, `there is no language ${JSON.stringify(language)}`);
  return order;
}
