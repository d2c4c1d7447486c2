import { CoreError } from "../errors.ts";
import { hexOf } from "../hex.ts";
import type { Platform } from "../platform.ts";
import { Serial } from "../serial.ts";
import { giveMissing } from "./key-care.ts";
import type { StatementContext } from "./statement-context.ts";

/** How long who is to give what others lack of a key has time for it, before it is the turn of the next. */
const TURN_MS = 60_000;

/**
 * Gives what others lack of keys, in turns: who is first does so at once; who is not, once it has waited in vain, by its own clock. In each
 * further turn there are twice as many as in the one before, so that nobody waits for long, and few give the same.
 */
export class Giving {
  readonly #platform: Pick<Platform, "now" | "scheduler" | "report">;
  readonly #at: StatementContext;
  /** By key id in hex: since when this device has seen that something of it is to be given. */
  #since: ReadonlyMap<string, number> = new Map();
  /** Each look goes by what the one before it has given. */
  readonly #looking = new Serial();
  #cancel: (() => void) | null = null;
  #isStopped = false;

  constructor(at: StatementContext) {
    this.#at = at;
    this.#platform = at.context.platform;
  }

  /** The directory changed. */
  look(): Promise<void> {
    return this.#looking.run(() => this.#look());
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel?.();
  }

  async #look(): Promise<void> {
    const now = this.#platform.now();
    const since = new Map<string, number>();
    let isWaiting = false;
    await giveMissing(this.#at, (keyId, turn) => {
      const name = hexOf(keyId);
      const from = Math.min(this.#since.get(name) ?? now, now);
      const isTurn = now - from >= turn * TURN_MS;
      since.set(name, isTurn ? now : from); // what does not help is not given over and over
      isWaiting ||= !isTurn;
      return isTurn;
    });
    this.#since = since;
    if (isWaiting) this.#wait();
  }

  #wait(): void {
    if (this.#isStopped || this.#cancel !== null) return;
    this.#cancel = this.#platform.scheduler.after(TURN_MS, () => {
      this.#cancel = null;
      if (this.#isStopped) return;
      void this.look().catch((error: unknown) => {
        if (!(error instanceof CoreError)) this.#platform.report(error); // this device is out meanwhile
      });
    });
  }
}
