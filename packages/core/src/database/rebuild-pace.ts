import type { Platform } from "../platform.ts";

/** How many times it is done at once, and when as many times more, ms. */
const PACE = { times: 16, windowMs: 10_000 } as const;

/**
 * When documents are built anew because of what their authors say that they replaced: at once, but for who says so again and again. Until
 * then such a document shows what it showed.
 * SECURITY: D12. A member's entry makes others read a whole document again (rebuild-pace.test.ts).
 */
export class RebuildPace {
  readonly #scheduler: Platform["scheduler"];
  readonly #again: () => void;
  #left: number = PACE.times;
  #isDue = false;
  #cancel: (() => void) | null = null;

  constructor(scheduler: Platform["scheduler"], again: () => void) {
    this.#scheduler = scheduler;
    this.#again = again;
  }

  /** Whether it may be done now; `again` is called when it may be later. */
  take(): boolean {
    this.#cancel ??= this.#scheduler.after(PACE.windowMs, () => this.#refill());
    if (this.#left === 0) this.#isDue = true;
    else this.#left -= 1;
    return !this.#isDue;
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  #refill(): void {
    const isDue = this.#isDue;
    this.#cancel = null;
    this.#isDue = false;
    this.#left = PACE.times;
    if (isDue) this.#again();
  }
}
