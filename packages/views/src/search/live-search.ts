import type { Off } from "@selkie/core";
import { type Following, type LiveOptions, LiveRows } from "../query/live-rows.ts";
import type { Selected } from "../query/query.ts";
import { askedIn, foundBy, type Sources } from "./search.ts";
import type { SearchOptions, SearchRow } from "./search-options.ts";

type Listener<R extends object> = (rows: readonly SearchRow<R>[]) => void;

/**
 * Calls back with what a search finds soon, and again whenever that is something else, until the function it returns is called: rows that
 * stayed the same are the same objects. A row's score follows from all documents, so a change of one may make all rows others.
 * @throws ViewError SEARCH_INVALID | QUERY_INVALID | EXPRESSION_INVALID | KEY_INVALID | QUERY_TOO_COSTLY
 */
export function liveSearch<T extends object>(
  sources: Sources<T>,
  text: string,
  asked: SearchOptions & { readonly select: NonNullable<SearchOptions["select"]> },
  listener: Listener<Selected>,
  options?: LiveOptions,
): Off;
export function liveSearch<T extends object>(
  sources: Sources<T>,
  text: string,
  asked: SearchOptions,
  listener: Listener<T>,
  options?: LiveOptions,
): Off;
export function liveSearch<T extends object>(
  sources: Sources<T>,
  text: string,
  asked: SearchOptions,
  listener: Listener<T>,
  options: LiveOptions = {},
): Off {
  const looked = askedIn(sources, text, asked);
  const followed = new Set<object>();
  const finding = {
    plan: looked.plan,
    follow: async (live: Following): Promise<void> => {
      for (const { index } of looked.searches) {
        if (!followed.has(index)) live.listen(index);
        followed.add(index);
      }
    },
    find: () => foundBy(looked),
  };
  const told = (rows: readonly SearchRow<object>[]): void =>
    listener(rows as readonly SearchRow<object>[] as readonly SearchRow<T>[]);
  return new LiveRows(finding, told, options).start();
}
