// The model, the twin and core on histories that nobody would write.
import { describe, expect, test } from "vitest";
import { accept } from "../../src/rules/accept.ts";
import type { Entry } from "../../src/rules/facts.ts";
import { SeededRandom } from "../../src/seeded-random.ts";
import { model } from "./support/as-model.ts";
import { asModelHas, contentInCore, coreFindings, isInModel, modelFindings, twinFindings } from "./support/compare.ts";
import { randomHistory } from "./support/random-history.ts";

const isFull = process.env["SELKIE_TEST_FULL"] === "1";
const seeds = (few: number, many: number): number => (isFull ? many : few);
const seedOf = process.env["SELKIE_RULES_SEED"];

function eachSeed(name: string, count: number, check: (random: SeededRandom, seed: string) => void): void {
  const names = seedOf === undefined ? Array.from({ length: count }, (_, seed) => `${seed}`) : [seedOf];
  for (const seed of names) {
    try {
      check(new SeededRandom(`${name}/${seed}`), seed);
    } catch (cause) {
      throw new Error(`SELKIE_RULES_SEED=${seed} runs this history again`, { cause });
    }
  }
}

function shuffled<Item>(items: readonly Item[], random: SeededRandom): readonly Item[] {
  const left = [...items];
  return items.flatMap(() => left.splice(random.below(left.length), 1));
}

/** All of a history, or what of it has arrived. */
function arrived(random: SeededRandom, history: readonly Entry[]): readonly Entry[] {
  return random.chance(0.6) ? history : history.filter(() => random.chance(0.9));
}

const timeout = 3_600_000;

describe("random histories with adversaries", () => {
  test.skipIf(model === null)("D10 model, twin and core agree, whatever arrived in whatever order", { timeout }, () => {
    if (model === null) return;
    const asked = model;
    let [inModel, all] = [0, 0];
    eachSeed("three", seeds(1_500, 100_000), (random) => {
      const history = randomHistory(random, { length: random.between(6, 26), beyondModel: false });
      const entries = shuffled(arrived(random, history), random);
      const accepted = accept(entries);
      const twin = twinFindings(entries, accepted);
      expect(coreFindings(entries)).toEqual(twin);
      all += 1;
      if (!isInModel(accepted)) return;
      inModel += 1;
      expect(modelFindings(asked, entries, accepted)).toEqual(asModelHas(twin));
    });
    if (seedOf === undefined) expect(inModel / all).toBeGreaterThan(0.8);
  });

  test("D10 twin and core agree on what the model lacks", { timeout }, () => {
    eachSeed("two", seeds(1_500, 50_000), (random) => {
      const history = randomHistory(random, { length: random.between(6, 26), beyondModel: true });
      const entries = shuffled(arrived(random, history), random);
      expect(coreFindings(entries)).toEqual(twinFindings(entries));
    });
  });

  test("D10 every order gives one result, and caches one content", { timeout }, () => {
    eachSeed("orders", seeds(500, 10_000), (random) => {
      const history = randomHistory(random, { length: random.between(6, 30), beyondModel: true });
      const again = shuffled(history, random);
      const sorted = (entries: readonly Entry[]) => coreFindings(entries);
      expect(sorted(again)).toEqual(sorted(history));
      expect(contentInCore(again)).toBe(contentInCore(history));
    });
  });

  test("D10 the rules have one fixpoint: from nothing and from everything the same is reached", { timeout }, () => {
    eachSeed("fixpoint", seeds(500, 20_000), (random) => {
      const entries = randomHistory(random, { length: random.between(6, 26), beyondModel: true });
      const fromNothing = accept(entries, "nothing");
      const fromEverything = accept(entries, "everything");
      expect([...fromEverything.entries].sort()).toEqual([...fromNothing.entries].sort());
      expect([...fromEverything.endings].sort()).toEqual([...fromNothing.endings].sort());
    });
  });
});
