import type { Value } from "../value/value.ts";
import type { Entry } from "./entry.ts";

/** Where a document stands in a view, by its id. */
export interface Place {
  readonly id: string;
  /** Its entries, or enough of each to find it. */
  readonly keys: readonly Entry[];
  /** What it adds to the totals of the whole view, once however many categories it stands in: a value for each column that is summed up. */
  readonly values: readonly Value[];
  /** The id of the document that it says it answers. */
  readonly responseTo?: string;
}

export function placeOf(id: string, keys: readonly Entry[], responseTo: string | null): Place {
  const values = keys[0]?.values ?? [];
  return responseTo === null ? { id, keys, values } : { id, keys, values, responseTo };
}
