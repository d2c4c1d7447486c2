import { derivedNamesOf, dropDerivedRows } from "@selkie/core";
import { ViewError } from "../errors.ts";
import type { IndexSource } from "../follow/feed-index.ts";
import { type KeptType, ofRows, rowNames } from "./row-names.ts";

/** A view, an index or a search that is kept of a database on this device, whether somebody still opens it or not. */
export interface KeptIndex {
  /** `index` for those of `openIndex` and of `declareIndexes`. */
  readonly type: KeptType;
  readonly name: string;
  /** Whether it is open now: then it can't be dropped. */
  readonly isOpen: boolean;
}

/**
 * What is kept of a database on this device, by type and name. A past, and a database that is read through others, keep nothing.
 * @throws CoreError CLOSED
 */
export async function keptIndexes(database: Pick<IndexSource<object>, "name">): Promise<readonly KeptIndex[]> {
  const kept = new Map<string, KeptIndex>();
  for (const [rows, { isTaken }] of await derivedNamesOf(database)) {
    const of = ofRows(rows);
    if (of === null) continue;
    const key = JSON.stringify([of.type, of.name]);
    kept.set(key, { ...of, isOpen: isTaken || kept.get(key)?.isOpen === true });
  }
  return [...kept].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
}

/**
 * Removes what is kept of a view, an index or a search from this device; what is not kept is gone already. Whoever opens it again makes it anew.
 * @throws ViewError INDEX_OPEN; CoreError CLOSED
 */
export async function dropKeptIndex(
  database: Pick<IndexSource<object>, "name">,
  { type, name }: Pick<KeptIndex, "type" | "name">,
): Promise<void> {
  if (!(await dropDerivedRows(database, rowNames[type](name))))
    throw new ViewError("INDEX_OPEN", "it is open: close it, and drop it then");
}
