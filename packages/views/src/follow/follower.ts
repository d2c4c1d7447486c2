import { Serial } from "@selkie/core";
import { isDamaged } from "../damaged-index.ts";
import { ViewError } from "../errors.ts";
import { type Failure, Failures } from "./failures.ts";
import type { FeedIndex, IndexKind, IndexSource } from "./feed-index.ts";
import { FollowedDatabase } from "./followed-database.ts";

/** What moved, and the number of the database that it moved in. */
export type MovedIn<Moved extends object> = Moved & { readonly source: number };

/** Who is told when indexes have followed; nothing changes them meanwhile. */
export interface FollowListener<Moved extends object> {
  /** @param moved null when an index was made anew */
  moved(moved: readonly MovedIn<Moved>[] | null): Promise<void>;
  /** Something may have moved that was not told. */
  lost(): void;
  /** Indexes are being filled. @param documents that were taken so far */
  filled(documents: number): void;
}

/**
 * Indexes of one kind that follow databases, one of each: kept and gone on with, filled when there is none, and made again when what is
 * kept is damaged.
 */
export class Follower<Mapped, Moved extends object, Index extends FeedIndex<Mapped, Moved>> {
  readonly databases: readonly FollowedDatabase<Mapped, Moved, Index>[];
  readonly #listener: FollowListener<Moved>;
  readonly #failures = new Failures();
  /** What reads or changes the indexes. */
  readonly #serial = new Serial();
  /** What asks the databases for changes, which may take long. */
  readonly #following = new Serial();
  readonly #closing = new AbortController();
  /** Whether changes that a database announced wait to be taken. */
  #isDue = false;
  /** Whether the databases were asked what is new since the indexes were kept. */
  #isCaughtUp = false;
  /** Those that say when something has changed. */
  readonly #watched = new Set<FollowedDatabase<Mapped, Moved, Index>>();
  /** Whether something has moved in the indexes that the listener was not told. */
  #hasUntold = false;
  /** How often all indexes were made again. */
  #repairs = 0;
  /** Documents that were taken while indexes were filled. */
  #filled = 0;
  #closed: Promise<void> | null = null;

  constructor(
    sources: readonly IndexSource<object>[],
    kind: IndexKind<Mapped, Moved, Index>,
    listener: FollowListener<Moved>,
  ) {
    this.databases = sources.map((source) => new FollowedDatabase(source, kind, this.#failures));
    this.#listener = listener;
  }

  /** Documents that are left out, as they could not be computed, until they change. */
  get failures(): readonly Failure[] {
    return this.#failures.all;
  }

  get isCaughtUp(): boolean {
    return this.#isCaughtUp;
  }

  /** Whether something has moved in the indexes that the listener is still to be told: what is read now has it. */
  get hasUntold(): boolean {
    return this.#hasUntold;
  }

  /** Goes on from what is kept, or reads all there is; and follows the databases from then on. */
  async open(): Promise<void> {
    const isKept = await this.openKept();
    const caughtUp = this.refresh();
    if (isKept) caughtUp.catch((error: unknown) => this.fail(error));
    else await caughtUp;
  }

  /** Goes on from what is kept, and follows nothing yet. @returns whether there is something of every database */
  async openKept(): Promise<boolean> {
    const isKept = await allOf(this.databases.map((database) => database.open()));
    return isKept.every(Boolean);
  }

  /** Resolves once the indexes hold what their databases do. @throws ViewError CLOSED; what the databases throw */
  async caughtUp(): Promise<void> {
    if (!this.#isCaughtUp) await this.refresh();
  }

  /** Takes what has changed. @throws ViewError CLOSED; what the databases throw */
  refresh(): Promise<void> {
    return this.#following.run(async () => {
      this.#isDue = false;
      try {
        await this.#follow(false);
      } catch (error) {
        if (!isDamaged(error)) throw error;
        await this.#follow(true);
      }
      this.#isCaughtUp = true;
      this.#watch();
    });
  }

  /** Runs what reads the indexes: once more when they had to be made again. @throws ViewError CLOSED */
  async read<Result>(job: () => Promise<Result>): Promise<Result> {
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

  /** Names what failed, unless that is because this was closed. */
  fail(error: unknown): void {
    if (!this.#closing.signal.aborted) this.#failures.add({ origin: null, error });
  }

  /** Keeps what there is, also when little changed. @throws ViewError CLOSED */
  async keep(): Promise<void> {
    await this.#following.run(() => this.#run(() => this.#save(true)));
  }

  /** Keeps what there is, and follows no more. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#closing.abort(new ViewError("CLOSED", "it is closed, and follows its databases no more"));
    await this.#following.run(() => this.#serial.run(() => this.#save(true)));
    for (const database of this.databases) database.release();
  }

  /** @param isAnew what is kept is damaged: all indexes are made again */
  async #follow(isAnew: boolean): Promise<void> {
    this.#closing.signal.throwIfAborted();
    if (isAnew) for (const database of this.databases) database.forget();
    try {
      const moved = await this.#take();
      if (isAnew) this.#repairs++;
      await this.#run(async () => {
        this.#hasUntold = false;
        await this.#listener.moved(moved);
        await this.#save(false);
      });
    } catch (error) {
      this.#listener.lost();
      throw error;
    }
  }

  /** @returns what moved in the indexes; null when one was made anew */
  async #take(): Promise<readonly MovedIn<Moved>[] | null> {
    this.#filled = 0;
    const following = {
      signal: this.#closing.signal,
      run: <Result>(job: () => Promise<Result>): Promise<Result> =>
        this.#run(() => {
          this.#hasUntold = true;
          return job();
        }),
      filled: (documents: number) => {
        this.#filled += documents;
        this.#listener.filled(this.#filled);
      },
    };
    const each = await allOf(this.databases.map((database) => database.follow(following)));
    const moved: MovedIn<Moved>[] = [];
    for (const [source, some] of each.entries()) {
      if (some === null) return null;
      for (const one of some) moved.push({ ...one, source });
    }
    return moved;
  }

  /** What can't be kept is made again when it is opened next. */
  async #save(isLast: boolean): Promise<void> {
    for (const database of this.databases) await database.save(isLast).catch((error: unknown) => this.fail(error));
  }

  /** Also those of which that has failed before. */
  #watch(): void {
    for (const database of this.databases) {
      if (this.#watched.has(database)) continue;
      this.#watched.add(database);
      const changed = () => {
        if (this.#isDue) return;
        this.#isDue = true;
        this.refresh().catch((error: unknown) => this.fail(error));
      };
      database.watch(changed, this.#closing.signal).catch((error: unknown) => {
        this.#watched.delete(database);
        this.fail(error);
      });
    }
  }

  /** @throws ViewError CLOSED */
  #run<Result>(job: () => Promise<Result>): Promise<Result> {
    return this.#serial.run(async () => {
      this.#closing.signal.throwIfAborted();
      return await job();
    });
  }
}

/** All results, or the first failure once nothing runs any more. */
async function allOf<Result>(jobs: readonly Promise<Result>[]): Promise<readonly Result[]> {
  await Promise.allSettled(jobs);
  return Promise.all(jobs);
}
