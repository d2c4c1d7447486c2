import type { DirectoryView } from "../directory/directory-view.ts";
import { isHold } from "../hold-code.ts";
import type { Platform } from "../platform.ts";

/** E2: while online, local changes are sealed at most once in this many ms, however fast somebody types; the tenant's setting may say more. */
const FLUSH_WINDOW_MS = { least: 250, most: 2_000 };
const FLUSH_WINDOW_SETTING = "flushWindow";
/** Every window lasts up to this part longer, by chance: a rhythm that is always the same shows more of who writes. */
const JITTER = 1 / 4;

type Settings = Pick<DirectoryView, "settings">;

/** One flush per window: the first change starts it, the ones that follow join. */
export class FlushTimer {
  readonly #platform: Platform;
  readonly #view: () => Settings;
  readonly #flush: () => Promise<void>;
  #cancel: (() => void) | null = null;

  constructor(platform: Platform, view: () => Settings, flush: () => Promise<void>) {
    this.#platform = platform;
    this.#view = view;
    this.#flush = flush;
  }

  start(): void {
    if (this.#cancel !== null) return;
    const [chance = 0] = this.#platform.crypto.randomBytes(1);
    this.#cancel = this.#platform.scheduler.after(flushWindow(this.#view()) * (1 + (JITTER * chance) / 255), () => {
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

/** The tenant's flush window in ms. */
function flushWindow({ settings }: Settings): number {
  const set = settings.get(FLUSH_WINDOW_SETTING);
  const { least, most } = FLUSH_WINDOW_MS;
  return typeof set === "number" ? Math.min(most, Math.max(least, set)) : least;
}
