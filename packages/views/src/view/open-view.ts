import type { Off } from "@selkie/core";
import { ViewError } from "../errors.ts";
import { Serial } from "../serial.ts";
import { planColumn, planValue } from "./column.ts";
import { entryOrder } from "./entry.ts";
import { type Failure, Failures } from "./failures.ts";
import { FollowedDatabase, type ViewSource } from "./followed-database.ts";
import { type MovedIn, patchesOf, resetOf } from "./make-patches.ts";
import type { ViewPlan } from "./map-document.ts";
import { MergedIndex } from "./merged-index.ts";
import type { ViewPatch } from "./patch.ts";
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
  readonly #serial = new Serial();
  readonly #closing = new AbortController();

  /** @throws ViewError EXPRESSION_INVALID | VIEW_INVALID */
  constructor(sources: readonly ViewSource<T>[], { name, columns, where }: ViewDefinition<T>) {
    this.name = name;
    checkNames(name, columns);
    const plan: ViewPlan = { columns: columns.map(planColumn), where: where === undefined ? null : planValue(where) };
    this.#databases = sources.map((source) => new FollowedDatabase(source, { plan, failures: this.#failures }));
    const indexes = this.#databases.map(({ index }) => index);
    this.#at = {
      columns: plan.columns,
      index: new MergedIndex(indexes, entryOrder(plan.columns), entryShape(plan.columns).summary.join),
      places: this.#databases.map(({ place }) => place),
    };
    this.#rows = new Rows(this.#at);
  }

  get failures(): readonly Failure[] {
    return this.#failures.all;
  }

  /** Reads all there is, and follows it from then on. */
  async open(): Promise<void> {
    await this.#refresh();
    for (const database of this.#databases) {
      const changed = () => void this.#refresh().catch((error: unknown) => this.#fail(error));
      database.watch(changed, this.#closing.signal).catch((error: unknown) => this.#fail(error));
    }
  }

  async *rows({ after, limit = Number.POSITIVE_INFINITY, expand }: RowOptions = {}): AsyncIterable<Row> {
    await this.#refresh();
    const isOpen = openTo(expand);
    let [last, left] = [after ?? null, limit];
    while (left > 0) {
      const rows: readonly Row[] = await this.#run(() => this.#rows.read(last, Math.min(BATCH, left), isOpen));
      yield* rows;
      const end = rows.at(-1);
      if (end === undefined || end.type === "total") return;
      [last, left] = [end.key, left - rows.length];
    }
  }

  subscribe(listener: (patches: readonly ViewPatch[]) => void, { expand }: Expansion = {}): Off {
    const subscriber: Subscriber = { listener, isOpen: openTo(expand) };
    let isOver = false;
    this.#run(async () => {
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
    await this.#serial.run(async () => undefined);
  }

  /** Takes what has changed, and tells the subscribers. */
  #refresh(): Promise<void> {
    return this.#run(async () => {
      const each = await Promise.all(this.#databases.map((database) => database.follow(this.#closing.signal)));
      const moved: readonly MovedIn[] = each.flatMap((some, source) => some.map((one) => ({ ...one, source })));
      for (const { isOpen, listener } of this.#subscribers) {
        const patches = await patchesOf(moved, { ...this.#at, rows: this.#rows, isOpen });
        if (patches.length > 0) this.#tell(listener, patches);
      }
    });
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

function checkNames(name: string, columns: readonly { readonly name: string }[]): void {
  if (name === "") throw new ViewError("VIEW_INVALID", "a view has a name");
  if (columns.length === 0) throw new ViewError("VIEW_INVALID", "a view has columns");
  if (new Set(columns.map((column) => column.name)).size < columns.length)
    throw new ViewError("VIEW_INVALID", "two columns have one name");
}

function openTo(levels: number = Number.POSITIVE_INFINITY): IsOpen {
  return (path) => path.length <= levels;
}
