import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { median } from "./measure.ts";
import { type BenchProcess, startProcess } from "./peers/process.ts";

/** How many documents, and in how many rounds: a round of few is brief, and differs more from the next. */
const ASKED = [
  { count: 10_000, rounds: 15 },
  { count: 100_000, rounds: 5 },
] as const;
/** Rounds that warm up: until then V8 compiles what the round before had it drop again, as other views and indexes came to the same code. */
const WARMING = 3;
const TURNS = 31;

/**
 * With so much room, in MB, and with what lies outside of it counted in, the old generation is collected once in some rounds at most: when
 * that is is chance, and half of it happens on other threads while something is measured that left none of that garbage. With more room, pages of
 * memory that nothing was in before cost more than the work. The young one is collected at its usual size, and what it moves is measured.
 */
const FLAGS = ["--initial-old-space-size=2048", "--external-memory-accounted-in-global-limit"];

/** What was asked of so many documents. */
export interface Asked<Round> {
  /** The first of the process. */
  readonly cold: Round;
  /** Those that count. */
  readonly rounds: readonly Round[];
}

/** By the number of documents. */
type EachAsked<Round> = ReadonlyMap<number, Asked<Round>>;

/**
 * Has a process make databases of 10,000 and of 100,000 documents, and asks it for some rounds of each, behind those that warm up.
 * @param ask one round, under a name that was not there before
 */
export async function roundsOfEach<Round>(
  { question, keeper }: { readonly question: string; readonly keeper: URL },
  progress: (text: string) => void,
  ask: (keeper: BenchProcess, name: string) => Promise<Round>,
): Promise<EachAsked<Round>> {
  await using directory = await mkdtempDisposable(join(tmpdir(), `${question}-bench-`));
  const found = new Map<number, Asked<Round>>();
  for (const { count, rounds } of ASKED) {
    progress(`${count} documents are made`);
    await using process = startProcess(keeper, [], FLAGS);
    await process.ask("make", { directory: join(directory.path, String(count)), count });
    const all: Round[] = [];
    for (let round = 0; round < WARMING + rounds; round++) {
      const counted = round < WARMING ? "warming up" : `round ${round - WARMING + 1} of ${rounds}`;
      progress(`${count} documents, ${counted}`);
      all.push(await ask(process, `${question} ${round}`));
    }
    const [cold] = all;
    if (cold !== undefined) found.set(count, { cold, rounds: all.slice(WARMING) });
  }
  return found;
}

/** Ten changes in a database that something follows and, by turns in the same process, in one that nothing does: the medians. */
export async function changesByTurns(
  keeper: BenchProcess,
): Promise<{ readonly follow: number; readonly change: number }> {
  const follows: number[] = [];
  const changes: number[] = [];
  for (let turn = 0; turn < TURNS; turn++) {
    follows.push(await keeper.ask<number>("follow"));
    changes.push(await keeper.ask<number>("change"));
  }
  return { follow: median(follows), change: median(changes) };
}

/** What is there is opened again in a client that has just begun, and closed. */
export async function openAgain(keeper: BenchProcess, name: string): Promise<number> {
  await keeper.ask("close");
  await keeper.ask("restart");
  const reopen = await keeper.ask<number>("reopen", name);
  await keeper.ask("close");
  return reopen;
}

/** What is said of each number of documents, together. */
export function ofEach<Round, Value>(
  found: EachAsked<Round>,
  make: (count: number, asked: Asked<Round>) => readonly (readonly [string, Value])[],
): Readonly<Record<string, Value>> {
  return Object.fromEntries([...found].flatMap(([count, asked]) => make(count, asked)));
}
