import { existsSync } from "node:fs";
import { type DisposableTempDir, mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { briefCpuMicroseconds, figure } from "../measure.ts";
import { BareCommits } from "../peers/bare-commits.ts";
import type { Answer, Question } from "../question.ts";
import { BareWork, CHANGES, SealedWork, type SmallChange, type Work, World } from "../small-changes.ts";

/** How often everything is measured, and done before without being measured. */
interface Rounds {
  readonly warmUps: number;
  readonly measured: number;
}

const forTargets: Rounds = { warmUps: 4, measured: 7 };
/** After those, nearly all code is compiled. */
const forOthers: Rounds = { warmUps: 2, measured: 3 };
/** Turns of one round that are billed. */
const TURNS = 10;
/** Files here are in memory on Linux: a sync is asked for and costs nothing (ADR 0035). */
const MEMORY = "/dev/shm";

/** What the targets are about: Selkie writes it without Automerge (ADR 0090). */
const numberAssigned: SmallChange = (data, value) => {
  data.revenue = value;
};

/** What Selkie makes with Automerge. */
const others: Readonly<Record<string, SmallChange>> = {
  "a text assigned": (data, value) => {
    data.note = `Met at the fair, wants an offer for ${value} seats.`;
  },
  "a number read and assigned": (data) => {
    data.revenue += 1;
  },
};

type Samples = ReadonlyMap<string, readonly number[]>;

/** A small change made, gated, durable in SQLite, sealed and signed, with its sealed projection; against a bare Automerge change and its bytes. */
export const seal: Question = {
  name: "seal",
  asks: "bare `A.change` and its bytes / the same change gated, sealed, signed and durable, with its sealed projection (CPU)",
  run: async (progress) => {
    await using disk = await newDirectory(tmpdir());
    await using memory = await newDirectory(existsSync(MEMORY) ? MEMORY : tmpdir());
    return await measure(disk.path, memory.path, progress);
  },
};

async function measure(disk: string, memory: string, progress: (text: string) => void): Promise<Answer> {
  using commits = new BareCommits(join(disk, "bare.sqlite"));
  await using onDisk = await World.open(disk);
  await using inMemory = await World.open(memory);
  const samples = await sample(
    {
      bare: new BareWork(numberAssigned),
      "bare and durable on this disk": new BareWork(numberAssigned, commits),
      // Each has documents of its own: a change costs more the more changes there are before it.
      "one by one": await SealedWork.of(inMemory, numberAssigned, 1),
      "one by one on this disk": await SealedWork.of(onDisk, numberAssigned, 1),
      "10 awaited together": await SealedWork.of(onDisk, numberAssigned, 10),
      "100 awaited together": await SealedWork.of(onDisk, numberAssigned, 100),
    },
    forTargets,
    progress,
  );
  const answers = [answerOf(samples, "")];
  // After them, so that the targets are about a process that does nothing else.
  for (const [name, change] of Object.entries(others)) {
    const works = {
      bare: new BareWork(change),
      "one by one": await SealedWork.of(inMemory, change, 1),
      "10 awaited together": await SealedWork.of(onDisk, change, 10),
      "100 awaited together": await SealedWork.of(onDisk, change, 100),
    };
    answers.push(answerOf(await sample(works, forOthers, (text) => progress(`${name}, ${text}`)), `${name}, `));
  }
  return {
    figures: Object.assign({}, ...answers.map(({ figures }) => figures)),
    ratios: Object.assign({}, ...answers.map(({ ratios }) => ratios)),
  };
}

/** Microseconds of CPU that each work takes for one change, a sample a round. */
async function sample(
  works: Readonly<Record<string, Work>>,
  { warmUps, measured }: Rounds,
  progress: (text: string) => void,
): Promise<Samples> {
  const samples = new Map(Object.keys(works).map((name) => [name, [] as number[]]));
  for (let round = -warmUps; round < measured; round++) {
    progress(`round ${round + 1} of ${measured}`);
    const found = new Map<string, number>();
    const bill = async (name: string, work: () => unknown) =>
      found.set(name, (found.get(name) ?? 0) + (await briefCpuMicroseconds(work)));
    for (const work of Object.values(works)) await work.begin?.();
    globalThis.gc?.();
    // By turns, so that what a neighbour does to this machine happens to all of them alike. Nobody is billed for the first: after a
    // collection V8 sweeps what all of them left, on other threads, and that would be for whoever is first.
    for (let turn = 0; turn <= TURNS; turn++)
      for (const [name, work] of Object.entries(works)) {
        const change = () => work.change((round * (TURNS + 1) + turn) * CHANGES);
        await (turn === 0 ? change() : bill(name, change));
      }
    for (const [name, work] of Object.entries(works)) await bill(name, () => work.end?.());
    if (round >= 0) for (const [name, us] of found) samples.get(name)?.push(us / (TURNS * CHANGES));
  }
  return samples;
}

/** @param kind what names of figures begin with */
function answerOf(samples: Samples, kind: string): Answer {
  const ratio = (ours: string, floor = "bare") =>
    figure(
      "ratio",
      (samples.get(ours) ?? []).map((us, at) => (samples.get(floor)?.[at] ?? Number.NaN) / us),
    );
  const ratios = Object.fromEntries(
    [...samples.keys()].filter((name) => !name.startsWith("bare")).map((name) => [`${kind}${name}`, ratio(name)]),
  );
  const durable = "bare and durable on this disk";
  if (samples.has(durable))
    ratios["one by one on this disk, against bare and durable"] = ratio("one by one on this disk", durable);
  return {
    figures: Object.fromEntries([...samples].map(([name, list]) => [`${kind}a change, ${name}`, figure("us", list)])),
    ratios,
  };
}

const newDirectory = (parent: string): Promise<DisposableTempDir> => mkdtempDisposable(join(parent, "selkie-bench-"));
