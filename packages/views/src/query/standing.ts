import { byCodeUnits } from "../value/order.ts";
import { numberIn, textIn } from "../value/read-json.ts";
import type { Value } from "../value/value.ts";
import { encodeValue, type Json } from "../value/value-codec.ts";
import { valuesIn } from "../view/view-codec.ts";
import { readMarkedKey } from "./marked-key.ts";
import type { PlannedSort } from "./sort-key.ts";

/** Where a row stands in the order of a query. */
export interface Standing {
  /** What it is ordered by: what counts of it in an order. */
  readonly order: readonly Value[];
  readonly id: string;
  /** The number of its database. */
  readonly source: number;
}

/** How rows follow one another. */
export function compareStanding(sorts: readonly PlannedSort[]): (a: Standing, b: Standing) => number {
  const idsFall = sorts.at(-1)?.falls === true;
  return (a, b) => {
    for (const [at, { compare }] of sorts.entries()) {
      const order = compare(a.order[at], b.order[at]);
      if (order !== 0) return order;
    }
    const byId = byCodeUnits(a.id, b.id);
    return (idsFall ? -byId : byId) || a.source - b.source;
  };
}

/** Where a row stands, as text. @param mark of its order, as `orderMark` gives it */
export function keyOfRow({ order, id, source }: Standing, mark: number): string {
  return JSON.stringify([mark, order.map(encodeValue), id, source]);
}

/** @throws ViewError KEY_INVALID also for a key of another order */
export function standingIn(key: string, mark: number): Standing {
  const read = ([order, id, source]: readonly unknown[]): Standing => ({
    order: valuesIn(order),
    id: textIn(id),
    source: numberIn(source),
  });
  return readMarkedKey(key, mark, read, "no row of a query in this order has this key");
}

/** Tells keys of one order from those of another. */
export function orderMark(sorts: readonly PlannedSort[]): number {
  return markOf(sorts.map(({ text, falls, language }) => [text, falls, language]));
}

/** Tells what one thing is said of from what others are: whoever wants to may take one for the other. 32 bits, FNV-1a. */
export function markOf(said: Json): number {
  let mark = 0x811c9dc5;
  for (const character of JSON.stringify(said)) mark = Math.imul(mark ^ (character.codePointAt(0) ?? 0), 0x01000193);
  return mark >>> 0;
}
