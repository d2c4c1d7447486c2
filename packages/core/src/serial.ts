/** Runs asynchronous jobs one after the other; a failed job rejects its own promise only. */
export class Serial {
  #tail: Promise<unknown> = Promise.resolve();
  #running = 0;

  /** Whether a job runs or waits. */
  get isRunning(): boolean {
    return this.#running > 0;
  }

  /** Starts the job at once when no other is running. */
  run<Result>(job: () => Promise<Result>): Promise<Result> {
    const result = this.#running++ === 0 ? job() : this.#tail.then(job);
    const ended = () => {
      this.#running -= 1;
    };
    this.#tail = result.then(ended, ended); // the caller of run() has the rejection
    return result;
  }

  /** Resolves when everything queued so far has ended. */
  async idle(): Promise<void> {
    await this.#tail;
  }
}
