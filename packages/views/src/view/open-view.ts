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
    const isKept = await Promise.all(this.#databases.map((database) => database.open()));
    const caughtUp = this.#refresh().then(() => this.#watch());
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
    const subscriber: Subscriber = { listener, isOpen: openTo(expand) };
    let isOver = false;
    this.#run(async () => {
      if (isOver) return;
      const reset = await resetOf({ rows: this.#rows, isOpen: subscriber.isOpen });
      if (isOver) return;
      this.#subscribers.add(subscriber);
      this.#tell(listener, [reset]);
    }).catch((error: unknown) => this.#fail(error));
    return () => {
      isOver = true;
      this.#subscribers.delete(subscriber);
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new ViewError("CLOSED", "the view is closed"));
    this.#subscribers.clear();
    await this.#following.run(() => this.#serial.run(() => this.#save(true)));
    for (const database of this.#databases) database.release();
  }

  /** @throws ViewError CLOSED | KEY_INVALID */
  async #read(after: string | null, limit: number, isOpen: IsOpen): Promise<readonly Row[]> {
    const read = () => this.#run(() => this.#rows.read(after, limit, isOpen));
    try {
      return await read();
    } catch (error) {
      if (!isDamaged(error)) throw error;
      await this.#following.run(() => this.#follow(true));
      return await read();
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
      this.#isCaughtUp = true;
    });
  }

  /** @param isAnew what is kept is damaged: all indexes are made again */
  async #follow(isAnew: boolean): Promise<void> {
    const { signal } = this.#closing;
    signal.throwIfAborted();
    if (isAnew) for (const database of this.#databases) database.forget();
    const run = <Result>(job: () => Promise<Result>): Promise<Result> => this.#run(job);
    const each = await Promise.all(this.#databases.map((database) => database.follow({ signal, run })));
    const moved: readonly MovedIn[] = each.flatMap((some, source) => some.map((one) => ({ ...one, source })));
    await this.#run(async () => {
      for (const { isOpen, listener } of this.#subscribers) {
        const at = { ...this.#at, rows: this.#rows, isOpen };
        const patches = isAnew ? [await resetOf(at)] : await patchesOf(moved, at);
        if (patches.length > 0) this.#tell(listener, patches);
      }
      await this.#save(false);
    });
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

  #tell(listener: Subscriber["listener"], patches: readonly ViewPatch[]): void {
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

/** A number of levels, from the top. */
function openTo(levels: number = Number.POSITIVE_INFINITY): IsOpen {
  return (path) => path.length <= levels;
}
