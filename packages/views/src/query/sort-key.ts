import { ViewError } from "../errors.ts";
import { partOrder } from "../indexer/key-order.ts";
import type { Compare } from "../value/order.ts";
import { isPlainObject } from "../value/plain-object.ts";
import type { Value } from "../value/value.ts";
import { type PlannedValue, planExpression } from "../view/column.ts";
import type { OrderedBy, SortKey } from "./query.ts";

/** A value that documents are ordered by, as it is worked with. */
export interface PlannedSort {
  readonly value: PlannedValue;
  /** The same for two that order by the same value. */
  readonly text: string;
  readonly falls: boolean;
  readonly language: string | null;
  readonly compare: Compare<Value>;
}

/** Values that are ordered by. */
const MOST = 15;

/** @throws ViewError QUERY_INVALID | EXPRESSION_INVALID */
export function planSorts(keys: SortKey | readonly SortKey[]): readonly PlannedSort[] {
  const each = isList(keys) ? keys : [keys];
  if (each.length > MOST) throw new ViewError("QUERY_INVALID", `it is ordered by at most ${MOST} values`);
  return each.map((key) => {
    if (typeof key !== "string" && !isPlainObject(key))
      throw new ViewError("QUERY_INVALID", "it is ordered by texts of expressions, and by objects with a `value`");
    return planSort(typeof key === "string" ? { value: key } : key);
  });
}

function planSort({ value, sort, language }: OrderedBy): PlannedSort {
  const planned = planExpression(value);
  return {
    value: planned,
    text: JSON.stringify(planned.source),
    falls: sort === "desc",
    language: language ?? null,
    compare: partOrder(
      { ...(sort === undefined ? {} : { sort }), ...(language === undefined ? {} : { language }) },
      "QUERY_INVALID",
    ),
  };
}

const isList = (keys: SortKey | readonly SortKey[]): keys is readonly SortKey[] => Array.isArray(keys);
