import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createSecretKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  verify,
} from "node:crypto";
import * as Automerge from "@automerge/automerge";
import { type Client, createClient, type Database, memory, type Tenant } from "@selkie/client";
import { SyncedReplica } from "@selkie/core";
import { type Run, RunDecoder, RunEncoder, type VerifiedRun, verifyRuns } from "@selkie/entry";
import { nativeVerifier } from "@selkie/entry/native";
import { pipe } from "@selkie/sync-protocol";
import { cpuMicroseconds, figure } from "../measure.ts";
import type { Figure, Question } from "../question.ts";
import { type BenchRecord, record } from "../record.ts";

const ENTRIES = 5_000;
const RUN = 100;
const ROUNDS = 5;
/** Until WebAssembly and JavaScript are compiled. */
const WARM_UPS = 2;
const PASSWORD = "a password for the benchmark";
let nextMember = 1;

/** What a second device receives: the encoded runs, and, for the floor, the bare changes by document. */
interface Received {
  readonly database: VerifiedRun["database"];
  readonly frames: readonly Uint8Array[];
  readonly changes: readonly (readonly Automerge.Change[])[];
  readonly entries: number;
}

interface Case {
  readonly name: string;
  /** Each is created and then changed in turn with the others. */
  readonly documents: number;
  /** Changes beside those that create the documents. */
  readonly changes: number;
  /** How many changes go into an entry. */
  readonly perEntry: number;
}

const HOT = { documents: 50, changes: ENTRIES };

const cases: readonly Case[] = [
  { name: "distinct documents", documents: ENTRIES, changes: 0, perEntry: RUN },
  { name: "distinct documents, changed once", documents: ENTRIES / 2, changes: ENTRIES / 2, perEntry: RUN },
  { name: "hot documents, batched", ...HOT, perEntry: RUN },
  { name: "hot documents, an entry each", ...HOT, perEntry: 1 },
];

/** Verify, open, gate, apply: 5,000 received changes; against a bare loop of hash, one verify a run, AES-GCM, `applyChanges`. */
export const open: Question = {
  name: "open",
  asks: "bare hash, verify, decrypt and `applyChanges` / receiving 5,000 changes until every document is readable (CPU, store in memory)",
  run: async (progress) => {
    await using alice = await createClient({ store: memory(), password: PASSWORD });
    const acme = await alice.createTenant("bench", { user: "CN=alice" });
    const ratios: Record<string, Figure> = {};
    const figures: Record<string, Figure> = {};
    for (const one of cases) {
      progress(`${one.name}: writing`);
      const received = await prepare(acme, one);
      const ours: number[] = [];
      const bare: number[] = [];
      for (let round = -WARM_UPS; round < ROUNDS; round++) {
        progress(`${one.name}: round ${round + 1} of ${ROUNDS}`);
        const found = await measure(acme, one, received);
        if (round < 0) continue;
        ours.push(found.ours);
        bare.push(found.bare);
      }
      figures[`a change, ${one.name}`] = figure("us", ours);
      figures[`bare, ${one.name}`] = figure("us", bare);
      ratios[one.name] = figure(
        "ratio",
        ours.map((us, at) => (bare[at] ?? Number.NaN) / us),
      );
    }
    return { ratios, figures };
  },
};

/** One database a case, written once. */
async function prepare(acme: Tenant, one: Case): Promise<Received> {
  const database = await acme.openDB<BenchRecord>(one.name);
  await write(database, one);
  return capture(database, bareChanges(one));
}

/** Every round is a new device: it joins, and has nothing of the database. */
async function measure(acme: Tenant, one: Case, received: Received): Promise<{ ours: number; bare: number }> {
  await using bob = await createClient({ store: memory(), password: PASSWORD });
  const database = await join(acme, bob, one.name);
  const changes = received.changes.reduce((sum, list) => sum + list.length, 0);
  const work = prepareBare(received);
  const bare = await cpuMicroseconds(() => bareLoop(work));
  const ours = await cpuMicroseconds(() => receive(received, database));
  return { ours: ours / changes, bare: bare / changes };
}

async function write(database: Database<BenchRecord>, { documents, changes, perEntry }: Case): Promise<void> {
  const ids = await database.createDocuments(Array.from({ length: documents }, (_, at) => record(at)));
  for (let n = 0; n < changes; n++) {
    const id = ids[n % documents];
    if (id === undefined) continue;
    await database.changeDoc(await database.getDocument(id), (draft) => {
      draft.getData().revenue = n;
    });
    if ((n + 1) % perEntry === 0) await flush(database);
  }
  await flush(database);
}

async function flush(database: Database<BenchRecord>): Promise<void> {
  const store = database.getStore();
  if (store instanceof SyncedReplica) await store.flush();
}

/** The same changes of each document, made by bare Automerge. */
function bareChanges({ documents, changes }: Case): Automerge.Change[][] {
  return Array.from({ length: documents }, (_, at) => {
    let doc = Automerge.from({ ...record(at) });
    for (let n = at; n < changes; n += documents)
      doc = Automerge.change(doc, (data) => {
        data.revenue = n;
      });
    const all = Automerge.getAllChanges(doc);
    Automerge.free(doc);
    return all;
  });
}

/** Another device of another member, which shares the directory with this one and nothing else yet. */
async function join(acme: Tenant, bob: Client, database: string): Promise<Database<BenchRecord>> {
  const request = await bob.createJoinRequest(`CN=member ${nextMember++}`);
  const acmeOfBob = await bob.joinTenant(await acme.directory.approveJoinRequest(request, { role: "editor" }));
  await meet(acme, acmeOfBob);
  return acmeOfBob.openDB<BenchRecord>(database);
}

async function meet(a: Tenant, b: Tenant): Promise<void> {
  const [near, far] = pipe();
  const [one, other] = await Promise.all([a.connect(near, { peer: "dialler" }), b.connect(far, { peer: "listener" })]);
  await one.synced();
  await other.synced();
  await one[Symbol.asyncDispose]();
  await other[Symbol.asyncDispose]();
}

/** The runs as they would travel. */
async function capture(database: Database<BenchRecord>, changes: Received["changes"]): Promise<Received> {
  const store = database.getStore();
  const encoder = new RunEncoder();
  const frames: Uint8Array[] = [];
  let entries = 0;
  for await (const run of store.scan()) {
    frames.push(encoder.encode([run]));
    entries += run.entries.length;
  }
  return { database: store.database, frames, changes, entries };
}

async function receive({ database, frames }: Received, his: Database<BenchRecord>): Promise<void> {
  const decoder = new RunDecoder(nativeVerifier);
  const store = his.getStore();
  for (const frame of frames) {
    const runs: readonly Run[] = decoder.decode(frame, database);
    const verdicts = await verifyRuns(nativeVerifier, runs);
    const verified = verdicts.flatMap((verdict) => (verdict.type === "verified" ? [verdict.run] : []));
    if (verified.length !== runs.length) throw new RangeError("a run was refused");
    await store.append(verified);
  }
  for (const id of await his.getAllDocumentIds()) (await his.getDocument(id)).getData();
}

/** The same work with nothing of ours: keys imported and parts sealed before the clock starts. */
interface BareWork {
  readonly publicKey: KeyObject;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
  readonly key: KeyObject;
  readonly parts: readonly { readonly nonce: Uint8Array; readonly tag: Uint8Array; readonly ciphertext: Uint8Array }[];
  readonly runs: number;
  readonly documents: Received["changes"];
}

function prepareBare({ changes, entries }: Received): BareWork {
  const pair = generateKeyPairSync("ed25519");
  const message = randomBytes(46);
  const key = createSecretKey(randomBytes(32));
  const parts = changes.flat().map((change) => {
    const nonce = randomBytes(12);
    const cipher = createCipheriv("aes-256-gcm", key, nonce);
    const ciphertext = Buffer.concat([cipher.update(change), cipher.final()]);
    return { nonce, tag: cipher.getAuthTag(), ciphertext };
  });
  const signature = sign(null, message, pair.privateKey);
  return {
    publicKey: pair.publicKey,
    message,
    signature,
    key,
    parts,
    runs: Math.ceil(entries / RUN),
    documents: changes,
  };
}

function bareLoop({ publicKey, message, signature, key, parts, runs, documents }: BareWork): void {
  for (let run = 0; run < runs; run++)
    if (!verify(null, message, publicKey, signature)) throw new RangeError("a signature does not verify");
  for (const { nonce, tag, ciphertext } of parts) {
    createHash("sha256").update(ciphertext).digest();
    const decipher = createDecipheriv("aes-256-gcm", key, nonce);
    decipher.setAuthTag(tag);
    decipher.update(ciphertext);
    decipher.final();
  }
  for (const changes of documents) {
    let doc = Automerge.init<BenchRecord>();
    for (let at = 0; at < changes.length; at += RUN) [doc] = Automerge.applyChanges(doc, changes.slice(at, at + RUN));
    if (doc.revenue === undefined) throw new RangeError("a document is not readable");
    Automerge.free(doc);
  }
}
