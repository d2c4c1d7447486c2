/** Timers, injected so that a simulation can drive them. */
export interface Scheduler {
  /** Calls `run` once after `ms` milliseconds, or earlier where those are more than `LONGEST_WAIT_MS`; the returned function cancels it. */
  after(ms: number, run: () => void): () => void;
}

/** The timers of Node and of browsers fire at once when they are asked for more: 24 days. */
export const LONGEST_WAIT_MS: number = 2 ** 31 - 1;
