/** What was done lately: whether something may be done again is asked by name. */
export class Recently {
  readonly #options: { readonly now: () => number; readonly forMs: number; readonly most: number };
  /** By name, the latest last. */
  readonly #doneAt = new Map<string, number>();

  /** @param options beyond `most` names the oldest are forgotten */
  constructor(options: { readonly now: () => number; readonly forMs: number; readonly most: number }) {
    this.#options = options;
  }

  has(name: string): boolean {
    const at = this.#doneAt.get(name);
    return at !== undefined && this.#options.now() - at < this.#options.forMs;
  }

  note(name: string): void {
    this.#doneAt.delete(name);
    this.#doneAt.set(name, this.#options.now());
    const [oldest] = this.#doneAt.keys();
    if (this.#doneAt.size > this.#options.most && oldest !== undefined) this.#doneAt.delete(oldest);
  }
}
