import { CoreError, type Off } from "@selkie/core";
import type { IndexSource } from "../follow/feed-index.ts";
import type { IndexPlan } from "../indexer/index-plan.ts";
import { OpenIndex } from "../indexer/open-index.ts";
import { compareValues } from "../value/order.ts";
import { accessOf } from "./access.ts";
import { withIndexes } from "./candidates.ts";
import { indexesOf } from "./declare-indexes.ts";
import { planQuery, type QueryPlan } from "./plan-query.ts";
import type { Query, QueryRow, QuerySource, Selected } from "./query.ts";
import { rowsOf } from "./run-query.ts";
import { type SecondaryIndex, secondaryPlan } from "./secondary-index.ts";

export interface LiveOptions {
  /** What ends a run of the query: the next change begins another one. Thrown where nobody catches it when nothing is said. */
  readonly onError?: (error: unknown) => void;
}

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
  { onError = thrown }: LiveOptions = {},
): Off {
  const live = new LiveQuery(
    planQuery(sources, asked),
    (rows) => listener(rows as readonly QueryRow<object>[] as readonly QueryRow<T>[]),
    onError,
  );
  live.start();
  return () => live.stop();
}

class LiveQuery {
  readonly #plan: QueryPlan;
  readonly #listener: Listener<object>;
  readonly #onError: (error: unknown) => void;
  readonly #indexes = new Map<QuerySource<object>, SecondaryIndex>();
  readonly #joined = new Set<QuerySource<object>>();
  /** What is closed with it. */
  readonly #own: OpenIndex[] = [];
  readonly #offs: Off[] = [];
  #rows: readonly QueryRow<object>[] | null = null;
  /** Ends the waiting for those whom databases are read through. */
  #waiting: AbortController | null = null;
  #isRunning = false;
  #isDue = false;
  #isOver = false;

  constructor(plan: QueryPlan, listener: Listener<object>, onError: (error: unknown) => void) {
    this.#plan = plan;
    this.#listener = listener;
    this.#onError = onError;
  }

  start(): void {
    const { signal } = this.#plan;
    if (signal?.aborted) return;
    const stop = () => this.stop();
    signal?.addEventListener("abort", stop);
    this.#offs.push(() => signal?.removeEventListener("abort", stop));
    this.#changed();
  }

  stop(): void {
    this.#isOver = true;
    this.#waiting?.abort();
    for (const off of this.#offs.splice(0)) off();
    for (const index of this.#own.splice(0)) index[Symbol.asyncDispose]().catch(this.#onError);
  }

  /** What is not followed yet, or no more as its index was closed. */
  async #follow(): Promise<void> {
    const { sources, joins } = this.#plan;
    for (const source of sources) {
      if (this.#isOver || this.#indexes.get(source)?.index.isClosed === false) continue;
      const of = this.#declaredFor(source) ?? (await this.#ownFor(source));
      this.#indexes.set(source, of);
      this.#listen(of.index);
    }
    for (const { from } of joins) {
      if (this.#isOver || this.#joined.has(from)) continue;
      this.#listen(await this.#opened(from, { ...secondaryPlan({ name: null, parts: [], where: [] }), map: () => [] }));
      this.#joined.add(from);
    }
    if (this.#isOver) this.stop();
  }

  #listen(index: OpenIndex): void {
    this.#offs.push(index.listen(() => this.#changed()));
  }

  /** One that names the rows of the query and no others, in order. */
  #declaredFor(source: QuerySource<object>): SecondaryIndex | null {
    const { where, sorts, isOrderJoined } = this.#plan;
    for (const of of indexesOf(source)) {
      const access = of.index.isMade ? accessOf(of, { where, sorts, needsOrder: !isOrderJoined }) : null;
      const isWhole = where.every((one) => one.isJoined || access?.answered.has(one));
      if (access !== null && access.isReversed !== null && isWhole) return of;
    }
    return null;
  }

  async #ownFor(source: QuerySource<object>): Promise<SecondaryIndex> {
    const { where, sorts, isOrderJoined } = this.#plan;
    const parts = isOrderJoined ? [] : sorts;
    const plan = secondaryPlan({ name: null, parts, where: where.filter(({ isJoined }) => !isJoined) });
    return { name: plan.name, parts, isOfQuery: true, index: await this.#opened(source, plan) };
  }

  async #opened(source: IndexSource<object>, plan: IndexPlan): Promise<OpenIndex> {
    const index = new OpenIndex([source], plan);
    this.#own.push(index);
    try {
      await index.open();
      await index.caughtUp();
      return index;
    } catch (error) {
      const at = this.#own.indexOf(index);
      if (at !== -1) this.#own.splice(at, 1);
      await index[Symbol.asyncDispose]();
      throw error;
    }
  }

  #changed(): void {
    this.#isDue = true;
    if (this.#isRunning || this.#isOver) return;
    this.#isRunning = true;
    this.#run()
      .catch((error: unknown) => {
        this.#await(error);
        this.#fail(error);
      })
      .finally(() => {
        this.#isRunning = false;
        if (this.#isDue) this.#changed();
      });
  }

  async #run(): Promise<void> {
    this.#isDue = false;
    await this.#follow();
    const known = (source: QuerySource<object>): readonly SecondaryIndex[] => {
      const of = this.#indexes.get(source);
      return of === undefined || of.index.isClosed ? [] : [of];
    };
    if (this.#isOver) return;
    const found = await withIndexes(this.#plan, (candidates) => rowsOf(this.#plan, candidates), known);
    if (this.#isOver) return;
    const before = this.#rows;
    const byKey = new Map(before?.map((row) => [row.key, row]));
    const rows = found.map((row) => sameRow(byKey.get(row.key), row));
    if (before !== null && before.length === rows.length && rows.every((row, at) => row === before[at])) return;
    this.#rows = rows;
    this.#listener(rows);
  }

  /** What could not be followed yet, as nobody was connected whom it is read through, is when somebody is. */
  #await(error: unknown): void {
    if (!isOffline(error) || this.#waiting !== null) return;
    const waiting = new AbortController();
    this.#waiting = waiting;
    const { sources, joins } = this.#plan;
    const reached = async (): Promise<void> => {
      for (const source of [...sources, ...joins.map(({ from }) => from)]) await readable(source, waiting.signal);
    };
    reached()
      .then(
        () => this.#changed(),
        (reason: unknown) => this.#fail(reason),
      )
      .finally(() => {
        this.#waiting = null;
      });
  }

  #fail(error: unknown): void {
    if (!this.#isOver) this.#onError(error);
  }
}

/** The row as it was before, when nothing of it is another. */
function sameRow(before: QueryRow<object> | undefined, row: QueryRow<object>): QueryRow<object> {
  if (before === undefined) return row;
  return before.data === row.data || compareValues(before.data, row.data) === 0 ? before : row;
}

const isOffline = (error: unknown): boolean => error instanceof CoreError && error.code === "REPLICA_OFFLINE";

/** Resolves once more of a database can be read than when it was called, or all of it. */
async function readable(source: QuerySource<object>, signal: AbortSignal): Promise<void> {
  let given = 0;
  try {
    for await (const _ of source.iterateChangesSince(null, { signal })) given += 1;
  } catch (error) {
    if (!isOffline(error)) throw error;
    for await (const _ of source.iterateChangesSince(null, { live: true, signal })) if (--given < 0) return;
  }
}

function thrown(error: unknown): void {
  void Promise.reject(error);
}
