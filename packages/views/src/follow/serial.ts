/** Runs asynchronous jobs one after the other; a failed job rejects its own promise only. */
export class Serial {
  #tail: Promise<unknown> = Promise.resolve();

  run<Result>(job: () => Promise<Result>): Promise<Result> {
    const result = this.#tail.then(job);
    this.#tail = result.catch(() => undefined); // the caller of run() has the rejection
    return result;
  }
}
