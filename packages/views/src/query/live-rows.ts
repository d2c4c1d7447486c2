import { CoreError, type Off } from "@selkie/core";
import type { IndexSource } from "../follow/feed-index.ts";
import type { IndexPlan } from "../indexer/index-plan.ts";
import { OpenIndex } from "../indexer/open-index.ts";
import { compareValues } from "../value/order.ts";
import { valueIn } from "../value/value.ts";
import type { QueryPlan } from "./plan-query.ts";
import type { QueryRow } from "./query.ts";
import { secondaryPlan } from "./secondary-index.ts";

export interface LiveOptions {
  /** What ends a run: the next change begins another one. Thrown where nobody catches it when nothing is said. */
  readonly onError?: (error: unknown) => void;
}

/** What rows are found by, again and again. */
export interface Finding<Row> {
  readonly plan: QueryPlan;
  /** Follows what is not followed yet. */
  follow(live: Following): Promise<void>;
  find(): Promise<readonly Row[]>;
}

/** What a finding follows with. */
export interface Following {
  readonly isOver: boolean;
  /** Runs once more whenever something has moved in an index. */
  listen(index: { listen(listener: () => void): Off }): void;
  /** Opens an index in memory, which is closed in the end. */
  open(source: IndexSource<object>, plan: IndexPlan): Promise<OpenIndex>;
}

/** Rows that are found again whenever something may have changed, until it is stopped: those that stayed the same are the same objects. */
export class LiveRows<Row extends QueryRow<object>> implements Following {
  readonly #finding: Finding<Row>;
  readonly #listener: (rows: readonly Row[]) => void;
  readonly #onError: (error: unknown) => void;
  readonly #joined = new Set<IndexSource<object>>();
  /** What is closed with it. */
  readonly #own: OpenIndex[] = [];
  readonly #offs: Off[] = [];
  #rows: readonly Row[] | null = null;
  /** Ends the waiting for those whom databases are read through. */
  #waiting: AbortController | null = null;
  #isRunning = false;
  #isDue = false;
  #isOver = false;

  constructor(finding: Finding<Row>, listener: (rows: readonly Row[]) => void, { onError = thrown }: LiveOptions) {
    this.#finding = finding;
    this.#listener = listener;
    this.#onError = onError;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  start(): Off {
    const { signal } = this.#finding.plan;
    const stop = () => this.#stop();
    if (signal?.aborted) return stop;
    signal?.addEventListener("abort", stop);
    this.#offs.push(() => signal?.removeEventListener("abort", stop));
    this.#changed();
    return stop;
  }

  listen(index: { listen(listener: () => void): Off }): void {
    this.#offs.push(index.listen(() => this.#changed()));
  }

  async open(source: IndexSource<object>, plan: IndexPlan): Promise<OpenIndex> {
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

  #stop(): void {
    this.#isOver = true;
    this.#waiting?.abort();
    for (const off of this.#offs.splice(0)) off();
    for (const index of this.#own.splice(0)) index[Symbol.asyncDispose]().catch(this.#onError);
  }

  async #follow(): Promise<void> {
    await this.#finding.follow(this);
    for (const { from } of this.#finding.plan.joins) {
      if (this.#isOver || this.#joined.has(from)) continue;
      this.listen(await this.open(from, { ...secondaryPlan({ name: null, parts: [], where: [] }), map: () => [] }));
      this.#joined.add(from);
    }
    if (this.#isOver) this.#stop();
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
    if (this.#isOver) return;
    const found = await this.#finding.find();
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
    const { sources, joins } = this.#finding.plan;
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
function sameRow<Row extends QueryRow<object>>(before: Row | undefined, row: Row): Row {
  if (before === undefined) return row;
  const isSameData = before.data === row.data || compareValues(before.data, row.data) === 0;
  return isSameData && compareValues(valueIn({ ...before, data: null }), valueIn({ ...row, data: null })) === 0
    ? before
    : row;
}

const isOffline = (error: unknown): boolean => error instanceof CoreError && error.code === "REPLICA_OFFLINE";

/** Resolves once more of a database can be read than when it was called, or all of it. */
async function readable(source: IndexSource<object>, signal: AbortSignal): Promise<void> {
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
