import type { Off } from "@selkie/core";
import { isDamaged } from "../damaged-index.ts";
import type { Failure } from "../follow/failures.ts";
import type { IndexSource } from "../follow/feed-index.ts";
import { Follower, type MovedIn } from "../follow/follower.ts";
import { limitIn } from "../value/limit.ts";
import { entryOrder, type MappedEntry } from "./entry.ts";
import { Expanded } from "./expanded.ts";
import { MergedIndex } from "./merged-index.ts";
import type { Moved } from "./moved.ts";
import type { Navigator, NavigatorOptions } from "./navigator.ts";
import { OpenNavigator, type Watching } from "./open-navigator.ts";
import type { ViewPatch } from "./patch.ts";
import { definitionText, planView } from "./plan-view.ts";
import type { Row } from "./row.ts";
import { RowFinder } from "./row-finder.ts";
import { type IsOpen, Rows, type RowsContext } from "./rows.ts";
import { ExpandedRows, type ShownRows } from "./shown-rows.ts";
import type { SourceIndex } from "./source-index.ts";
import type { Expansion, RowOptions, View, ViewDefinition } from "./view.ts";
import { viewIndex } from "./view-index.ts";
import { entryShape } from "./view-trees.ts";

/** Rows that are read at once. */
const BATCH = 64;

interface Subscriber {
  readonly shown: ShownRows;
  readonly listener: (patches: readonly ViewPatch[]) => void;
  /** It was told all rows, and hears from then on what changes of them. */
  hasRows: boolean;
}

/** The one implementation of `View`. */
export class OpenView<T extends object> implements View {
  readonly name: string;
  readonly #follower: Follower<readonly MappedEntry[], Moved, SourceIndex>;
  readonly #at: RowsContext;
  readonly #rows: Rows;
  readonly #subscribers = new Set<Subscriber>();

  /** @throws ViewError EXPRESSION_INVALID | VIEW_INVALID */
  constructor(sources: readonly IndexSource<T>[], definition: ViewDefinition<T>) {
    this.name = definition.name;
    const plan = planView(definition);
    const kind = viewIndex(definition.name, plan, definitionText(definition, plan));
    this.#follower = new Follower(sources, kind, {
      moved: async (moved) => {
        for (const subscriber of this.#subscribers) await this.#tell(subscriber, moved);
      },
      lost: () => {
        for (const subscriber of this.#subscribers) subscriber.hasRows = false;
      },
      filled: () => undefined,
    });
    const { databases } = this.#follower;
    this.#at = {
      columns: plan.columns,
      index: new MergedIndex(databases, entryOrder(plan.columns), entryShape(plan.columns).summary.join),
      places: databases.map(({ place }) => place),
    };
    this.#rows = new Rows(this.#at);
  }

  get failures(): readonly Failure[] {
    return this.#follower.failures;
  }

  /** Goes on from what is kept of it, or reads all there is; and follows the databases from then on. */
  open(): Promise<void> {
    return this.#follower.open();
  }

  async *rows({ after, limit, expand }: RowOptions = {}): AsyncIterable<Row> {
    if (this.#follower.isCaughtUp) await this.#follower.refresh();
    const isOpen = openTo(expand);
    let [last, left] = [after ?? null, limitIn(limit)];
    while (left > 0) {
      const [from, count] = [last, Math.min(BATCH, left)];
      const rows = await this.#follower.read(() => this.#rows.read(from, count, isOpen));
      yield* rows;
      const end = rows.at(-1);
      if (end === undefined || end.type === "total") return;
      [last, left] = [end.key, left - rows.length];
    }
  }

  navigator(options: NavigatorOptions = {}): Navigator {
    const [rows, finder] = [this.#rows, new RowFinder(this.#at, this.#rows)];
    const read = async <Result>(job: () => Promise<Result>): Promise<Result> => {
      if (this.#follower.isCaughtUp) await this.#follower.refresh();
      return await this.#follower.read(job);
    };
    const at = { ...this.#at, rows, finder, read };
    return new OpenNavigator({ ...at, watch: (shown, listener) => this.#watch(shown, listener) }, options);
  }

  caughtUp(): Promise<void> {
    return this.#follower.caughtUp();
  }

  subscribe(listener: (patches: readonly ViewPatch[]) => void, { expand }: Expansion = {}): Off {
    const all = new Expanded(expand ?? Number.POSITIVE_INFINITY);
    return this.#watch(new ExpandedRows({ ...this.#at, rows: this.#rows }, all), listener).off;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#subscribers.clear();
    return this.#follower.close();
  }

  /** Tells somebody all rows soon, and then what changes of them. */
  #watch(shown: ShownRows, listener: Subscriber["listener"]): Watching {
    const subscriber: Subscriber = { shown, listener, hasRows: false };
    this.#subscribers.add(subscriber);
    const look = () => {
      this.#follower.read(() => this.#look(subscriber)).catch((error: unknown) => this.#follower.fail(error));
    };
    look();
    return { look, off: () => void this.#subscribers.delete(subscriber) };
  }

  /** Tells what changed but for what has moved, which is told by itself. */
  async #look(subscriber: Subscriber): Promise<void> {
    const { hasUntold } = this.#follower;
    if (hasUntold && subscriber.hasRows) return; // what is read now says more than was told: it is told with what moved
    await this.#tell(subscriber, []);
    if (hasUntold) subscriber.hasRows = false;
  }

  /** @param moved null when all rows are to be told anew */
  async #tell(subscriber: Subscriber, moved: readonly MovedIn<Moved>[] | null): Promise<void> {
    const { shown, listener, hasRows } = subscriber;
    if (!this.#subscribers.has(subscriber)) return;
    subscriber.hasRows = false;
    try {
      const patches = await shown.patches(hasRows ? moved : null);
      subscriber.hasRows = true;
      if (patches.length > 0 && this.#subscribers.has(subscriber)) listener(patches);
    } catch (error) {
      if (isDamaged(error)) throw error;
      this.#follower.fail(error);
    }
  }
}

/** A number of levels, from the top. */
function openTo(levels: number = Number.POSITIVE_INFINITY): IsOpen {
  return (path) => path.length <= levels;
}
