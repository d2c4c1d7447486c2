// Seeds of random histories: few in CI, many with SELKIE_TEST_FULL=1, one with SELKIE_RULES_SEED.
import { SeededRandom } from "../../../src/seeded-random.ts";

const isFull = process.env["SELKIE_TEST_FULL"] === "1";
const only = process.env["SELKIE_RULES_SEED"];

export const seeds = (few: number, many: number): number => (isFull ? many : few);

export const isOneSeed: boolean = only !== undefined;

/** @param traced seeds beyond those that failed once: they are run always */
export function eachSeed(
  name: string,
  { count, traced = [] }: { readonly count: number; readonly traced?: readonly number[] },
  check: (random: SeededRandom, seed: string) => void,
): void {
  const all = new Set([...Array(count).keys(), ...traced].map(String));
  for (const seed of only === undefined ? all : [only]) {
    try {
      check(new SeededRandom(`${name}/${seed}`), seed);
    } catch (cause) {
      throw new Error(`SELKIE_RULES_SEED=${seed} runs this history again`, { cause });
    }
  }
}
