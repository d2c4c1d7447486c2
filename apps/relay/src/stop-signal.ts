// SIGTERM and SIGINT: the first asks, the second insists.

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;
type StopSignal = keyof typeof EXIT_CODES;

/** Resolves with the first signal that asks the process to stop. The next one ends it at once. */
export function stopSignal(process: NodeJS.Process): Promise<StopSignal> {
  const { promise, resolve } = Promise.withResolvers<StopSignal>();
  let asked = false;
  const onSignal = (signal: StopSignal): void => {
    if (asked) process.exit(EXIT_CODES[signal]);
    asked = true;
    resolve(signal);
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
  return promise;
}
