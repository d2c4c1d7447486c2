export interface RecentlyOptions {
  readonly now: () => number;
  readonly forMs: number;
  /** What is done again and again is so for twice as long each time, up to this; else always for as long. */
  readonly upToMs?: number;
  /** Beyond so many names the oldest are forgotten. */
  readonly most: number;
}

/** What was done lately: whether something may be done again is asked by name. */
export class Recently {
  readonly #options: RecentlyOptions;
  /** By name, the latest last. */
  readonly #done = new Map<string, { readonly at: number; readonly forMs: number }>();

  constructor(options: RecentlyOptions) {
    this.#options = options;
  }

  has(name: string): boolean {
    const done = this.#done.get(name);
    return done !== undefined && this.#options.now() - done.at < done.forMs;
  }

  note(name: string): void {
    const { now, forMs, upToMs = forMs, most } = this.#options;
    const before = this.#done.get(name);
    this.#done.delete(name);
    this.#done.set(name, { at: now(), forMs: before === undefined ? forMs : Math.min(2 * before.forMs, upToMs) });
    const [oldest] = this.#done.keys();
    if (this.#done.size > most && oldest !== undefined) this.#done.delete(oldest);
  }
}
