/** What `run` gives; prints the CPU time it took. The bar is 50 ms for a hostile change of 1 MiB; a busy machine proves nothing, so it is not asserted. */
export function reportCpu<T>(what: string, run: () => T): T {
  const before = process.cpuUsage();
  const result = run();
  const { user, system } = process.cpuUsage(before);
  console.log(`${what}: ${((user + system) / 1000).toFixed(1)} ms CPU`);
  return result;
}
