/** Runs jobs about names: of those that share one, the later waits for the earlier; the others go side by side. */
export class Turns {
  readonly #lastByName = new Map<string, Promise<unknown>>();

  /** A job about several names waits for all that came before about any of them. */
  async run<T>(names: Iterable<string>, job: () => Promise<T>): Promise<T> {
    const own = new Set(names);
    const mine = Promise.all([...own].map((name) => this.#lastByName.get(name))).then(job);
    // The failure belongs to whoever awaits `mine`; those that wait only need to know that it is over.
    const over = mine.catch(() => undefined);
    for (const name of own) this.#lastByName.set(name, over);
    try {
      return await mine;
    } finally {
      for (const name of own) if (this.#lastByName.get(name) === over) this.#lastByName.delete(name);
    }
  }
}
