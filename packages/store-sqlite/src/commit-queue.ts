// Group commit: what is asked for in one turn of the event loop becomes one transaction with one sync to disk.
import type { Connection } from "./connection.ts";
import type { Guard } from "./guard.ts";
import { asStoreError, hasCode } from "./store-errors.ts";

/** Waiting work beyond this size goes into the next transaction. */
const MOST = { works: 1_000, bytes: 67_108_864 } as const;

/** What a piece of work writes. */
export interface Extent {
  /** Roughly. */
  readonly bytes: number;
  /** Whether it is one statement, and so by itself all or nothing. */
  readonly isOneStatement: boolean;
}

interface Waiting {
  readonly extent: Extent;
  readonly work: () => unknown;
  readonly settle: (outcome: Outcome) => void;
}

type Outcome =
  | { readonly type: "done"; readonly value: unknown }
  | { readonly type: "failed"; readonly error: unknown };

/** Collects work and commits it in groups. */
export class CommitQueue {
  /** Whether the disk ever failed here: what is on it is then in doubt until it was read again. */
  isDoubtful = false;
  readonly #db: Connection;
  readonly #guard: Guard;
  readonly #savepoint: (work: () => unknown) => unknown;
  readonly #group: { immediate(waiting: readonly Waiting[]): readonly Outcome[] };
  readonly #waiting: Waiting[] = [];
  #isScheduled = false;

  constructor(db: Connection, guard: Guard) {
    this.#db = db;
    this.#guard = guard;
    // Prepared once; called within a transaction it is a savepoint.
    this.#savepoint = db.transaction((work: () => unknown) => work());
    this.#group = db.transaction((waiting: readonly Waiting[]): readonly Outcome[] => {
      const [only] = waiting;
      // Alone, work needs no savepoint to fall back to: when it throws, the transaction falls.
      if (only !== undefined && waiting.length === 1) return [{ type: "done", value: only.work() }];
      return waiting.map(({ work }) => this.#attempt(work));
    });
  }

  /** Runs `work` in a transaction; resolves when that is durable, rejects with what `work` threw after undoing it. */
  run<T>(work: () => T, extent: Extent = { bytes: 0, isOneStatement: false }): Promise<T> {
    return new Promise((resolve, reject) => {
      let value: T;
      const settle = (outcome: Outcome): void => (outcome.type === "done" ? resolve(value) : reject(outcome.error));
      const keep = (): void => {
        value = work();
      };
      this.#waiting.push({ extent, work: keep, settle });
      if (this.#isScheduled) return;
      this.#isScheduled = true;
      setImmediate(() => this.flush());
    });
  }

  /** Commits everything that waits. */
  flush(): void {
    this.#isScheduled = false;
    while (this.#waiting.length > 0) {
      const group = this.#nextGroup();
      for (const [index, outcome] of this.#commit(group).entries()) group[index]?.settle(outcome);
    }
  }

  #nextGroup(): readonly Waiting[] {
    let bytes = 0;
    let end = 0;
    while (end < Math.min(this.#waiting.length, MOST.works) && (end === 0 || bytes < MOST.bytes)) {
      bytes += this.#waiting[end]?.extent.bytes ?? 0;
      end++;
    }
    return this.#waiting.splice(0, end);
  }

  #commit(group: readonly Waiting[]): readonly Outcome[] {
    try {
      return this.#guard.run(() => this.#run(group));
    } catch (error) {
      this.#noteDoubt(error);
      // The transaction as a whole failed, perhaps for what one of them wrote: alone, the others still have their chance.
      return group.length === 1
        ? [{ type: "failed", error: asStoreError(error) }]
        : group.flatMap((one) => this.#commit([one]));
    }
  }

  #run(group: readonly Waiting[]): readonly Outcome[] {
    const [only] = group;
    // SQLite makes a transaction of a statement that is not in one, for less than it costs to begin and commit one by statements.
    if (only?.extent.isOneStatement === true && group.length === 1) return [{ type: "done", value: only.work() }];
    return this.#group.immediate(group);
  }

  #attempt(work: () => unknown): Outcome {
    try {
      return { type: "done", value: this.#savepoint(work) };
    } catch (error) {
      const translated = asStoreError(error);
      // A full or failing disk, or damage, ends the transaction for all: the group is rolled back, repaired or tried one by one.
      if (!this.#db.inTransaction || isOfTheFile(translated)) throw translated;
      return { type: "failed", error: translated };
    }
  }

  #noteDoubt(error: unknown): void {
    if (hasCode(asStoreError(error), "STORE_FAILED") || hasCode(asStoreError(error), "STORE_CORRUPT"))
      this.isDoubtful = true;
  }
}

function isOfTheFile(error: unknown): boolean {
  return (["STORE_FULL", "STORE_FAILED", "STORE_CORRUPT", "STORE_UNWRITABLE", "STORE_LOCKED"] as const).some((code) =>
    hasCode(error, code),
  );
}
