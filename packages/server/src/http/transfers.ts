// How many blobs come and go at once. What is in memory of each is bounded, so this bounds all of it.

import type { Scheduler } from "@selkie/sync-protocol";
import type { Counters } from "../counters.ts";
import type { Login } from "../tenants/tenant.ts";
import { HttpRefusal } from "./http-refusal.ts";

export interface TransfersOptions {
  /** All together. */
  readonly transfers: number;
  /** Of one session. */
  readonly transfersPerSession: number;
  /** What each may take, ms. */
  readonly transferMs: number;
  readonly scheduler: Scheduler;
  readonly counters: Counters;
}

/** The transfers that are under way. */
export class Transfers {
  readonly #options: TransfersOptions;
  readonly #openBySession = new Map<Login, number>();
  readonly #running = new Set<Promise<void>>();

  constructor(options: TransfersOptions) {
    this.#options = options;
  }

  /**
   * Takes a place, to be given back by calling what is returned. `cut` is called if that takes too long.
   *
   * @throws HttpRefusal `TOO_MANY_TRANSFERS`, `RELAY_BUSY`
   */
  begin(login: Login, cut: () => void): () => void {
    const { transfers, transfersPerSession, transferMs, scheduler, counters } = this.#options;
    const ofSession = this.#openBySession.get(login) ?? 0;
    if (ofSession >= transfersPerSession) throw new HttpRefusal("TOO_MANY_TRANSFERS", RETRY);
    if (this.#running.size >= transfers) throw new HttpRefusal("RELAY_BUSY", RETRY);
    this.#openBySession.set(login, ofSession + 1);
    counters.move("transfers", 1);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#running.add(promise);
    const cancel = scheduler.after(transferMs, cut);
    return () => {
      if (!this.#running.delete(promise)) return;
      cancel();
      const left = (this.#openBySession.get(login) ?? 1) - 1;
      if (left === 0) this.#openBySession.delete(login);
      else this.#openBySession.set(login, left);
      counters.move("transfers", -1);
      resolve();
    };
  }

  /** Resolves when none is under way of those that are now. */
  async finished(): Promise<void> {
    await Promise.all(this.#running);
  }
}

const RETRY = { "retry-after": "1" };
