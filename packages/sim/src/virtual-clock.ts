import type { Scheduler } from "@selkie/sync-protocol";
import { SimError } from "./sim-error.ts";

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
  cancelled: boolean;
}

/** Time that passes only when nothing is left to do at this moment. In ms. */
export class VirtualClock implements Scheduler {
  #now = 0;
  #order = 0;
  readonly #timers: Timer[] = [];

  get now(): number {
    return this.#now;
  }

  after(ms: number, run: () => void): () => void {
    const timer: Timer = { at: this.#now + Math.max(0, ms), order: this.#order++, run, cancelled: false };
    insert(this.#timers, timer);
    return () => {
      timer.cancelled = true;
    };
  }

  /** Resolves when this much time has passed. */
  pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.after(ms, resolve));
  }

  /**
   * Lets time pass until the work is done.
   * @throws SimError HANG when nothing is left that could finish it, TIMEOUT after `limitMs` of virtual time
   */
  async until<Result>(work: Promise<Result>, limitMs = 600_000): Promise<Result> {
    const end = this.#now + limitMs;
    let done = false;
    const finish = (): void => {
      done = true;
    };
    work.then(finish, finish);
    for (await idle(); !done; await idle()) {
      const timer = this.#take();
      if (timer === undefined) throw new SimError("HANG", "nothing is left to happen, and the work is not done");
      if (timer.at > end) throw new SimError("TIMEOUT", `not done after ${limitMs} ms of virtual time`);
      this.#now = timer.at;
      timer.run();
    }
    return work;
  }

  /** Lets this much time pass, whatever happens in it. */
  advance(ms: number): Promise<void> {
    return this.until(this.pause(ms), ms + 1);
  }

  #take(): Timer | undefined {
    for (let timer = this.#timers.pop(); timer !== undefined; timer = this.#timers.pop())
      if (!timer.cancelled) return timer;
    return undefined;
  }
}

/** Keeps the timers latest first, so that the next one is the last. */
function insert(timers: Timer[], timer: Timer): void {
  let [from, to] = [0, timers.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    const other = timers[middle];
    const later = other !== undefined && (other.at > timer.at || (other.at === timer.at && other.order > timer.order));
    if (later) from = middle + 1;
    else to = middle;
  }
  timers.splice(from, 0, timer);
}

/**
 * Resolves once every promise that could settle has settled: Node empties its queue of microtasks before it goes on. Nothing in a
 * simulation waits for a disk, a socket or a worker.
 */
function idle(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
