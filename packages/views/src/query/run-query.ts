import type { Origin } from "../expression/scope.ts";
import type { Failure } from "../follow/failures.ts";
import { type Candidate, type Candidates, withIndexes } from "./candidates.ts";
import { merge } from "./merge.ts";
import { MOST_ROWS, planQuery, type QueryPlan, valueOrNull } from "./plan-query.ts";
import type { Query, QueryRow, QuerySource, Selected } from "./query.ts";
import { compareStanding, keyOfRow } from "./standing.ts";
import { TopRows } from "./top-rows.ts";

/** How a query is answered. */
export interface QueryExplanation {
  readonly rows: number;
  readonly databases: readonly {
    readonly origin: Omit<Origin, "id">;
    /** The index that is used; null when all documents are looked at. */
    readonly index: string | null;
    /** Whether documents come from it in the order of the query, so that no more are looked at than are needed. */
    readonly isOrdered: boolean;
    /** Documents that were looked at. */
    readonly documents: number;
  }[];
  /** Documents that were looked up for joins. */
  readonly lookups: number;
  /** Documents that are left out, as `where` takes too many steps for them; at most 1,000 are named. */
  readonly failures: readonly Failure[];
}

type Sources<T extends object> = QuerySource<T> | readonly QuerySource<T>[];

/**
 * Finds documents of a database, or of several, as they are or as they were: from an index that was declared where one serves, else by looking
 * at each.
 * @throws ViewError QUERY_INVALID | EXPRESSION_INVALID | KEY_INVALID | QUERY_TOO_COSTLY; what the databases throw; the signal's reason
 */
export function query<T extends object>(
  sources: Sources<T>,
  asked: Query & { readonly select: NonNullable<Query["select"]> },
): Promise<readonly QueryRow<Selected>[]>;
export function query<T extends object>(sources: Sources<T>, asked: Query): Promise<readonly QueryRow<T>[]>;
export async function query<T extends object>(sources: Sources<T>, asked: Query): Promise<readonly QueryRow<T>[]> {
  const plan = planQuery(sources, asked);
  const rows = await withIndexes(plan, (candidates) => rowsOf(plan, candidates));
  return rows as readonly QueryRow<object>[] as readonly QueryRow<T>[];
}

/** Runs a query, and tells how it was answered. @throws as `query` does */
export async function explain<T extends object>(sources: Sources<T>, asked: Query): Promise<QueryExplanation> {
  const plan = planQuery(sources, asked);
  return withIndexes(plan, async (candidates) => explained(await rowsOf(plan, candidates), candidates));
}

function explained(rows: readonly QueryRow<object>[], candidates: Candidates): QueryExplanation {
  return {
    rows: rows.length,
    databases: candidates.readings.map(({ origin, access, documents }) => ({
      ...{ origin, documents, index: access?.of.name ?? null },
      isOrdered: access !== null && access.isReversed !== null,
    })),
    lookups: candidates.lookups,
    failures: candidates.failures.all,
  };
}

/** @throws ViewError QUERY_TOO_COSTLY */
export async function rowsOf(plan: QueryPlan, candidates: Candidates): Promise<readonly QueryRow<object>[]> {
  const { limit, after, sorts } = plan;
  const compare = compareStanding(sorts);
  const isAfter = (candidate: Candidate): boolean => after === null || compare(candidate, after) > 0;
  const sequences: AsyncIterable<Candidate>[] = [];
  const rest = new TopRows<Candidate>(compare, limit);
  for (const { isOrdered, candidates: some } of await candidates.find(true)) {
    if (isOrdered) sequences.push(some);
    else for await (const candidate of some) if (isAfter(candidate)) rest.add(candidate);
  }
  const sorted = rest.sorted();
  if (sequences.length === 0) return sorted.map((candidate) => rowOf(plan, candidate));
  const rows = new TopRows<Candidate>(compare, null);
  let count = 0;
  for await (const candidate of merge([...sequences, eachOf(sorted)], compare)) {
    if (!isAfter(candidate)) continue;
    rows.add(candidate);
    if (++count === (limit ?? MOST_ROWS + 1)) break;
  }
  return rows.sorted().map((candidate) => rowOf(plan, candidate));
}

function rowOf({ select, mark }: QueryPlan, candidate: Candidate): QueryRow<object> {
  const { data, origin } = candidate;
  return { origin, key: keyOfRow(candidate, mark), data: selected(select, data, origin) };
}

/** What a row shows of a document. */
export function selected(select: QueryPlan["select"], data: object, origin: Origin): object {
  if (select === null) return data;
  return Object.fromEntries(select.map(([name, value]) => [name, valueOrNull(value, data, origin)]));
}

async function* eachOf<Row>(rows: readonly Row[]): AsyncGenerator<Row, void> {
  yield* rows;
}
