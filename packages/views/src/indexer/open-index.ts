import type { Off } from "@selkie/core";
import { isDamaged } from "../damaged-index.ts";
import { ViewError } from "../errors.ts";
import type { Failure } from "../follow/failures.ts";
import type { IndexSource } from "../follow/feed-index.ts";
import { Follower } from "../follow/follower.ts";
import { Making } from "../follow/making.ts";
import { limitIn } from "../value/limit.ts";
import type { Entry } from "../view/entry.ts";
import { joinMoved, type Moved } from "../view/moved.ts";
import { SourceIndex } from "../view/source-index.ts";
import { type Indexer, planOf } from "./define-indexer.ts";
import { decodeShape, type IndexPlan, indexColumns } from "./index-plan.ts";
import { IndexReader } from "./index-reader.ts";
import { type Slots, takeSlots } from "./kept-slots.ts";
import type { IndexKey } from "./key-order.ts";
import type { Index, IndexEntry, KeyRange, OpenIndexOptions, RangeOptions, Reduced } from "./opened-index.ts";

/** Entries that are read at once. */
const BATCH = 64;

/** Entries of one key. */
const MOST_OF_KEY = 1_000;

/**
 * Opens an index over databases, of one or of several tenants, as they are or as they were: it goes on from what is kept, or is made in the
 * background, and follows what changes. Until a first one is made what asks it waits; until a new version is made the one before answers.
 * @throws ViewError INDEXER_INVALID; CoreError CLOSED
 */
export async function openIndex<T extends object>(
  sources: IndexSource<T> | readonly IndexSource<T>[],
  indexer: Indexer<T>,
  options: OpenIndexOptions = {},
): Promise<Index> {
  options.signal?.throwIfAborted();
  const index = new OpenIndex("name" in sources ? [sources] : sources, planOf(indexer), options);
  try {
    await index.open();
  } catch (error) {
    await index[Symbol.asyncDispose]();
    throw error;
  }
  return index;
}

/** The one implementation of `Index`. */
export class OpenIndex implements Index {
  readonly name: string;
  readonly #sources: readonly IndexSource<object>[];
  readonly #follower: Follower<readonly Entry[], Moved, SourceIndex>;
  readonly #making: Making;
  readonly #reader: IndexReader;
  readonly #slots = new Map<IndexSource<object>, Slots>();
  readonly #listeners = new Set<() => void>();
  /** Of the version before, until this one is made. */
  #old: IndexReader | null = null;
  /** Something may have moved that nobody was told. */
  #isLost = false;
  #isClosed = false;

  constructor(sources: readonly IndexSource<object>[], plan: IndexPlan, options: OpenIndexOptions = {}) {
    this.name = plan.name;
    this.#sources = [...new Set(sources)];
    const columns = indexColumns(plan.shape);
    this.#follower = new Follower<readonly Entry[], Moved, SourceIndex>(
      this.#sources,
      {
        none: [],
        take: async (database) => {
          if (!plan.isKept) return null;
          const slots = await takeSlots(database, plan.name, plan.definition);
          this.#slots.set(database, slots);
          return slots.rows;
        },
        map: (data, origin) => plan.map(data, origin),
        create: (rows) => new SourceIndex({ columns, definition: plan.definition, rows }),
        join: joinMoved,
      },
      {
        moved: async (moved) => {
          if (moved?.length === 0 && !this.#isLost) return;
          this.#isLost = false;
          for (const listener of this.#listeners) listener();
        },
        lost: () => {
          this.#isLost = true;
        },
        filled: (documents) => options.onProgress?.(documents),
      },
    );
    this.#making = new Making(
      {
        caughtUp: () => this.#follower.caughtUp(),
        close: () => this.#follower.close(),
        made: () => this.#replaceOld(),
      },
      options.signal,
    );
    const { databases } = this.#follower;
    this.#reader = new IndexReader(
      plan.shape,
      databases,
      databases.map(({ place }) => place),
    );
  }

  get version(): number {
    return (this.#old ?? this.#reader).shape.version;
  }

  get failures(): readonly Failure[] {
    return this.#follower.failures;
  }

  /** Whether it answers in its own version without being waited for. */
  get isMade(): boolean {
    return this.#making.isMade;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  async open(): Promise<void> {
    if (await this.#follower.openKept()) this.#making.goOn();
    else this.#old = await this.#readerOfOld();
    const following = this.isMade ? this.#follower.caughtUp() : this.#making.done();
    following.catch((error: unknown) => this.#follower.fail(error));
  }

  get(key: IndexKey): Promise<readonly IndexEntry[]> {
    return this.#read((reader) => reader.get(key, MOST_OF_KEY));
  }

  async *range({ limit, ...range }: RangeOptions = {}): AsyncIterable<IndexEntry> {
    let [after, left] = [range.after, limitIn(limit)];
    while (left > 0) {
      const at = after === undefined ? range : { ...range, after };
      const count = Math.min(BATCH, left);
      const entries = await this.#read((reader) => reader.page(at, count));
      yield* entries;
      if (entries.length < count) return;
      [after, left] = [entries.at(-1)?.place, left - entries.length];
    }
  }

  async count(range: KeyRange = {}): Promise<number> {
    return (await this.reduce(range)).entries;
  }

  reduce(range: KeyRange = {}): Promise<Reduced> {
    return this.#read((reader) => reader.reduce(range));
  }

  async caughtUp(): Promise<void> {
    await this.#making.done();
    await this.#follower.caughtUp();
  }

  /** Runs what reads the index in this version, once it holds what its databases do. @throws as `get` does */
  async readNow<Result>(job: (reader: IndexReader) => Promise<Result>): Promise<Result> {
    await this.#making.done();
    await this.#follower.refresh();
    return this.#follower.read(() => job(this.#reader));
  }

  /** The same once more, of what it held then. */
  readOn<Result>(job: (reader: IndexReader) => Promise<Result>): Promise<Result> {
    return this.#follower.read(() => job(this.#reader));
  }

  /** Calls back when something has moved in it, and when it is closed. */
  listen(listener: () => void): Off {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#making.close();
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    for (const listener of listeners) listener();
    await this.#follower.close();
    for (const { spare } of this.#slots.values()) spare?.release();
    this.#slots.clear();
  }

  /** What is kept of the version before goes once the new one is kept. */
  async #replaceOld(): Promise<void> {
    if (this.#old === null) return;
    this.#old = null;
    await this.#follower.keep();
    if (this.#follower.databases.every(({ index }) => index.fresh === 0))
      for (const { old } of this.#slots.values()) await old?.rows.restart();
  }

  /** Null unless there is one of each database, all of one version. */
  async #readerOfOld(): Promise<IndexReader | null> {
    const [definition, other] = new Set([...this.#slots.values()].map(({ old }) => old?.definition));
    const shape = definition === undefined || other !== undefined ? null : decodeShape(definition);
    if (definition === undefined || shape === null) return null;
    const columns = indexColumns(shape);
    const sources: { readonly index: SourceIndex }[] = [];
    for (const source of this.#sources) {
      const index = new SourceIndex({ columns, definition, rows: this.#slots.get(source)?.old?.rows ?? null });
      if ((await index.open()) === null) return null;
      sources.push({ index });
    }
    return new IndexReader(
      shape,
      sources,
      this.#follower.databases.map(({ place }) => place),
    );
  }

  async #read<Result>(job: (reader: IndexReader) => Promise<Result>): Promise<Result> {
    if (this.#isClosed) throw new ViewError("CLOSED", "the index is closed");
    const old = this.#old;
    if (old !== null) {
      try {
        return await job(old);
      } catch (error) {
        if (!isDamaged(error)) throw error;
        if (this.#old === old) this.#old = null;
      }
    }
    await this.#making.done();
    if (this.#follower.isCaughtUp) await this.#follower.refresh();
    return this.#follower.read(() => job(this.#reader));
  }
}
