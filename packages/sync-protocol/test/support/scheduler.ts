// Time that passes when a test says so.
import type { Scheduler } from "../../src/index.ts";

export class ManualScheduler implements Scheduler {
  #now = 0;
  #timers: { readonly at: number; readonly run: () => void }[] = [];

  get pending(): number {
    return this.#timers.length;
  }

  after(ms: number, run: () => void): () => void {
    const timer = { at: this.#now + ms, run };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((item) => item !== timer);
    };
  }

  /** Runs what is due within the next `ms` milliseconds, in order. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const next = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.#timers = this.#timers.filter((item) => item !== next);
      this.#now = next.at;
      next.run();
    }
    this.#now = end;
  }
}
