import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { figure } from "../measure.ts";
import { startProcess } from "../peers/process.ts";
import type { Question } from "../question.ts";

const BESIDE = [1_000, 5_000] as const;
const ALONE = [10_000, 100_000] as const;
const ROUNDS = 3;
const MICROSECONDS = 150;
const SELKIE = new URL("../peers/selkie-client.js", import.meta.url);
const REPO = new URL("../peers/repo-client.js", import.meta.url);

/**
 * Documents of one change each, durable on the disk, until the database is closed: what is written then makes the next open fast. Against
 * automerge-repo with its storage in files, which takes some 20 ms a document: a round takes two minutes of CPU.
 */
export const create: Question = {
  name: "create",
  asks: "documents created, one change each, sealed, signed and durable, and the database closed / automerge-repo's, unencrypted, in files (CPU)",
  run: async (progress) => {
    const ours = new Map<number, number[]>([...BESIDE, ...ALONE].map((count) => [count, []]));
    const theirs = new Map<number, number[]>(BESIDE.map((count) => [count, []]));
    for (let round = 0; round < ROUNDS; round++) {
      for (const [count, found] of ours) {
        progress(`round ${round + 1} of ${ROUNDS}: ${count} documents`);
        found.push(await created(SELKIE, count));
        theirs.get(count)?.push(await created(REPO, count));
      }
    }
    const ratio = (ours: readonly number[] = [], floor: readonly number[] = []) =>
      figure(
        "ratio",
        ours.map((us, at) => us / (floor[at] ?? Number.NaN)),
      );
    return {
      figures: Object.fromEntries([
        ...[...ours].map(([count, us]) => [`CPU a document, Selkie, ${count}`, figure("us", us)]),
        ...[...theirs].map(([count, us]) => [`CPU a document, automerge-repo, ${count}`, figure("us", us)]),
      ]),
      ratios: {
        "1,000 documents": ratio(ours.get(1_000), theirs.get(1_000)),
        "5,000 documents": ratio(ours.get(5_000), theirs.get(5_000)),
        "100,000 documents, microseconds a document of 150": figure(
          "ratio",
          (ours.get(100_000) ?? []).map((us) => us / MICROSECONDS),
        ),
        "a document of 100,000 / of 10,000": ratio(ours.get(100_000), ours.get(10_000)),
      },
    };
  },
};

/** Microseconds of CPU a document, in a new process with a new directory; starting up and founding a tenant is not counted. */
async function created(client: URL, count: number): Promise<number> {
  await using directory = await mkdtempDisposable(join(tmpdir(), "create-bench-"));
  await using process = startProcess(client, [join(directory.path, "store")]);
  await process.ask("begin");
  const before = await process.cpu();
  await process.ask("create", client === SELKIE ? { database: "records", count } : count);
  if (client === SELKIE) await process.ask("close");
  return ((await process.cpu()) - before) / count;
}
