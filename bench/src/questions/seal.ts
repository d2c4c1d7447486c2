import { existsSync } from "node:fs";
import { type DisposableTempDir, mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as Automerge from "@automerge/automerge";
import { type Client, createClient, type Database, type Doc, type Tenant, whenVerified } from "@selkie/client";
import { SyncedReplica } from "@selkie/core";
import { briefCpuMicroseconds, figure } from "../measure.ts";
import { BareCommits } from "../peers/bare-commits.ts";
import type { Answer, Question } from "../question.ts";
import { type BenchRecord, record } from "../record.ts";

const DOCUMENTS = 100;
const ROUNDS = 7;
const WARM_UPS = 4;
/** Changes of one turn, and turns of one round that are billed. */
const CHANGES = 2 * DOCUMENTS;
const TURNS = 10;
/** Files here are in memory on Linux: a sync is asked for and costs nothing (ADR 0035). */
const MEMORY = "/dev/shm";

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
  const [bare, durable] = [bareDocuments(), bareDocuments()];
  const works: Readonly<Record<string, Work>> = {
    bare: { change: (value) => changeBare(bare, value) },
    "bare and durable on this disk": { change: (value) => changeDurable(durable, value, commits) },
    // Each has documents of its own: a change costs more the more changes there are before it.
    "one by one": await SealedWork.of(inMemory, 1),
    "one by one on this disk": await SealedWork.of(onDisk, 1),
    "10 awaited together": await SealedWork.of(onDisk, 10),
    "100 awaited together": await SealedWork.of(onDisk, 100),
  };
  const samples = new Map(Object.keys(works).map((name) => [name, [] as number[]]));
  for (let round = -WARM_UPS; round < ROUNDS; round++) {
    progress(`round ${round + 1} of ${ROUNDS}`);
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
  return answerOf(samples);
}

function answerOf(samples: ReadonlyMap<string, readonly number[]>): Answer {
  const ratio = (ours: string, floor = "bare") =>
    figure(
      "ratio",
      (samples.get(ours) ?? []).map((us, at) => (samples.get(floor)?.[at] ?? Number.NaN) / us),
    );
  return {
    figures: Object.fromEntries([...samples].map(([name, list]) => [`a change, ${name}`, figure("us", list)])),
    ratios: {
      "one by one": ratio("one by one"),
      "one by one on this disk": ratio("one by one on this disk"),
      "one by one on this disk, against bare and durable": ratio(
        "one by one on this disk",
        "bare and durable on this disk",
      ),
      "10 awaited together": ratio("10 awaited together"),
      "100 awaited together": ratio("100 awaited together"),
    },
  };
}

/** What is measured. */
interface Work {
  /** Opens what the round needs; not measured. */
  begin?(): Promise<void>;
  /** Makes the changes of one turn, with values from this one on. */
  change(value: number): unknown;
  /** Writes what the round still owes. */
  end?(): Promise<void>;
}

/** A client whose store is in the directory. */
class World implements AsyncDisposable {
  readonly #client: Client;
  readonly tenant: Tenant;

  private constructor(client: Client, tenant: Tenant) {
    this.#client = client;
    this.tenant = tenant;
  }

  static async open(directory: string): Promise<World> {
    const client = await createClient({ store: join(directory, "selkie"), password: "a password for the benchmark" });
    return new World(client, await client.createTenant("bench", { user: "CN=bench" }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
  }
}

/** Changes documents of a database of its own, so many at once. Closing the database writes the projections of what was changed. */
class SealedWork implements Work {
  readonly #tenant: Tenant;
  readonly #together: number;
  #opened: { readonly database: Database<BenchRecord>; readonly docs: readonly Doc<BenchRecord>[] } | null = null;

  private constructor(tenant: Tenant, together: number) {
    this.#tenant = tenant;
    this.#together = together;
  }

  static async of({ tenant }: World, together: number): Promise<SealedWork> {
    await using database = await tenant.openDB<BenchRecord>(`${together} together`);
    await database.createDocuments(Array.from({ length: DOCUMENTS }, (_, at) => record(at)));
    return new SealedWork(tenant, together);
  }

  async begin(): Promise<void> {
    const database = await this.#tenant.openDB<BenchRecord>(`${this.#together} together`);
    await whenVerified(database);
    const ids = await database.getAllDocumentIds();
    this.#opened = { database, docs: await Promise.all(ids.map((id) => database.getDocument(id))) };
  }

  async change(value: number): Promise<void> {
    const { database, docs } = this.#opened ?? fail();
    await changeSealed(database, docs, this.#together, value);
  }

  async end(): Promise<void> {
    await this.#opened?.database[Symbol.asyncDispose]();
    this.#opened = null;
  }
}

function fail(): never {
  throw new RangeError("a round begins first");
}

const newDirectory = (parent: string): Promise<DisposableTempDir> => mkdtempDisposable(join(parent, "selkie-bench-"));

function bareDocuments(): Automerge.Doc<BenchRecord>[] {
  return Array.from({ length: DOCUMENTS }, (_, at) =>
    Automerge.change(Automerge.init<BenchRecord>(), { time: 0 }, (data) => Object.assign(data, record(at))),
  );
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
