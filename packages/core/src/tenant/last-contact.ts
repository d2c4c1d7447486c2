import type { DatabaseId } from "@selkie/entry";
import type { Store } from "@selkie/store";
import { type LocalState, rowKind } from "../local/local-state.ts";
import type { Platform } from "../platform.ts";

export interface LastContactContext {
  readonly platform: Pick<Platform, "now" | "scheduler">;
  readonly store: Pick<Store, "commit">;
  readonly local: LocalState;
  readonly directory: DatabaseId;
  /** Seconds without contact after which the directory is stale. */
  limit(): number;
  /** The directory has become stale. */
  onStale(): void;
}

/** A contact is written down again after this long: losing it makes the directory stale by as much too early. */
const SAVE_EVERY_MS = 3_600_000;

/**
 * When this device last held all of the directory that somebody else had, by its own clock, over restarts. A4: what a device does not hear
 * for long it can't know, a revocation above all. A tenant that never met anybody has nothing to be behind of.
 */
export class LastContact {
  readonly #at: LastContactContext;
  #last: number | null = null;
  #saved: number | null = null;
  /** A connection is up on which the directory has arrived. */
  #live = false;
  #announced = false;
  #cancel: (() => void) | null = null;

  constructor(at: LastContactContext) {
    this.#at = at;
  }

  async load(): Promise<void> {
    const row = await this.#at.local.recall(this.#key());
    if (row?.length === 8) this.#last = new DataView(row.buffer, row.byteOffset).getFloat64(0);
    this.#saved = this.#last;
    // A clock that was ahead and was set right: from here on it counts, and is written down, or no restart would ever find it stale.
    if (this.#last !== null && this.#last > this.#at.platform.now()) await this.#note();
  }

  /** Whether so much time has passed that a revocation may have been missed. */
  get isStale(): boolean {
    return this.#left() < 0;
  }

  /** All of the directory that somebody has is here. */
  async made(): Promise<void> {
    this.#live = true;
    await this.#note();
  }

  /** The last connection is gone. */
  async lost(): Promise<void> {
    if (this.#live) await this.#note();
    this.#live = false;
  }

  /** Says so, once, when the directory is stale. */
  check(): void {
    if (!this.isStale) return;
    if (!this.#announced) this.#at.onStale();
    this.#announced = true;
  }

  /** Says so when the directory becomes stale: while a connection is tried again and again, somebody is there to hear it. */
  watch(): void {
    this.stop();
    this.check();
    const left = this.#left();
    if (left < 0 || !Number.isFinite(left)) return;
    const { scheduler } = this.#at.platform;
    this.#cancel = scheduler.after(left + 1, () => this.watch());
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  /** Milliseconds until the directory is stale; infinite while it can't become so. */
  #left(): number {
    if (this.#live || this.#last === null) return Number.POSITIVE_INFINITY;
    const now = this.#at.platform.now();
    // A4: a clock that was ahead at the last contact, and was set right since: the time counts from when that is seen.
    if (this.#last > now) this.#last = now;
    const left = this.#last + this.#at.limit() * 1_000 - now;
    return Number.isNaN(left) ? Number.POSITIVE_INFINITY : left; // a clock that tells no time tells no staleness
  }

  async #note(): Promise<void> {
    const { platform, local, store } = this.#at;
    const now = platform.now();
    this.#last = now;
    this.#announced = false;
    if (this.#saved !== null && Math.abs(now - this.#saved) < SAVE_EVERY_MS) return;
    this.#saved = now;
    const row = new Uint8Array(8);
    new DataView(row.buffer).setFloat64(0, now);
    await store.commit({ put: [await local.seal(this.#key(), row)] });
  }

  #key(): Uint8Array {
    return this.#at.local.key(rowKind.contact, this.#at.directory);
  }
}
