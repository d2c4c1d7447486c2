/** What `run` gives; prints the CPU time it took. A busy machine proves nothing, so it is not asserted: `bench hostile` holds it to 50 ms. */
export function reportCpu<T>(what: string, run: () => T): T {
  const before = process.cpuUsage();
  const result = run();
  const { user, system } = process.cpuUsage(before);
  console.log(`${what}: ${((user + system) / 1000).toFixed(1)} ms CPU`);
  return result;
}
