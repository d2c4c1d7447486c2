// fast-check with a seed that is always printed, so that a failure anywhere can be run again.
import fc from "fast-check";

declare const process: { readonly env: Record<string, string | undefined> } | undefined;

const given = typeof process === "undefined" ? undefined : process.env["SEED"];
const seed = given === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(given);
console.log(`fast-check seed ${seed}`);

/** Checks an asynchronous property `runs` times. */
export function check<Values extends [unknown, ...unknown[]]>(
  runs: number,
  arbitraries: { [K in keyof Values]: fc.Arbitrary<Values[K]> },
  holds: (...values: Values) => Promise<void>,
): Promise<void> {
  return fc.assert(fc.asyncProperty(...arbitraries, holds), { seed, numRuns: runs });
}
