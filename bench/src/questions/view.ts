import { figure } from "../measure.ts";
import type { BenchProcess } from "../peers/process.ts";
import type { Figure, Question } from "../question.ts";
import { changesByTurns, ofEach, openAgain, roundsOfEach } from "../rounds.ts";

const KEEPER = new URL("../peers/view-keeper.js", import.meta.url);

/** What one round took, in microseconds of CPU. */
interface Round {
  /** Grouped, sorted and summed up by plain means: objects in memory, and read from the database for it. */
  readonly plain: number;
  readonly read: number;
  readonly build: number;
  /** Ten changes and a look at the view, of a database that it is not of and of its own: the median of some turns. */
  readonly change: number;
  readonly follow: number;
  readonly reopen: number;
}

/** A report that groups, sorts and sums up: a view of it made for the first time, after ten changes, and opened again. */
export const view: Question = {
  name: "view",
  asks: "a view of two categories, a sorted column and a sum, until its first 50 rows are there / a plain group and sort (CPU)",
  run: async (progress) => {
    const found = await roundsOfEach({ question: "view", keeper: KEEPER }, progress, askOnce);
    const of = (rounds: readonly Round[], what: keyof Round): Figure =>
      figure(
        "us",
        rounds.map((round) => round[what]),
      );
    const ratio = (rounds: readonly Round[], make: (round: Round) => number): Figure =>
      figure("ratio", rounds.map(make));
    return {
      figures: ofEach(found, (count, { cold, rounds }) => [
        [`CPU, plain, objects in memory, ${count} documents`, of(rounds, "plain")],
        [`CPU, plain, read from the database, ${count} documents`, of(rounds, "read")],
        [`CPU, first build, ${count} documents`, of(rounds, "build")],
        [`CPU, first build, the first of the process, ${count} documents`, of([cold], "build")],
        [`CPU, ten changes elsewhere and a look, ${count} documents`, of(rounds, "change")],
        [`CPU, ten changes and a look that shows them, ${count} documents`, of(rounds, "follow")],
        [`CPU, reopened, ${count} documents`, of(rounds, "reopen")],
      ]),
      ratios: ofEach(found, (count, { cold, rounds }) => {
        const documents = `${count.toLocaleString("en")} documents`;
        return [
          [`plain / first build, ${documents}`, ratio(rounds, ({ read, build }) => read / build)],
          [
            `plain / first build, the first of the process, ${documents}`,
            ratio([cold], ({ read, build }) => read / build),
          ],
          [
            `plain of objects in memory / first build, ${documents}`,
            ratio(rounds, ({ plain, build }) => plain / build),
          ],
          [
            `ten changes followed / first build, ${documents}`,
            ratio(rounds, ({ follow, change, build }) => Math.max(0, follow - change) / build),
          ],
          [`reopened / first build, ${documents}`, ratio(rounds, ({ reopen, build }) => reopen / build)],
        ];
      }),
    };
  },
};

async function askOnce(keeper: BenchProcess, name: string): Promise<Round> {
  await keeper.ask("restart");
  const read = await keeper.ask<number>("read");
  const plain = await keeper.ask<number>("plain");
  await keeper.ask("restart");
  const build = await keeper.ask<number>("build", name);
  const { follow, change } = await changesByTurns(keeper);
  const reopen = await openAgain(keeper, name);
  return { plain, read, build, change, follow, reopen };
}
