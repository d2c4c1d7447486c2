import type { Platform } from "../platform.ts";

const WINDOW_MS = 10_000;

/**
 * How much of some work is done: so much at once, and as much again every ten seconds; what is left is done then.
 * SECURITY: D12. For work that a member's small entries bring about again and again (pace.test.ts).
 */
export class Pace {
  readonly #scheduler: Platform["scheduler"];
  readonly #most: number;
  readonly #again: () => void;
  #left: number;
  #isDue = false;
  #cancel: (() => void) | null = null;

  /** @param again called when what was put off may be done */
  constructor(scheduler: Platform["scheduler"], most: number, again: () => void) {
    this.#scheduler = scheduler;
    this.#most = most;
    this.#left = most;
    this.#again = again;
  }

  /** Whether it may be done now; `again` is called when it may be later. */
  may(): boolean {
    if (this.#left <= 0) this.#isDue = true;
    return !this.#isDue;
  }

  /** Whether some of it was put off. */
  get isPutOff(): boolean {
    return this.#isDue;
  }

  /** So much was done. */
  spend(work: number): void {
    this.#cancel ??= this.#scheduler.after(WINDOW_MS, () => this.#refill());
    this.#left -= work;
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  #refill(): void {
    const isDue = this.#isDue;
    this.#cancel = null;
    this.#isDue = false;
    this.#left = this.#most;
    if (isDue) this.#again();
  }
}
