// Seeds of random histories: few in CI, many with SELKIE_TEST_FULL=1, one with SELKIE_RULES_SEED.
import { SeededRandom } from "../../../src/seeded-random.ts";

const isFull = process.env["SELKIE_TEST_FULL"] === "1";
const only = process.env["SELKIE_RULES_SEED"];

export const seeds = (few: number, many: number): number => (isFull ? many : few);

export const isOneSeed: boolean = only !== undefined;

export function eachSeed(name: string, count: number, check: (random: SeededRandom, seed: string) => void): void {
  const names = only === undefined ? Array.from({ length: count }, (_, seed) => `${seed}`) : [only];
  for (const seed of names) {
    try {
      check(new SeededRandom(`${name}/${seed}`), seed);
    } catch (cause) {
      throw new Error(`SELKIE_RULES_SEED=${seed} runs this history again`, { cause });
    }
  }
}
