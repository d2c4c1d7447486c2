import { isHold } from "../hold-code.ts";
import type { Platform } from "../platform.ts";

/** E2: while online, local changes are sealed at most once in this many ms, however fast somebody types. */
const FLUSH_WINDOW_MS = 250;

/** One flush per window: the first change starts it, the ones that follow join. */
export class FlushTimer {
  readonly #platform: Platform;
  readonly #flush: () => Promise<void>;
  #cancel: (() => void) | null = null;

  constructor(platform: Platform, flush: () => Promise<void>) {
    this.#platform = platform;
    this.#flush = flush;
  }

  start(): void {
    this.#cancel ??= this.#platform.scheduler.after(FLUSH_WINDOW_MS, () => {
      this.#cancel = null;
      this.#flush().catch((error: unknown) => {
        // Held since the change was made: an alarm has said so, and the timer is started again when it ends.
        if (!isHold(error)) this.#platform.report(error);
      });
    });
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
  }
}
