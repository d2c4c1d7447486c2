import { figure } from "../measure.ts";
import type { BenchProcess } from "../peers/process.ts";
import type { Figure, Question } from "../question.ts";
import { type Asked, changesByTurns, ofEach, openAgain, roundsOfEach } from "../rounds.ts";

const KEEPER = new URL("../peers/query-keeper.js", import.meta.url);

/** What one round took, in microseconds of CPU. */
interface Round {
  /** The answer of a plain array, from an index, and by looking at each document. */
  readonly plain: number;
  readonly indexed: number;
  readonly scan: number;
  /** All read from the database, grouped and sorted by plain means; and the index made, until it has answered. */
  readonly read: number;
  readonly build: number;
  /** Ten changes and an answer, of a database that has no index and of the one that is asked: the median of some turns. */
  readonly change: number;
  readonly follow: number;
  readonly reopen: number;
}

/** The 50 largest of a tenth of the documents: found by looking at each, and from an index of region and amount. */
export const query: Question = {
  name: "query",
  asks: "the first 50 documents of a region and a range, by amount / filter, sort and slice of a plain array of the same objects (CPU)",
  run: async (progress) => {
    const found = await roundsOfEach({ question: "query", keeper: KEEPER }, progress, askOnce);
    return { figures: ofEach(found, figuresOf), ratios: ofEach(found, ratiosOf) };
  },
};

async function askOnce(keeper: BenchProcess, name: string): Promise<Round> {
  await keeper.ask("restart");
  const read = await keeper.ask<number>("read");
  const scan = await keeper.ask<number>("scan");
  await keeper.ask("restart");
  const build = await keeper.ask<number>("build", name);
  await keeper.ask("check");
  const plain = await keeper.ask<number>("plain");
  const indexed = await keeper.ask<number>("indexed");
  const turns = await changesByTurns(keeper);
  const reopen = await openAgain(keeper, name);
  return { plain, indexed, scan, read, build, ...turns, reopen };
}

function figuresOf(count: number, { cold, rounds }: Asked<Round>): readonly (readonly [string, Figure])[] {
  const of = (what: keyof Round): Figure =>
    figure(
      "us",
      rounds.map((round) => round[what]),
    );
  return [
    [`CPU, a plain array, ${count} documents`, of("plain")],
    [`CPU, from an index, ${count} documents`, of("indexed")],
    [`CPU, each looked at, ${count} documents`, of("scan")],
    [`CPU, read, grouped and sorted plainly, ${count} documents`, of("read")],
    [`CPU, the index made, ${count} documents`, of("build")],
    [`CPU, the index made, the first of the process, ${count} documents`, figure("us", [cold.build])],
    [`CPU, ten changes elsewhere and an answer, ${count} documents`, of("change")],
    [`CPU, ten changes and an answer that has them, ${count} documents`, of("follow")],
    [`CPU, reopened, ${count} documents`, of("reopen")],
  ];
}

function ratiosOf(count: number, { cold, rounds }: Asked<Round>): readonly (readonly [string, Figure])[] {
  const documents = `${count.toLocaleString("en")} documents`;
  const ratio = (make: (round: Round) => number): Figure => figure("ratio", rounds.map(make));
  return [
    [`from an index, ${documents}`, ratio(({ indexed, plain }) => indexed / plain)],
    [`each looked at, ${documents}`, ratio(({ scan, plain }) => scan / plain)],
    [`plain / first build, ${documents}`, ratio(({ read, build }) => read / build)],
    [`plain / first build, the first of the process, ${documents}`, figure("ratio", [cold.read / cold.build])],
    [
      `ten changes followed / first build, ${documents}`,
      ratio(({ follow, change, build }) => Math.max(0, follow - change) / build),
    ],
    [`reopened and caught up / first build, ${documents}`, ratio(({ reopen, build }) => reopen / build)],
  ];
}
