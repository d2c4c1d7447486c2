import { createClient, type Database, memory } from "@selkie/client";
import { nativeCrypto } from "@selkie/crypto/native";
import { parseDatabaseId, type Replica, type TenantId, toHex } from "@selkie/entry";
import { type EntryStore, memoryStore, type Store } from "@selkie/store";
import { pipe, runSession, type Scheduler, type Session, type SessionOptions } from "@selkie/sync-protocol";
import { counting, noTraffic, type Traffic } from "../counting-transport.ts";
import { briefCpuMicroseconds, figure } from "../measure.ts";
import type { Question } from "../question.ts";
import { record } from "../record.ts";

const DOCUMENTS = 5_000;
const DATABASES = 100;
const ROUNDS = 7;
/** Reconnects of a sample: one takes a few milliseconds. */
const RECONNECTS = 20;
const BYTES = 64;
const MICROSECONDS = 50;

const scheduler: Scheduler = {
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/** What a device exchanges with its relay to learn that nothing is new: 5,000 documents in one database, and in a hundred. */
export const noop: Question = {
  name: "noop",
  asks: "reconnected, nothing new, 5,000 documents",
  run: async (progress) => {
    progress("writing");
    await using client = await createClient({ store: memory(), password: "a password for the benchmark" });
    const tenant = await client.createTenant("bench", { user: "CN=bench" });
    const one = [await fill(await tenant.openDB("all"), DOCUMENTS)];
    const many: EntryStore[] = [];
    for (let at = 0; at < DATABASES; at++)
      many.push(await fill(await tenant.openDB(`part ${at}`), DOCUMENTS / DATABASES));
    await using relay = await copyOf([...one, ...many]);
    const bytes: number[] = [];
    const bytesOfMany: number[] = [];
    const microseconds: number[] = [];
    const frames: number[] = [];
    for (let round = -2; round < ROUNDS; round++) {
      progress(`round ${round + 1} of ${ROUNDS}`);
      const single = await reconnect(one, relay);
      const hundreds: Awaited<ReturnType<typeof reconnect>>[] = [];
      for (let at = 0; at < RECONNECTS; at++) hundreds.push(await reconnect(many, relay));
      const [hundred] = hundreds;
      if (round < 0 || hundred === undefined) continue;
      bytes.push(single.bytes);
      frames.push(single.framesEachWay);
      bytesOfMany.push(hundred.bytes / DATABASES);
      // Both sides run in this process and do the same work: half of it is the relay's.
      microseconds.push(hundreds.reduce((sum, { cpu }) => sum + cpu, 0) / RECONNECTS / DATABASES / 2);
    }
    return {
      figures: {
        "bytes both ways, one database": figure("bytes", bytes),
        "bytes both ways, each of 100 databases": figure("bytes", bytesOfMany),
        "CPU on the relay, each of 100 databases": figure("us", microseconds),
      },
      ratios: {
        "bytes per database of 64": figure(
          "ratio",
          bytes.map((count) => count / BYTES),
        ),
        "relay microseconds per database of 50": figure(
          "ratio",
          microseconds.map((us) => us / MICROSECONDS),
        ),
        "round trips": figure("ratio", frames),
      },
    };
  },
};

async function fill(database: Database<object>, documents: number): Promise<EntryStore> {
  await database.createDocuments(Array.from({ length: documents }, (_, at) => record(at)));
  return database.getStore();
}

/** A store that holds what these hold, as a relay that has acknowledged everything. */
async function copyOf(stores: readonly EntryStore[]): Promise<Store> {
  const relay = memoryStore({ verifier: nativeCrypto, random: (length) => nativeCrypto.randomBytes(length) });
  for (const store of stores) {
    for await (const run of store.scan()) await relay.entries(store.tenant, store.database).append([run]);
  }
  return relay;
}

async function reconnect(
  stores: readonly EntryStore[],
  relay: Store,
): Promise<{ bytes: number; framesEachWay: number; cpu: number }> {
  const [tenant] = stores.map((store) => store.tenant);
  if (tenant === undefined) throw new RangeError("nothing to open");
  const traffic: Traffic = noTraffic();
  const [near, far] = pipe();
  const at = (role: SessionOptions["role"], open: (id: Uint8Array) => Replica | undefined): SessionOptions =>
    sessionOptions(tenant, role, open);
  const replicaById = new Map(stores.map((store) => [toHex(store.database), store]));
  await using listener: Session = runSession(
    far,
    at("listener", (id) => relay.entries(tenant, replicaById.get(toHex(id))?.database ?? parseDatabaseId(id))),
  );
  await using dialler: Session = runSession(
    counting(near, traffic),
    at("dialler", (id) => replicaById.get(toHex(id))),
  );
  await Promise.all([listener.ready, dialler.ready]);
  Object.assign(traffic, noTraffic());
  const cpu = await briefCpuMicroseconds(() => dialler.openDatabases(stores.map((replica) => ({ replica }))));
  return {
    bytes: traffic.sentBytes + traffic.receivedBytes,
    framesEachWay: Math.max(traffic.sentFrames, traffic.receivedFrames),
    cpu,
  };
}

function sessionOptions(
  tenant: TenantId,
  role: SessionOptions["role"],
  open: (id: Uint8Array) => Replica | undefined,
): SessionOptions {
  return {
    role,
    origin: role === "listener" ? ["ws://127.0.0.1"] : "ws://127.0.0.1",
    verifier: nativeCrypto,
    credentials: null,
    gatekeeper: null,
    scheduler,
    random: (length) => nativeCrypto.randomBytes(length),
    generation: new Uint8Array(8),
    tenant,
    open: async (_tenant, database) => open(database),
  };
}
