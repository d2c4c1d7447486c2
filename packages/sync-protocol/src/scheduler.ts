/** Timers, injected so that a simulation can drive them. */
export interface Scheduler {
  /** Calls `run` once after `ms` milliseconds; the returned function cancels it. */
  after(ms: number, run: () => void): () => void;
}
