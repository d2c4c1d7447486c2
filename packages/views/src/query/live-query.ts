import type { Off } from "@selkie/core";
import { accessOf } from "./access.ts";
import { withIndexes } from "./candidates.ts";
import { indexesOf } from "./declare-indexes.ts";
import { type Finding, type Following, type LiveOptions, LiveRows } from "./live-rows.ts";
import { planQuery, type QueryPlan } from "./plan-query.ts";
import type { Query, QueryRow, QuerySource, Selected } from "./query.ts";
import { rowsOf } from "./run-query.ts";
import { type SecondaryIndex, secondaryPlan } from "./secondary-index.ts";

type Sources<T extends object> = QuerySource<T> | readonly QuerySource<T>[];
type Listener<R extends object> = (rows: readonly QueryRow<R>[]) => void;

/**
 * Calls back with what a query finds soon, and again whenever that is something else, until the function it returns is called: rows that
 * stayed the same are the same objects. It follows with a declared index where one answers all of it, else with one of its own, in memory.
 * @throws ViewError QUERY_INVALID | EXPRESSION_INVALID | KEY_INVALID
 */
export function liveQuery<T extends object>(
  sources: Sources<T>,
  asked: Query & { readonly select: NonNullable<Query["select"]> },
  listener: Listener<Selected>,
  options?: LiveOptions,
): Off;
export function liveQuery<T extends object>(
  sources: Sources<T>,
  asked: Query,
  listener: Listener<T>,
  options?: LiveOptions,
): Off;
export function liveQuery<T extends object>(
  sources: Sources<T>,
  asked: Query,
  listener: Listener<T>,
  options: LiveOptions = {},
): Off {
  const told = (rows: readonly QueryRow<object>[]): void =>
    listener(rows as readonly QueryRow<object>[] as readonly QueryRow<T>[]);
  return new LiveRows(new QueryFinding(planQuery(sources, asked)), told, options).start();
}

/** What a query finds, by indexes that name its rows. */
class QueryFinding implements Finding<QueryRow<object>> {
  readonly plan: QueryPlan;
  readonly #indexes = new Map<QuerySource<object>, SecondaryIndex>();

  constructor(plan: QueryPlan) {
    this.plan = plan;
  }

  /** What is not followed yet, or no more as its index was closed. */
  async follow(live: Following): Promise<void> {
    for (const source of this.plan.sources) {
      if (live.isOver || this.#indexes.get(source)?.index.isClosed === false) continue;
      const of = this.#declaredFor(source) ?? (await this.#ownFor(source, live));
      this.#indexes.set(source, of);
      live.listen(of.index);
    }
  }

  find(): Promise<readonly QueryRow<object>[]> {
    const known = (source: QuerySource<object>): readonly SecondaryIndex[] => {
      const of = this.#indexes.get(source);
      return of === undefined || of.index.isClosed ? [] : [of];
    };
    return withIndexes(this.plan, (candidates) => rowsOf(this.plan, candidates), known);
  }

  /** One that names the rows of the query and no others, in order. */
  #declaredFor(source: QuerySource<object>): SecondaryIndex | null {
    const { where, sorts, isOrderJoined } = this.plan;
    for (const of of indexesOf(source)) {
      const access = of.index.isMade ? accessOf(of, { where, sorts, needsOrder: !isOrderJoined }) : null;
      const isWhole = where.every((one) => one.isJoined || access?.answered.has(one));
      if (access !== null && access.isReversed !== null && isWhole) return of;
    }
    return null;
  }

  async #ownFor(source: QuerySource<object>, live: Following): Promise<SecondaryIndex> {
    const { where, sorts, isOrderJoined } = this.plan;
    const parts = isOrderJoined ? [] : sorts;
    const plan = secondaryPlan({ name: null, parts, where: where.filter(({ isJoined }) => !isJoined) });
    return { name: plan.name, parts, isOfQuery: true, index: await live.open(source, plan) };
  }
}
