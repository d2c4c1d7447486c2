/** How long something is waited for. */
export interface WaitOptions {
  /** Ends the waiting, which rejects with the signal's reason; what was done by then stays done. */
  readonly signal?: AbortSignal;
}

/** The result of `work`, or the reason of the signal if that comes first. */
export async function unlessAborted<Result>(
  work: Promise<Result> | Result,
  signal: AbortSignal | undefined,
): Promise<Result> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal?.reason);
  if (signal?.aborted === true) abort();
  signal?.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([promise, work]);
  } finally {
    signal?.removeEventListener("abort", abort);
  }
}

interface Opening {
  readonly signal: AbortSignal | undefined;
  /** Gets what goes wrong when nobody waits any more. */
  report(error: unknown): void;
}

/** The same for what somebody opens, who would have to close it: what comes after the signal is given to `close`. */
export async function openUnlessAborted<Opened>(
  opening: Promise<Opened>,
  { signal, report }: Opening,
  close: (opened: Opened) => PromiseLike<void>,
): Promise<Opened> {
  if (signal === undefined) return opening;
  let isAwaited = true;
  opening.then((opened) => (isAwaited ? undefined : close(opened))).catch((error) => isAwaited || report(error));
  try {
    return await unlessAborted(opening, signal);
  } finally {
    isAwaited = false;
  }
}
