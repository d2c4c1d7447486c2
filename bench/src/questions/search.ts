import { figure } from "../measure.ts";
import type { BenchProcess } from "../peers/process.ts";
import type { Figure, Question } from "../question.ts";
import { type Asked, changesByTurns, ofEach, openAgain, roundsOfEach } from "../rounds.ts";

const KEEPER = new URL("../peers/search-keeper.js", import.meta.url);
const ASKED = ["words", "prefix", "fuzzy"] as const;

/** What one round took, in microseconds of CPU. */
interface Round {
  /** MiniSearch's index of objects in memory, and of the same read from the database for it. */
  readonly plain: number;
  readonly read: number;
  readonly build: number;
  /** Ten changes and a search, of a database that is not searched and of the one that is: the median of some turns. */
  readonly change: number;
  readonly follow: number;
  readonly reopen: number;
  /** What a search took, by what was looked for: MiniSearch's and ours. */
  readonly asked: Readonly<Record<string, readonly [plain: number, own: number]>>;
}

/** Notes found by words: an index of them made for the first time, after ten changes, and opened again; and what it is asked. */
export const search: Question = {
  name: "search",
  asks: "an index of the words of notes, until a search has found the first 50 / MiniSearch.addAll of the same objects (CPU)",
  run: async (progress) => {
    const found = await roundsOfEach({ question: "search", keeper: KEEPER }, progress, askOnce);
    return { figures: ofEach(found, figuresOf), ratios: ofEach(found, ratiosOf) };
  },
};

async function askOnce(keeper: BenchProcess, name: string): Promise<Round> {
  await keeper.ask("restart");
  const read = await keeper.ask<number>("read");
  await keeper.ask("close");
  await keeper.ask("restart");
  const build = await keeper.ask<number>("build", name);
  const plain = await keeper.ask<number>("plain");
  await keeper.ask("check");
  const asked: Record<string, readonly [number, number]> = {};
  for (const question of ASKED)
    asked[question] = [await keeper.ask<number>("askPlain", question), await keeper.ask<number>("ask", question)];
  const { follow, change } = await changesByTurns(keeper);
  const reopen = await openAgain(keeper, name);
  return { plain, read, build, change, follow, reopen, asked };
}

function figuresOf(count: number, { cold, rounds }: Asked<Round>): readonly (readonly [string, Figure])[] {
  const of = (what: Exclude<keyof Round, "asked">): Figure =>
    figure(
      "us",
      rounds.map((round) => round[what]),
    );
  return [
    [`CPU, MiniSearch, objects in memory, ${count} documents`, of("plain")],
    [`CPU, MiniSearch, read from the database, ${count} documents`, of("read")],
    [`CPU, first build, ${count} documents`, of("build")],
    [`CPU, first build, the first of the process, ${count} documents`, figure("us", [cold.build])],
    [`CPU, ten changes elsewhere and a search, ${count} documents`, of("change")],
    [`CPU, ten changes and a search that finds them, ${count} documents`, of("follow")],
    [`CPU, reopened, ${count} documents`, of("reopen")],
    ...ASKED.flatMap((question) =>
      (["MiniSearch", "search"] as const).map((who, at): readonly [string, Figure] => [
        `CPU, ${question}, ${who}, ${count} documents`,
        figure(
          "us",
          rounds.map(({ asked }) => asked[question]?.[at] ?? 0),
        ),
      ]),
    ),
  ];
}

function ratiosOf(count: number, { cold, rounds }: Asked<Round>): readonly (readonly [string, Figure])[] {
  const documents = `${count.toLocaleString("en")} documents`;
  const ratio = (make: (round: Round) => number): Figure => figure("ratio", rounds.map(make));
  return [
    [`MiniSearch of objects in memory / first build, ${documents}`, ratio(({ plain, build }) => plain / build)],
    [
      `MiniSearch of objects in memory / first build, the first of the process, ${documents}`,
      figure("ratio", [cold.plain / cold.build]),
    ],
    [`MiniSearch of what is read / first build, ${documents}`, ratio(({ read, build }) => read / build)],
    [
      `ten changes followed / first build, ${documents}`,
      ratio(({ follow, change, build }) => Math.max(0, follow - change) / build),
    ],
    [`reopened / first build, ${documents}`, ratio(({ reopen, build }) => reopen / build)],
    ...ASKED.map((question): readonly [string, Figure] => [
      `${question} / MiniSearch in memory, ${documents}`,
      ratio(({ asked }) => (asked[question]?.[1] ?? 0) / (asked[question]?.[0] ?? 0)),
    ]),
  ];
}
