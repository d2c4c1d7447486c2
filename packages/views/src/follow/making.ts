interface MakingContext {
  /** Fills the index, and takes what has changed since. */
  caughtUp(): Promise<void>;
  /** Ends that. */
  close(): Promise<void>;
  /** Follows once there is something to read. */
  made(): Promise<void>;
}

/** The making of an index that is not kept yet: in the background, and for whoever needs it first. */
export class Making {
  readonly #at: MakingContext;
  readonly #signal: AbortSignal | undefined;
  #isMade = false;
  #making: Promise<void> | null = null;
  #isClosed = false;

  /** @param signal ends it */
  constructor(at: MakingContext, signal: AbortSignal | undefined) {
    this.#at = at;
    this.#signal = signal;
  }

  get isMade(): boolean {
    return this.#isMade;
  }

  /** What was kept is gone on with. */
  goOn(): void {
    this.#isMade = true;
  }

  /** From now on what ends it is that it was closed, whatever the signal says. */
  close(): void {
    this.#isClosed = true;
  }

  /** Once there is something to read. What failed is tried again when somebody asks next. @throws the signal's reason, and what `caughtUp` does */
  async done(): Promise<void> {
    if (this.#isMade) return;
    this.#making ??= this.#make().finally(() => {
      this.#making = null;
    });
    await this.#making;
  }

  async #make(): Promise<void> {
    const signal = this.#signal;
    const abort = () => void this.#at.close();
    signal?.addEventListener("abort", abort);
    try {
      signal?.throwIfAborted();
      await this.#at.caughtUp();
    } catch (error) {
      throw signal?.aborted === true && !this.#isClosed ? signal.reason : error;
    } finally {
      signal?.removeEventListener("abort", abort);
    }
    this.#isMade = true;
    await this.#at.made();
  }
}
