import { ViewError, type ViewErrorCode } from "../errors.ts";
import { collation } from "../value/collation.ts";
import { type Compare, compareValues, valueOrder } from "../value/order.ts";
import { isPlainObject } from "../value/plain-object.ts";
import type { Value } from "../value/value.ts";

/** How one part of a key is ordered: rising, and texts by their code units, unless it says otherwise. */
export interface KeyPart {
  readonly sort?: "asc" | "desc";
  /** The language in whose order texts are, as in `Intl.Collator`. */
  readonly language?: string;
}

/** A list of values that entries are found and ordered by. */
export type IndexKey = readonly Value[];

/** @param code of the error for what is no order */
export function partOrder(part: KeyPart, code: ViewErrorCode = "INDEXER_INVALID"): Compare<Value> {
  const said: unknown = part;
  if (!isPlainObject(said)) throw new ViewError(code, "how a value is ordered is said by an object");
  const { sort, language } = part;
  if (sort !== undefined && sort !== "asc" && sort !== "desc") throw new ViewError(code, "a sort is asc or desc");
  const rising = language === undefined ? compareValues : valueOrder(textOrder(language, code));
  return sort === "desc" ? (a, b) => rising(b, a) : rising;
}

/** Keys part by part; of those that begin alike the shorter one comes first. @param parts the order of the first parts: further ones are rising */
export function keyOrder(parts: readonly Compare<Value>[]): Compare<IndexKey> {
  return (a, b) => {
    const shared = Math.min(a.length, b.length);
    for (let at = 0; at < shared; at++) {
      const one = a[at];
      const other = b[at];
      const order = one === other ? 0 : (parts[at] ?? compareValues)(one, other);
      if (order !== 0) return order;
    }
    return a.length - b.length;
  };
}

function textOrder(language: string, code: ViewErrorCode): Compare<string> {
  const order = typeof language === "string" ? collation(language) : null;
  if (order === null) throw new ViewError(code, `there is no language ${JSON.stringify(language)}`);
  return order;
}
