// The model, the twin and core on histories that nobody would write.
import { describe, expect, test } from "vitest";
import { accept } from "../../src/rules/accept.ts";
import type { Entry } from "../../src/rules/facts.ts";
import type { SeededRandom } from "../../src/seeded-random.ts";
import { model } from "./support/as-model.ts";
import { asModelHas, coreFindings, isInModel, modelFindings, twinFindings } from "./support/compare.ts";
import { shuffled } from "./support/orders.ts";
import { randomHistory } from "./support/random-history.ts";
import { eachSeed, isSlice, seeds } from "./support/seeds.ts";

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
    eachSeed("three", { count: seeds(1_500, 100_000) }, (random) => {
      const history = randomHistory(random, { length: random.between(6, 26), beyondModel: false });
      const entries = shuffled(arrived(random, history), random);
      const accepted = accept(entries);
      expect(coreFindings(entries)).toEqual(twinFindings(entries, accepted));
      all += 1;
      if (!isInModel(accepted)) return;
      inModel += 1;
      expect(modelFindings(asked, accepted)).toEqual(asModelHas(accepted));
    });
    if (!isSlice) expect(inModel / all).toBeGreaterThan(0.8);
  });

  test("D10 twin and core agree on what the model lacks", { timeout }, () => {
    eachSeed("two", { count: seeds(1_500, 50_000) }, (random) => {
      const history = randomHistory(random, { length: random.between(6, 26), beyondModel: true });
      const entries = shuffled(arrived(random, history), random);
      expect(coreFindings(entries)).toEqual(twinFindings(entries));
    });
  });

  test("D10 every order gives one result", { timeout }, () => {
    eachSeed("orders", { count: seeds(500, 10_000) }, (random) => {
      const history = randomHistory(random, { length: random.between(6, 30), beyondModel: true });
      const again = shuffled(history, random);
      expect(coreFindings(again)).toEqual(coreFindings(history));
    });
  });

  test("D10 the rules have one fixpoint: from nothing and from everything the same is reached", { timeout }, () => {
    eachSeed("fixpoint", { count: seeds(500, 20_000) }, (random) => {
      const entries = randomHistory(random, { length: random.between(6, 26), beyondModel: true });
      const fromNothing = accept(entries, { start: "nothing" });
      const fromEverything = accept(entries, { start: "everything" });
      expect([...fromEverything.entries].sort()).toEqual([...fromNothing.entries].sort());
      expect([...fromEverything.endings].sort()).toEqual([...fromNothing.endings].sort());
    });
  });
});
