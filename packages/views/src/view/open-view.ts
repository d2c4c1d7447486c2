import type { Off } from "@selkie/core";
import { ViewError } from "../errors.ts";
import { Serial } from "../serial.ts";
import { isDamaged } from "../tree/damaged-index.ts";
import { entryOrder } from "./entry.ts";
import { type Failure, Failures } from "./failures.ts";
import { FollowedDatabase, type ViewSource } from "./followed-database.ts";
import { type MovedIn, patchesOf, resetOf } from "./make-patches.ts";
import { MergedIndex } from "./merged-index.ts";
import type { ViewPatch } from "./patch.ts";
import { definitionText, planView } from "./plan-view.ts";
import type { Row } from "./row.ts";
import { type IsOpen, Rows, type RowsContext } from "./rows.ts";
import type { Expansion, RowOptions, View, ViewDefinition } from "./view.ts";
import { entryShape } from "./view-trees.ts";

/** Rows that are read at once. */
const BATCH = 64;

interface Subscriber {
  readonly isOpen: IsOpen;
  readonly listener: (patches: readonly ViewPatch[]) => void;
  /** It was told all rows, and hears from then on what changes of them. */
  hasRows: boolean;
}

/** The one implementation of `View`. */
export class OpenView<T extends object> implements View {
  readonly name: string;
  readonly #databases: readonly FollowedDatabase<T>[];
  readonly #at: RowsContext;
  readonly #rows: Rows;
  readonly #failures = new Failures();
  readonly #subscribers = new Set<Subscriber>();
  /** What reads or changes the indexes. */
  readonly #serial = new Serial();
  /** What asks the databases for changes, which may take long. */
  readonly #following = new Serial();
  readonly #closing = new AbortController();
  /** Whether changes that a database announced wait to be taken. */
  #isDue = false;
  /** Whether the databases were asked what is new since the view was kept. */
  #isCaughtUp = false;
  /** How often all indexes were made again. */
  #repairs = 0;
  #closed: Promise<void> | null = null;

  /** @throws ViewError EXPRESSION_INVALID | VIEW_INVALID */
  constructor(sources: readonly ViewSource<T>[], definition: ViewDefinition<T>) {
    const { name } = definition;
    this.name = name;
    const plan = planView(definition);
    const at = { name, plan, definition: definitionText(definition, plan), failures: this.#failures };
    this.#databases = sources.map((source) => new FollowedDatabase(source, at));
    this.#at = {
      columns: plan.columns,
      index: new MergedIndex(this.#databases, entryOrder(plan.columns), entryShape(plan.columns).summary.join),
      places: this.#databases.map(({ place }) => place),
    };
    this.#rows = new Rows(this.#at);
  }

  get failures(): readonly Failure[] {
    return this.#failures.all;
  }

  /** Goes on from what is kept of it, or reads all there is; and follows the databases from then on. */
  async open(): Promise<void> {
    const isKept = await allOf(this.#databases.map((database) => database.open()));
    const caughtUp = this.#refresh();
    if (isKept.every(Boolean)) caughtUp.catch((error: unknown) => this.#fail(error));
    else await caughtUp;
  }

  async *rows({ after, limit = Number.POSITIVE_INFINITY, expand }: RowOptions = {}): AsyncIterable<Row> {
    if (this.#isCaughtUp) await this.#refresh();
    const isOpen = openTo(expand);
    let [last, left] = [after ?? null, limit];
    while (left > 0) {
      const rows = await this.#read(last, Math.min(BATCH, left), isOpen);
      yield* rows;
      const end = rows.at(-1);
      if (end === undefined || end.type === "total") return;
      [last, left] = [end.key, left - rows.length];
    }
  }

  async caughtUp(): Promise<void> {
    if (!this.#isCaughtUp) await this.#refresh();
  }

  subscribe(listener: (patches: readonly ViewPatch[]) => void, { expand }: Expansion = {}): Off {
    const subscriber: Subscriber = { listener, isOpen: openTo(expand), hasRows: false };
    this.#subscribers.add(subscriber);
    this.#reading(async () => {
      if (!subscriber.hasRows) await this.#tell(subscriber, null);
    }).catch((error: unknown) => this.#fail(error));
    return () => void this.#subscribers.delete(subscriber);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#closing.abort(new ViewError("CLOSED", "the view is closed"));
    this.#subscribers.clear();
    await this.#following.run(() => this.#serial.run(() => this.#save(true)));
    for (const database of this.#databases) database.release();
  }

  /** @throws ViewError CLOSED | KEY_INVALID */
  #read(after: string | null, limit: number, isOpen: IsOpen): Promise<readonly Row[]> {
    return this.#reading(() => this.#rows.read(after, limit, isOpen));
  }

  /** Runs what reads the indexes: once more when they had to be made again. @throws ViewError CLOSED */
  async #reading<Result>(job: () => Promise<Result>): Promise<Result> {
    const before = this.#repairs;
    try {
      return await this.#run(job);
    } catch (error) {
      if (!isDamaged(error)) throw error;
      await this.#following.run(async () => {
        if (this.#repairs === before) await this.#follow(true);
      });
      return await this.#run(job);
    }
  }

  /** Takes what has changed, and tells the subscribers. */
  #refresh(): Promise<void> {
    return this.#following.run(async () => {
      this.#isDue = false;
      try {
        await this.#follow(false);
      } catch (error) {
        if (!isDamaged(error)) throw error;
        await this.#follow(true);
      }
      if (this.#isCaughtUp) return;
      this.#isCaughtUp = true;
      this.#watch();
    });
  }

  /** @param isAnew what is kept is damaged: all indexes are made again */
  async #follow(isAnew: boolean): Promise<void> {
    this.#closing.signal.throwIfAborted();
    if (isAnew) for (const database of this.#databases) database.forget();
    try {
      const moved = await this.#take();
      if (isAnew) this.#repairs++;
      await this.#run(async () => {
        for (const subscriber of this.#subscribers) await this.#tell(subscriber, moved);
        await this.#save(false);
      });
    } catch (error) {
      for (const subscriber of this.#subscribers) subscriber.hasRows = false; // some of it may have been taken
      throw error;
    }
  }

  /** @returns what moved in the indexes; null when one was made anew */
  async #take(): Promise<readonly MovedIn[] | null> {
    const { signal } = this.#closing;
    const run = <Result>(job: () => Promise<Result>): Promise<Result> => this.#run(job);
    const each = await allOf(this.#databases.map((database) => database.follow({ signal, run })));
    const moved: MovedIn[] = [];
    for (const [source, some] of each.entries()) {
      if (some === null) return null;
      for (const one of some) moved.push({ ...one, source });
    }
    return moved;
  }

  /** What can't be kept is made again when the view is opened next. */
  async #save(isLast: boolean): Promise<void> {
    for (const database of this.#databases) await database.save(isLast).catch((error: unknown) => this.#fail(error));
  }

  #watch(): void {
    for (const database of this.#databases) {
      const changed = () => {
        if (this.#isDue) return;
        this.#isDue = true;
        this.#refresh().catch((error: unknown) => this.#fail(error));
      };
      database.watch(changed, this.#closing.signal).catch((error: unknown) => this.#fail(error));
    }
  }

  /** @param moved null when all rows are to be told anew */
  async #tell(subscriber: Subscriber, moved: readonly MovedIn[] | null): Promise<void> {
    const { isOpen, listener, hasRows } = subscriber;
    const at = { ...this.#at, rows: this.#rows, isOpen };
    const patches = moved === null || !hasRows ? [await resetOf(at)] : await patchesOf(moved, at);
    if (patches.length === 0 || !this.#subscribers.has(subscriber)) return;
    subscriber.hasRows = true;
    try {
      listener(patches);
    } catch (error) {
      this.#failures.add({ origin: null, error });
    }
  }

  /** @throws ViewError CLOSED */
  #run<Result>(job: () => Promise<Result>): Promise<Result> {
    return this.#serial.run(async () => {
      this.#closing.signal.throwIfAborted();
      return await job();
    });
  }

  #fail(error: unknown): void {
    if (!this.#closing.signal.aborted) this.#failures.add({ origin: null, error });
  }
}

/** All results, or the first failure once nothing runs any more. */
async function allOf<Result>(jobs: readonly Promise<Result>[]): Promise<readonly Result[]> {
  await Promise.allSettled(jobs);
  return Promise.all(jobs);
}

/** A number of levels, from the top. */
function openTo(levels: number = Number.POSITIVE_INFINITY): IsOpen {
  return (path) => path.length <= levels;
}
