/**
 * Many are in at once, or one alone. Who wants to be alone waits until nobody is in, and meanwhile others still come in: so nobody who is
 * in ever waits for one who is not.
 */
export class SharedLock {
  #inside = 0;
  #isAlone = false;
  readonly #waiting: (() => void)[] = [];

  /** Whether anybody is in who shares it. */
  get isShared(): boolean {
    return this.#inside > 0;
  }

  /** Goes in, at once when it gives nothing; everybody who went in calls `leave` once. */
  enter(): Promise<void> | undefined {
    if (this.#isAlone) return this.#enterLater();
    this.#inside += 1;
    return undefined;
  }

  leave(): void {
    this.#inside -= 1;
    if (this.#inside === 0) this.#wake();
  }

  /** Runs work while nobody is in: it begins at once when nobody is. */
  async alone<Result>(work: () => Promise<Result>): Promise<Result> {
    while (this.#isAlone || this.#inside > 0) await this.#moved();
    this.#isAlone = true;
    try {
      return await work();
    } finally {
      this.#isAlone = false;
      this.#wake();
    }
  }

  async #enterLater(): Promise<void> {
    while (this.#isAlone) await this.#moved();
    this.#inside += 1;
  }

  #moved(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  #wake(): void {
    if (this.#waiting.length > 0) for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
