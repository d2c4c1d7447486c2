import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { figure } from "../measure.ts";
import type { BenchFile, FileCost } from "../peers/file-keeper.ts";
import { type BenchProcess, startProcess } from "../peers/process.ts";
import type { Figure, Question } from "../question.ts";

const MEGABYTE = 2 ** 20;
const SIZES = [
  { name: "100 MB", bytes: 100 * MEGABYTE, rounds: 7 },
  { name: "1 GB", bytes: 1_024 * MEGABYTE, rounds: 3 },
] as const;
const MEMORY_BYTES = 32 * MEGABYTE;
const KEEPER = new URL("../peers/file-keeper.js", import.meta.url);

/** One file, by both sides. */
interface Round {
  readonly write: FileCost;
  readonly read: FileCost;
  readonly bareWrite: FileCost;
  readonly bareRead: FileCost;
}

/** A file attached and read again; against hash, AES-GCM and bytes in one plain file. Each side in a process of its own, by turns. */
export const attach: Question = {
  name: "attach",
  asks: "a plain loop of SHA-256, AES-GCM and a file, durable at its end / the same bytes attached, durable blob by blob, and read again (CPU); and memory",
  run: async (progress) => {
    await using directory = await mkdtempDisposable(join(tmpdir(), "attach-bench-"));
    const [ratios, figures]: [Record<string, Figure>, Record<string, Figure>] = [{}, {}];
    for (const { name, bytes, rounds } of SIZES) {
      const found = await roundsOf({ directory: join(directory.path, name), bytes, rounds }, (round) =>
        progress(`${name}, round ${round} of ${rounds}`),
      );
      const of = (unit: Figure["unit"], each: (round: Round) => number): Figure => figure(unit, found.map(each));
      for (const work of ["write", "read"] as const) {
        const bare = work === "write" ? ("bareWrite" as const) : ("bareRead" as const);
        ratios[`${work}, ${name}`] = of("ratio", (round) => round[bare].cpu / round[work].cpu);
        ratios[`${work}, ${name}, elapsed`] = of("ratio", (round) => round[bare].elapsed / round[work].elapsed);
        ratios[`${work}, ${name}, memory of 32 MB`] = of("ratio", (round) => round[work].memory / MEMORY_BYTES);
        for (const side of [work, bare]) {
          figures[`${side}, ${name}, CPU`] = of("us", (round) => round[side].cpu);
          figures[`${side}, ${name}, elapsed`] = of("us", (round) => round[side].elapsed);
          figures[`${side}, ${name}, memory`] = of("bytes", (round) => round[side].memory);
        }
      }
    }
    return { ratios, figures };
  },
};

interface Asked {
  readonly directory: string;
  readonly bytes: number;
  readonly rounds: number;
}

/** Behind one that warms up. */
async function roundsOf({ directory, bytes, rounds }: Asked, progress: (round: number) => void): Promise<Round[]> {
  await using ours = startProcess(KEEPER);
  await using bare = startProcess(KEEPER);
  await ours.ask("open", join(directory, "ours"));
  await bare.ask("open", join(directory, "bare"));
  const found: Round[] = [];
  for (let number = 0; number <= rounds; number++) {
    progress(number);
    const round = await roundOf(ours, bare, { bytes, number });
    if (number > 0) found.push(round);
  }
  return found;
}

async function roundOf(ours: BenchProcess, bare: BenchProcess, file: BenchFile): Promise<Round> {
  const round = {
    bareWrite: await bare.ask<FileCost>("bareWrite", file),
    write: await ours.ask<FileCost>("write", file),
    bareRead: await bare.ask<FileCost>("bareRead", file),
    read: await ours.ask<FileCost>("read", file),
  };
  await ours.ask("remove");
  await bare.ask("bareRemove");
  return round;
}
