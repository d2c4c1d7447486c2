import type { Platform } from "../platform.ts";

const FIRST_MS = 250;
const MOST_MS = 30_000;

/** The pause before another attempt: longer each time until one succeeds, and jittered, so that not all who lost a relay come back at once. */
export class GrowingPause {
  readonly #platform: Pick<Platform, "crypto" | "scheduler">;
  #failures = 0;
  #wake: (() => void) | null = null;

  constructor(platform: Pick<Platform, "crypto" | "scheduler">) {
    this.#platform = platform;
  }

  /** An attempt succeeded: the next pause is short again. */
  reset(): void {
    this.#failures = 0;
  }

  /** Ends the pause that is under way, if there is one. */
  end(): void {
    this.#wake?.();
  }

  async wait(): Promise<void> {
    const { crypto, scheduler } = this.#platform;
    const most = Math.min(MOST_MS, FIRST_MS * 2 ** Math.min(this.#failures, 10));
    this.#failures += 1;
    const [jitter = 0] = crypto.randomBytes(1);
    await new Promise<void>((resolve) => {
      const cancel = scheduler.after(most / 2 + (most / 2) * (jitter / 255), resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
    this.#wake = null;
  }
}
