import type { Database, Tenant } from "@selkie/core";
import {
  actorOf,
  countedStem,
  documentIdOf,
  encodeChangePart,
  type KeyVersion,
  openKeyVersion,
  type PartDraft,
} from "@selkie/core/internal";
import { nativeCrypto as crypto } from "@selkie/crypto/native";
import { entryType, RunDecoder, RunEncoder, type VerifiedRun, verifyRuns } from "@selkie/entry";
import { Chain } from "../chain.ts";
import { type HostileChange, hostileChanges } from "../hostile-changes.ts";
import { briefCpuMicroseconds, figure } from "../measure.ts";
import type { Figure, Question } from "../question.ts";
import { manyPeople, named, openWorld, type TenantWorld } from "../tenant-world.ts";

const ROUNDS = 5;
/** Until WebAssembly and JavaScript are compiled. */
const WARM_UPS = 3;
const CPU_MS = 50;
const MEMORY_BYTES = 32 * 2 ** 20;

/** An entry of at most 1 MiB, as costly as its writer can make it, received by a device that runs. */
export const hostile: Question = {
  name: "hostile",
  asks: `the costliest entries that a member can make, received until it is judged and stored / ${CPU_MS} ms of CPU, and / 32 MiB more memory in use`,
  run: async (progress) => {
    const world = await manyPeople(1, 1);
    await using tenant = await openWorld(world);
    const figures: Record<string, Figure> = {};
    const worst = new Map<string, Figure>();
    const note = (ratio: string, found: Figure): void => {
      if (found.value > (worst.get(ratio)?.value ?? Number.NEGATIVE_INFINITY)) worst.set(ratio, found);
    };
    for (const change of hostileChanges) {
      const { name, passes } = change;
      const costs: Cost[] = [];
      for (let round = -WARM_UPS; round < ROUNDS; round++) {
        progress(`${name}: round ${round + 1} of ${ROUNDS}`);
        const cost = await receive(world, tenant, change, `${name} ${round}`);
        if (round >= 0) costs.push(cost);
      }
      const of = (unit: Figure["unit"], each: (cost: Cost) => number): Figure => figure(unit, costs.map(each));
      figures[`received: ${name}`] = of("ms", ({ received }) => received);
      if (passes) figures[`then read: ${name}`] = of("ms", ({ read }) => read);
      figures[`memory: ${name}`] = of("bytes", ({ memory }) => memory);
      const cpu = of("ratio", ({ received }) => received / CPU_MS);
      note(passes ? "CPU of the worst that passes" : "CPU of the worst that is refused", cpu);
      note(
        "memory of the worst",
        of("ratio", ({ memory }) => memory / MEMORY_BYTES),
      );
    }
    return { ratios: Object.fromEntries(worst), figures };
  },
};

interface Cost {
  /** Milliseconds until it was judged and stored. */
  readonly received: number;
  /** Milliseconds more until the app has read what it asked for: what Automerge takes for as many operations, whoever wrote them. */
  readonly read: number;
  /** Bytes that the process has more than before, with the document open and garbage collected. */
  readonly memory: number;
}

/** In a database of its own. */
async function receive(world: TenantWorld, tenant: Tenant, change: HostileChange, name: string): Promise<Cost> {
  const database = await tenant.openDB<object>(name);
  const entries = await entriesOf(world, database, change);
  const last = entries.pop() ?? new Uint8Array();
  for (const bytes of entries) await deliver(database, bytes);
  globalThis.gc?.();
  const before = process.memoryUsage.rss();
  const received = (await briefCpuMicroseconds(() => deliver(database, last))) / 1_000;
  let documents = 0;
  const reading = await briefCpuMicroseconds(async () => {
    documents = await readAll(database);
  });
  const read = reading / 1_000;
  globalThis.gc?.();
  const memory = process.memoryUsage.rss() - before;
  if (documents !== (change.passes ? change.documents : 0))
    throw new RangeError(`${name}: ${documents} documents are shown`);
  await database[Symbol.asyncDispose]();
  return { received, read, memory };
}

/** The member's entries as they would travel, one for each change. */
async function entriesOf(
  { host, record, people }: TenantWorld,
  database: Database<object>,
  change: HostileChange,
): Promise<Uint8Array[]> {
  const [member] = people;
  if (member === undefined) throw new RangeError("nobody is a member");
  const keys = await Promise.all(host.bag.keyBag.keyVersions(record.tenant).map((key) => openKeyVersion(crypto, key)));
  const key: KeyVersion = named(keys, "default");
  using device = await crypto.importSigningKey(member.identity.deviceSignSeed);
  const place = { tenant: record.tenant, database: database.getStore().database, type: entryType.change };
  const chain = await Chain.begin(place, { device, admission: member.admission });
  /** By entry, its parts. */
  const entries: PartDraft[][] = [];
  for (let counter = 1; counter <= change.documents; counter++) {
    const document = documentIdOf({ stem: countedStem(crypto, chain.writer, counter), keyId: key.keyId });
    for (const [at, payload] of change.make(actorOf(crypto, chain.writer, document, null)).entries()) {
      const plaintext = encodeChangePart({
        kind: at === 0 ? "create" : "change",
        codec: 0,
        document: { type: "counter", counter },
        branch: null,
        time: 0,
        metadata: null,
        payload,
      });
      const parts = entries[at] ?? [];
      entries[at] = parts;
      parts.push({ kind: "change", key, plaintext });
    }
  }
  const frames: Uint8Array[] = [];
  for (const parts of entries) {
    const run: VerifiedRun = await chain.write(named(keys, "directory"), parts);
    frames.push(new RunEncoder().encode([run]));
  }
  return frames;
}

async function deliver(database: Database<object>, frame: Uint8Array): Promise<void> {
  const store = database.getStore();
  const verdicts = await verifyRuns(crypto, new RunDecoder(crypto).decode(frame, store.database));
  const runs = verdicts.flatMap((verdict) => (verdict.type === "verified" ? [verdict.run] : []));
  if (runs.length !== 1) throw new RangeError("the entry was refused before it was opened");
  await store.append(runs);
}

/** How many documents the app finds; it reads each. */
async function readAll(database: Database<object>): Promise<number> {
  const ids = await database.getAllDocumentIds();
  for (const id of ids) (await database.getDocument(id)).getData();
  return ids.length;
}
