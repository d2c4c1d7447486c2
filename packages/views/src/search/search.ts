import { parseDocId } from "@selkie/core";
import { ViewError } from "../errors.ts";
import type { Origin } from "../expression/scope.ts";
import { MOST_ROWS, objectIn, planQuery, type QueryPlan } from "../query/plan-query.ts";
import type { QuerySource, Selected } from "../query/query.ts";
import { selected } from "../query/run-query.ts";
import { WhichCount } from "../query/which-count.ts";
import { type OpenSearch, searchOf } from "./declare-search.ts";
import { highlightsOf } from "./highlights.ts";
import { inOrder, keyOfPlace, type Place, placeIn } from "./in-order.ts";
import { type PlannedSearch, planAsked } from "./plan-asked.ts";
import { rankedIn } from "./ranked-in.ts";
import type { SearchOptions, SearchRow } from "./search-options.ts";

export type Sources<T extends object> = QuerySource<T> | readonly QuerySource<T>[];

/**
 * Finds documents by words, in a database or in several that were declared alike (`declareSearch`), as they are or as they were: the best first.
 * @throws ViewError SEARCH_INVALID | QUERY_INVALID | EXPRESSION_INVALID | KEY_INVALID | QUERY_TOO_COSTLY | CLOSED; what the databases throw; the
 *   signal's reason
 */
export function search<T extends object>(
  sources: Sources<T>,
  text: string,
  options: SearchOptions & { readonly select: NonNullable<SearchOptions["select"]> },
): Promise<readonly SearchRow<Selected>[]>;
export function search<T extends object>(
  sources: Sources<T>,
  text: string,
  options?: SearchOptions,
): Promise<readonly SearchRow<T>[]>;
export async function search<T extends object>(
  sources: Sources<T>,
  text: string,
  options: SearchOptions = {},
): Promise<readonly SearchRow<T>[]> {
  const rows = await foundBy(askedIn(sources, text, options));
  return rows as readonly SearchRow<object>[] as readonly SearchRow<T>[];
}

/** What is looked for, as it is worked with. */
export interface Asked {
  readonly plan: QueryPlan;
  readonly searches: readonly OpenSearch[];
  readonly planned: PlannedSearch;
  readonly options: SearchOptions;
  readonly before: Place | null;
}

/** @throws ViewError SEARCH_INVALID | QUERY_INVALID | EXPRESSION_INVALID | KEY_INVALID | QUERY_TOO_COSTLY */
export function askedIn<T extends object>(sources: Sources<T>, text: string, options: SearchOptions): Asked {
  const { after, ...asked } = objectIn(options, "what is looked for");
  const plan = planQuery(sources, asked);
  const searches = plan.sources.map((source) => openOf(source, options));
  const planned = planAsked(searches, text, options);
  return { plan, searches, planned, options, before: after === undefined ? null : placeIn(after, planned.mark) };
}

/** @throws as `search` does */
export async function foundBy(asked: Asked): Promise<readonly SearchRow<object>[]> {
  try {
    return await rowsOf(asked);
  } finally {
    for (const { index } of asked.searches) index.follow(); // not before: what was kept answers at once
  }
}

async function rowsOf({ plan, searches, planned, options, before }: Asked): Promise<readonly SearchRow<object>[]> {
  const ranked = await rankedIn(searches, planned);
  const which = new WhichCount(plan);
  const rows: SearchRow<object>[] = [];
  for await (const located of inOrder(ranked, searches, before)) {
    plan.signal?.throwIfAborted();
    const source = plan.sources[located.source];
    const doc = await source?.findDocument(parseDocId(located.id));
    if (source === undefined || doc === undefined || doc.isDeleted()) continue;
    const origin: Origin = { tenant: source.tenant.id, database: source.name, id: located.id };
    const data = doc.getData();
    const row = await which.rowOf(data, origin);
    if (row === null) continue;
    rows.push({
      ...{
        origin,
        key: keyOfPlace(located, planned.mark),
        score: located.score,
        data: selected(plan.select, row, origin),
      },
      highlights: options.highlights === true ? highlightsOf(planned.declared, { data, origin }, located.matched) : {},
    });
    if (rows.length === plan.limit) break;
    if (rows.length > MOST_ROWS)
      throw new ViewError("QUERY_TOO_COSTLY", `a search gives ${MOST_ROWS} rows at most: say a limit`);
  }
  return rows;
}

/** @throws ViewError SEARCH_INVALID */
function openOf(source: object, { name = "search" }: SearchOptions): OpenSearch {
  const open = searchOf(source, name);
  if (open === null) throw new ViewError("SEARCH_INVALID", "no search of this name is open on the database");
  return open;
}
