import { type Compare, compareValues } from "../value/order.ts";
import type { EntryColumn } from "./column.ts";
import { type CategoryPath, type Entry, orderWithin, pathOrder } from "./entry.ts";
import { sortByLead } from "./sort-by-lead.ts";

/**
 * Entries as `entryOrder` puts them, for many at once: categories are put in order once, so that documents are compared with those of their
 * own category alone.
 */
export function sortEntries(columns: readonly EntryColumn[], entries: readonly Entry[]): readonly Entry[] {
  const [paths, within] = [pathOrder(columns), orderWithin(columns)];
  const lead = columns.find(({ isSorted }) => isSorted)?.compare ?? compareValues;
  const categories = [...byPath(entries)].sort(([a], [b]) => paths(a, b));
  const sorted: Entry[] = [];
  for (let at = 0; at < categories.length; ) {
    const [path, together] = categories[at] ?? [[], []];
    // Paths may be equal in the order and yet not the same: 1 and 1n, or two dates.
    for (at++; at < categories.length && paths(path, categories[at]?.[0] ?? path) === 0; at++)
      for (const entry of categories[at]?.[1] ?? []) together.push(entry);
    for (const entry of sortByLead(together, lead, within)) sorted.push(entry);
  }
  return sorted;
}

/** Entries of a document, in order and each once: a list of categories may name one twice. */
export function eachOnce(compare: Compare<Entry>, entries: readonly Entry[]): readonly Entry[] {
  if (entries.length < 2) return entries;
  const sorted = entries.toSorted(compare);
  return sorted.filter((entry, at) => at === 0 || compare(sorted[at - 1] ?? entry, entry) !== 0);
}

/** Whether entries are those of some keys. @param keys in order, each once */
export function areSame(compare: Compare<Entry>, keys: readonly Entry[], entries: readonly Entry[]): boolean {
  const own = eachOnce(compare, entries);
  return keys.length === own.length && own.every((entry, at) => compare(entry, keys[at] ?? entry) === 0);
}

function byPath(entries: readonly Entry[]): ReadonlyMap<CategoryPath, Entry[]> {
  const categories = new Map<CategoryPath, Entry[]>();
  for (const entry of entries) {
    const category = categories.get(entry.path);
    if (category === undefined) categories.set(entry.path, [entry]);
    else category.push(entry);
  }
  return categories;
}
