// Seeds of random histories: few in CI, many with SELKIE_TEST_FULL=1, one or a slice of these with SELKIE_RULES_SEED=7 or 2000-3000.
import { SeededRandom } from "../../../src/seeded-random.ts";

const isFull = process.env["SELKIE_TEST_FULL"] === "1";
const slice = process.env["SELKIE_RULES_SEED"]?.split("-").map(Number);

export const seeds = (few: number, many: number): number => (isFull ? many : few);

/** Then nothing can be said of how many histories show what. */
export const isSlice: boolean = slice !== undefined;

/** @param traced seeds beyond those that failed once: they are run always */
export function eachSeed(
  name: string,
  { count, traced = [] }: { readonly count: number; readonly traced?: readonly number[] },
  check: (random: SeededRandom) => void,
): void {
  const [first = 0, last = first] = slice ?? [0, count - 1];
  const run = Array.from({ length: last - first + 1 }, (_, at) => first + at);
  for (const seed of isSlice ? run : new Set([...run, ...traced])) {
    try {
      check(new SeededRandom(`${name}/${seed}`));
    } catch (cause) {
      throw new Error(`SELKIE_RULES_SEED=${seed} runs this history again`, { cause });
    }
  }
}
