/** Runs jobs one after another, in the order they came; a job that fails does not stop the next. */
export class Serial {
  #last: Promise<unknown> = Promise.resolve();

  run<T>(job: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(job);
    // The failure belongs to whoever awaits `mine`; the chain only needs to know that it is over.
    this.#last = mine.catch(() => undefined);
    return mine;
  }
}
