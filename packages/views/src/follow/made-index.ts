import type { Off } from "@selkie/core";
import type { Failure } from "./failures.ts";
import type { FeedIndex, IndexKind, IndexSource } from "./feed-index.ts";
import { Follower } from "./follower.ts";
import { Making } from "./making.ts";

export interface MakeOptions {
  /** Ends the making of an index that is not kept yet: nothing of it stays. */
  readonly signal?: AbortSignal;
  /** Called while an index is made, with the number of documents that were read. */
  readonly onProgress?: (documents: number) => void;
}

/** An index of one database, which goes on from what is kept, or is made in the background. */
export class MadeIndex<Mapped, Moved extends object, Index extends FeedIndex<Mapped, Moved>> {
  readonly #follower: Follower<Mapped, Moved, Index>;
  readonly #making: Making;
  readonly #listeners = new Set<() => void>();
  #isFollowing = false;
  #isClosed = false;

  constructor(source: IndexSource<object>, kind: IndexKind<Mapped, Moved, Index>, options: MakeOptions) {
    this.#follower = new Follower([source], kind, {
      moved: async (moved) => {
        if (moved === null || moved.length > 0) for (const listener of this.#listeners) listener();
      },
      lost: () => undefined,
      filled: (documents) => options.onProgress?.(documents),
    });
    this.#making = new Making(
      { caughtUp: () => this.#follower.caughtUp(), close: () => this.#follower.close(), made: async () => undefined },
      options.signal,
    );
  }

  get failures(): readonly Failure[] {
    return this.#follower.failures;
  }

  async open(): Promise<void> {
    if (await this.#follower.openKept()) this.#making.goOn();
    else this.follow();
  }

  /** Begins to follow what changes, where it does not yet: what was kept answers at once when nobody else has begun. */
  follow(): void {
    if (this.#isFollowing || this.#isClosed) return;
    this.#isFollowing = true;
    this.caughtUp().catch((error: unknown) => {
      this.#isFollowing = false;
      this.#follower.fail(error);
    });
  }

  /** Once it holds what its database does. @throws ViewError CLOSED; the signal's reason; what the database throws */
  async caughtUp(): Promise<void> {
    await this.#making.done();
    await this.#follower.caughtUp();
  }

  /** Runs what reads it: as it was kept until it has caught up, and from then on once it holds what its database does. @throws as `caughtUp` does */
  async readNow<Result>(job: (index: Index) => Promise<Result>): Promise<Result> {
    await this.#making.done();
    if (this.#follower.isCaughtUp) await this.#follower.refresh();
    return this.readOn(job);
  }

  /** The same once more, of what it holds already. */
  readOn<Result>(job: (index: Index) => Promise<Result>): Promise<Result> {
    const [database] = this.#follower.databases;
    if (database === undefined) throw new TypeError("it is of one database");
    return this.#follower.read(() => job(database.index));
  }

  /** Calls back when something has moved in it. */
  listen(listener: () => void): Off {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#making.close();
    this.#listeners.clear();
    await this.#follower.close();
  }
}
