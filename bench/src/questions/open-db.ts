import { mkdtempDisposable, readdir, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DocId } from "@selkie/client";
import { figure } from "../measure.ts";
import { startProcess } from "../peers/process.ts";
import type { Figure, Question } from "../question.ts";

const COUNTS = [10, 1_000, 10_000, 100_000] as const;
/** A database with fewer documents is read before it is open: nothing is left to be verified behind it. */
const LEAST_BEHIND = 1_000;
const ROUNDS = 5;
const FIRST_US = 10_000;
const LIST_US = 250_000;
const MEGABYTE = 1_000_000;
const OPENER = new URL("../peers/database-opener.js", import.meta.url);

/** A database on the disk. */
interface Made {
  readonly directory: string;
  readonly count: number;
  readonly first: readonly DocId[];
  readonly others: readonly DocId[];
  /** Of its sealed entries, and of all files. */
  readonly bytes: number;
  readonly atRest: number;
}

/** What one round found; times in microseconds, memory in bytes. */
interface Round {
  readonly unlock: number;
  readonly first: number;
  readonly edit: number;
  /** As they are listed, and from all over. */
  readonly fifty: number;
  readonly scattered: number;
  readonly compiled: number;
  readonly list: number;
  readonly listed: number;
  /** Most memory; not where nothing is read behind the open. */
  readonly verified: number;
}

/** A database that was closed, opened in a new process: until its first documents are there, all are listed, and everything is verified. */
export const openDb: Question = {
  name: "open-db",
  asks: "a database opened from the disk in a new process, keys unlocked: CPU until documents are there, and memory",
  run: async (progress) => {
    await using directory = await mkdtempDisposable(join(tmpdir(), "open-db-bench-"));
    const found = new Map<number, readonly Round[]>();
    const sizes = new Map<number, Made>();
    for (const count of COUNTS) {
      progress(`${count} documents are made`);
      const made = await make(join(directory.path, String(count)), count);
      sizes.set(count, made);
      const rounds: Round[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        progress(`${count} documents, round ${round + 1} of ${ROUNDS}`);
        rounds.push(await measured(made));
      }
      found.set(count, rounds);
    }
    const samples = (count: number, what: keyof Round): readonly number[] =>
      (found.get(count) ?? []).map((round) => round[what]);
    const by = (values: readonly number[], divisors: readonly number[] | number): Figure =>
      figure(
        "ratio",
        values.map((value, at) => value / (typeof divisors === "number" ? divisors : (divisors[at] ?? Number.NaN))),
      );
    const each = (what: keyof Round, name: string, unit: Figure["unit"]) =>
      COUNTS.map((count) => [`${name}, ${count} documents`, figure(unit, samples(count, what))] as const);
    const large = sizes.get(100_000);
    return {
      figures: Object.fromEntries([
        ...each("unlock", "CPU, keys unlocked", "us"),
        ...each("first", "CPU, opened and one document read", "us"),
        ...each("edit", "CPU, an edit at once", "us"),
        ...each("fifty", "CPU, the first 50 documents read, once it is open", "us"),
        ...each("scattered", "CPU, 50 others read, from all over", "us"),
        ...each("list", "CPU, all listed", "us"),
        ...each("listed", "memory, all listed", "bytes"),
        ...each("verified", "most memory until verified", "bytes"),
        ...[...sizes].map(([count, { atRest }]) => [
          `on the disk, a document of ${count}`,
          figure("bytes", [atRest / count]),
        ]),
      ]),
      ratios: {
        "first document, of 100,000 / of 10": by(samples(100_000, "first"), samples(10, "first")),
        "an edit at once, of 100,000 / of 10": by(samples(100_000, "edit"), samples(10, "edit")),
        "first 50 of 100,000 once it is open, ms of 10": by(samples(100_000, "fifty"), FIRST_US),
        "WebAssembly compiled for these": figure("count", samples(100_000, "compiled")),
        "100,000 listed, ms of 250": by(samples(100_000, "list"), LIST_US),
        "a document listed, of 100,000 / of 10,000": by(
          samples(100_000, "list").map((us) => us / 10),
          samples(10_000, "list"),
        ),
        "memory with 100,000 listed, MB of 160": by(samples(100_000, "listed"), 160 * MEGABYTE),
        "most memory until verified, MB of 300": by(samples(100_000, "verified"), 300 * MEGABYTE),
        "bytes on the disk / twice the sealed entries": by([large?.atRest ?? Number.NaN], 2 * (large?.bytes ?? 0)),
      },
    };
  },
};

async function make(directory: string, count: number): Promise<Made> {
  await using process = startProcess(OPENER);
  const made = await process.ask<Pick<Made, "first" | "others" | "bytes">>("make", { directory, count });
  return { directory, count, ...made, atRest: await bytesIn(directory) };
}

/** Three processes: whoever reads one document, who reads a page of them, and who lists them all and stays. */
async function measured(made: Made): Promise<Round> {
  return { ...(await one(made)), ...(await page(made)), ...(await all(made)) };
}

async function one({ directory, others }: Made): Promise<Pick<Round, "unlock" | "first" | "edit">> {
  await using opener = startProcess(OPENER);
  const unlock = await opener.ask<number>("unlock", directory);
  const first = await opener.ask<number>("first", others[1]);
  const edit = await opener.ask<number>("edit", others[0]);
  await opener.ask("close");
  return { unlock, first, edit };
}

async function page(made: Made): Promise<Pick<Round, "fifty" | "scattered" | "compiled">> {
  await using opener = startProcess(OPENER);
  await opener.ask("unlock", made.directory);
  await opener.ask("open");
  const fifty = await opener.ask<{ cpu: number; compiled: number }>("read", made.first);
  const scattered = await opener.ask<{ cpu: number; compiled: number }>("read", made.others);
  await opener.ask("close");
  return { fifty: fifty.cpu, scattered: scattered.cpu, compiled: fifty.compiled };
}

async function all({ directory, count }: Made): Promise<Pick<Round, "list" | "listed" | "verified">> {
  await using opener = startProcess(OPENER);
  await opener.ask("unlock", directory);
  const { cpu: list, memory: listed } = await opener.ask<{ cpu: number; memory: number }>("list", count);
  const verified = count < LEAST_BEHIND ? listed : await opener.ask<number>("verified");
  await opener.ask("close");
  return { list, listed, verified };
}

async function bytesIn(directory: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(directory, { withFileTypes: true, recursive: true }))
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).size;
  return bytes;
}
