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
