import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as Automerge from "@automerge/automerge";
import { createClient, type Database, type Doc } from "@selkie/client";
import { SyncedReplica } from "@selkie/core";
import { briefCpuMicroseconds, figure } from "../measure.ts";
import { BareCommits } from "../peers/bare-commits.ts";
import type { Answer, Question } from "../question.ts";
import { type BenchRecord, record } from "../record.ts";

const DOCUMENTS = 100;
const ROUNDS = 7;
const WARM_UPS = 4;
/** Changes of one turn, and turns of one round. */
const CHANGES = 2 * DOCUMENTS;
const TURNS = 10;
const TOGETHER = [1, 10, 100] as const;
const NAMES = { 1: "one by one", 10: "10 awaited together", 100: "100 awaited together" } as const;

/** A small change made, gated, durable in SQLite, sealed and signed; against a bare Automerge change and its bytes. */
export const seal: Question = {
  name: "seal",
  asks: "bare `A.change` and its bytes / the same change gated, sealed, signed and durable (CPU)",
  run: async (progress) => {
    const directory = await mkdtemp(join(tmpdir(), "selkie-bench-"));
    try {
      return await measure(directory, progress);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  },
};

async function measure(directory: string, progress: (text: string) => void): Promise<Answer> {
  using commits = new BareCommits(join(directory, "bare.sqlite"));
  await using client = await createClient({
    store: join(directory, "selkie"),
    password: "a password for the benchmark",
  });
  const tenant = await client.createTenant("bench", { user: "CN=bench" });
  const database = await tenant.openDB<BenchRecord>("records");
  // Each has documents of its own: a change costs more the more changes there are before it.
  const docs = { 1: await documents(database), 10: await documents(database), 100: await documents(database) };
  const [bare, durable] = [bareDocuments(), bareDocuments()];
  const samples: Record<string, number[]> = { bare: [], durable: [], 1: [], 10: [], 100: [] };
  for (let round = -WARM_UPS; round < ROUNDS; round++) {
    progress(`round ${round + 1} of ${ROUNDS}`);
    const found: Record<string, number> = { bare: 0, durable: 0, 1: 0, 10: 0, 100: 0 };
    globalThis.gc?.();
    // By turns, so that what a neighbour does to this machine happens to all of them alike.
    for (let turn = 0; turn < TURNS; turn++) {
      const value = (round * TURNS + turn) * CHANGES;
      found["bare"] = (found["bare"] ?? 0) + (await briefCpuMicroseconds(() => changeBare(bare, value)));
      found["durable"] =
        (found["durable"] ?? 0) + (await briefCpuMicroseconds(() => changeDurable(durable, value, commits)));
      for (const together of TOGETHER)
        found[together] =
          (found[together] ?? 0) +
          (await briefCpuMicroseconds(() => changeSealed(database, docs[together], together, value)));
    }
    if (round >= 0)
      for (const [name, list] of Object.entries(samples)) list.push((found[name] ?? Number.NaN) / (TURNS * CHANGES));
  }
  const ratio = (ours: number, floor: "bare" | "durable") =>
    figure(
      "ratio",
      (samples[ours] ?? []).map((us, at) => (samples[floor]?.[at] ?? Number.NaN) / us),
    );
  return {
    figures: Object.fromEntries(
      Object.entries(samples).map(([name, list]) => [
        `a change, ${NAMES[name as unknown as 1] ?? name}`,
        figure("us", list),
      ]),
    ),
    ratios: {
      ...Object.fromEntries(TOGETHER.map((together) => [NAMES[together], ratio(together, "bare")])),
      "one by one, against bare and durable": ratio(1, "durable"),
    },
  };
}

function bareDocuments(): Automerge.Doc<BenchRecord>[] {
  return Array.from({ length: DOCUMENTS }, (_, at) =>
    Automerge.change(Automerge.init<BenchRecord>(), { time: 0 }, (data) => Object.assign(data, record(at))),
  );
}

async function documents(database: Database<BenchRecord>): Promise<readonly Doc<BenchRecord>[]> {
  const ids = await database.createDocuments(Array.from({ length: DOCUMENTS }, (_, at) => record(at)));
  return Promise.all(ids.map((id) => database.getDocument(id)));
}

function changeBare(docs: Automerge.Doc<BenchRecord>[], value: number): void {
  for (let n = 0; n < CHANGES; n++) changeOne(docs, n, value);
}

/** The same, and each is on the disk before the next is made: what no store can do without. */
async function changeDurable(docs: Automerge.Doc<BenchRecord>[], value: number, commits: BareCommits): Promise<void> {
  for (let n = 0; n < CHANGES; n++) await commits.commit(changeOne(docs, n, value));
}

function changeOne(docs: Automerge.Doc<BenchRecord>[], n: number, value: number): Uint8Array {
  const at = n % DOCUMENTS;
  const changed = Automerge.change(docs[at] ?? Automerge.init<BenchRecord>(), { time: 0 }, (data) => {
    data.revenue = value + n;
  });
  docs[at] = changed;
  return Automerge.getLastLocalChange(changed) ?? new Uint8Array();
}

async function changeSealed(
  database: Database<BenchRecord>,
  docs: readonly Doc<BenchRecord>[],
  together: number,
  value: number,
): Promise<void> {
  for (let n = 0; n < CHANGES; n += together) {
    const slice = Array.from({ length: together }, (_, at) => docs[(n + at) % DOCUMENTS]).filter(
      (doc) => doc !== undefined,
    );
    await Promise.all(
      slice.map((doc, at) =>
        database.changeDoc(doc, (draft) => {
          draft.getData().revenue = value + n + at;
        }),
      ),
    );
    if (together === DOCUMENTS) await flush(database);
  }
  await flush(database);
}

/** Reading the store for a copy seals what the journal holds: the same path as going online. */
async function flush(database: Database<BenchRecord>): Promise<void> {
  const store = database.getStore();
  if (store instanceof SyncedReplica) await store.flush();
}
