/** The result of `work`, or the reason of the signal if that comes first. */
export async function unlessAborted<Result>(
  work: Promise<Result> | Result,
  signal: AbortSignal | undefined,
): Promise<Result> {
  signal?.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal?.reason);
  signal?.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal?.removeEventListener("abort", abort);
  }
}
