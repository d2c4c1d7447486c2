import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as Automerge from "@automerge/automerge";
import { figure } from "../measure.ts";
import type { PageRead } from "../peers/page-reader.ts";
import { startProcess } from "../peers/process.ts";
import { Prose } from "../prose.ts";
import type { Question } from "../question.ts";
import { BareTypist, selkieTypist } from "../typists.ts";

const CHANGES = [1_000, 100_000] as const;
const ROUNDS = 5;
const READER = new URL("../peers/page-reader.js", import.meta.url);
const SIDES = ["Selkie", "Bare", "Repo"] as const;

/** The same text with the same history, as each side keeps it on a disk. */
interface Kept {
  readonly length: number;
  /** Where each opens it, and what it reads there. */
  readonly places: Readonly<Record<(typeof SIDES)[number], { readonly open: string; readonly read: string }>>;
}

/** A document with a long history, from a disk until its data is there: a new process each time, with WebAssembly loaded and keys unlocked. */
export const history: Question = {
  name: "history",
  asks: "a document of many changes, from the disk until it is readable, in a new process with Automerge loaded / Automerge.load of what Automerge.save made of it (CPU)",
  run: async (progress) => {
    await using directory = await mkdtempDisposable(join(tmpdir(), "history-bench-"));
    const found = new Map<string, readonly number[]>();
    for (const changes of CHANGES) {
      progress(`${changes} changes are made`);
      const kept = await keep(join(directory.path, String(changes)), changes);
      for (let round = 0; round < ROUNDS; round++) {
        progress(`${changes} changes, round ${round + 1} of ${ROUNDS}`);
        for (const side of SIDES)
          for (const [what, us] of Object.entries(await read(side, kept)))
            found.set(`${what} ${changes}`, [...(found.get(`${what} ${changes}`) ?? []), us]);
      }
    }
    const of = (side: string, changes: number): readonly number[] => found.get(`${side} ${changes}`) ?? [];
    const each = <Value>(make: (changes: number) => readonly [string, Value][]) =>
      Object.fromEntries(CHANGES.flatMap(make));
    return {
      figures: each((changes) => [
        [`CPU, Selkie, ${changes} changes`, figure("us", of("Selkie", changes))],
        [
          `CPU, Selkie, ${changes} changes, with its entries verified behind that`,
          figure("us", of("verified", changes)),
        ],
        [`CPU, Automerge.load, ${changes} changes`, figure("us", of("Bare", changes))],
        [`CPU, automerge-repo, ${changes} changes`, figure("us", of("Repo", changes))],
      ]),
      ratios: each((changes) => [
        [
          `${changes.toLocaleString("en")} changes`,
          figure(
            "ratio",
            of("Selkie", changes).map((us, at) => us / (of("Bare", changes)[at] ?? Number.NaN)),
          ),
        ],
      ]),
    };
  },
};

async function keep(directory: string, changes: number): Promise<Kept> {
  const [selkie, saved, repo] = [join(directory, "selkie"), join(directory, "saved"), join(directory, "repo")];
  await using typist = await selkieTypist(selkie);
  const bare = new BareTypist();
  const prose = new Prose(changes);
  const keys = Array.from({ length: changes }, () => prose.next());
  bare.type(keys);
  await typist.type(keys);
  const { id, text } = await typist.send();
  if (text !== bare.doc.text) throw new RangeError("the text did not arrive");
  await writeFile(saved, Automerge.save(bare.doc));
  await using importer = startProcess(READER);
  const url = await importer.ask<string>("importRepo", { directory: repo, path: saved });
  return {
    length: text.length,
    places: {
      Selkie: { open: selkie, read: id },
      Bare: { open: "", read: saved },
      Repo: { open: repo, read: url },
    },
  };
}

/** Microseconds of CPU, in a new process: until the text is there; and until the entries are verified, of which nobody waits to read it. */
async function read(side: (typeof SIDES)[number], { length, places }: Kept): Promise<Readonly<Record<string, number>>> {
  const place = places[side];
  await using reader = startProcess(READER);
  await reader.ask(`open${side}`, place.open);
  const before = await reader.cpu();
  const found = await reader.ask<PageRead>(`read${side}`, place.read);
  if (found.length !== length) throw new RangeError(`${side} read ${found.length} of ${length} letters`);
  if (side !== "Selkie") return { [side]: found.us };
  await reader.ask("verifySelkie");
  return { [side]: found.us, verified: (await reader.cpu()) - before };
}
