import { figure } from "../measure.ts";
import { startProcess } from "../peers/process.ts";
import type { Figure, Question } from "../question.ts";

const COUNTS = [10_000, 100_000] as const;
const ROUNDS = 5;
const KEEPER = new URL("../peers/query-keeper.js", import.meta.url);

/** What one round took, in microseconds of CPU. */
interface Round {
  readonly plain: number;
  readonly scan: number;
  readonly indexed: number;
}

/** The 50 largest of a tenth of the documents: found by looking at each, and from an index of region and amount. */
export const query: Question = {
  name: "query",
  asks: "the first 50 documents of a region and a range, by amount / filter, sort and slice of a plain array of the same objects (CPU)",
  run: async (progress) => {
    const found = new Map<number, { readonly rounds: readonly Round[]; readonly made: number }>();
    for (const count of COUNTS) {
      progress(`${count} documents are made`);
      await using keeper = startProcess(KEEPER);
      await keeper.ask("make", count);
      const made = await keeper.ask<number>("index");
      await keeper.ask("check");
      const rounds: Round[] = [];
      for (let round = 0; round <= ROUNDS; round++) {
        progress(round === 0 ? `${count} documents, warming up` : `${count} documents, round ${round} of ${ROUNDS}`);
        const plain = await keeper.ask<number>("plain");
        const indexed = await keeper.ask<number>("indexed");
        const scan = await keeper.ask<number>("scan");
        if (round > 0) rounds.push({ plain, indexed, scan });
      }
      found.set(count, { rounds, made });
    }
    const each = (
      make: (count: number, rounds: readonly Round[], made: number) => readonly (readonly [string, Figure])[],
    ) => Object.fromEntries([...found].flatMap(([count, { rounds, made }]) => make(count, rounds, made)));
    const of = (rounds: readonly Round[], what: keyof Round): Figure =>
      figure(
        "us",
        rounds.map((round) => round[what]),
      );
    const against = (rounds: readonly Round[], what: keyof Round): Figure =>
      figure(
        "ratio",
        rounds.map((round) => round[what] / round.plain),
      );
    return {
      figures: each((count, rounds, made) => [
        [`CPU, a plain array, ${count} documents`, of(rounds, "plain")],
        [`CPU, from an index, ${count} documents`, of(rounds, "indexed")],
        [`CPU, each looked at, ${count} documents`, of(rounds, "scan")],
        [`CPU, the index made, ${count} documents`, figure("us", [made])],
      ]),
      ratios: each((count, rounds) => {
        const documents = `${count.toLocaleString("en")} documents`;
        return [
          [`from an index, ${documents}`, against(rounds, "indexed")],
          [`each looked at, ${documents}`, against(rounds, "scan")],
        ];
      }),
    };
  },
};
