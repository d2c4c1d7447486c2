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
import type { Answer, Question } from "../question.ts";
import { type BenchRecord, record } from "../record.ts";

const ENTRIES = 5_000;
const RUN = 100;
const ROUNDS = 3;

/** What a second device receives: the encoded runs, and, for the floor, the bare changes by document. */
interface Received {
  readonly database: VerifiedRun["database"];
  readonly frames: readonly Uint8Array[];
  readonly changes: readonly (readonly Automerge.Change[])[];
  readonly entries: number;
}

interface Case {
  readonly name: string;
  /** Writes about ENTRIES changes; returns how many changes one document gets. */
  write(database: Database<BenchRecord>): Promise<void>;
}

const cases: readonly Case[] = [
  {
    name: "distinct documents",
    write: async (database) => {
      await database.createDocuments(Array.from({ length: ENTRIES }, (_, at) => record(at)));
    },
  },
  { name: "hot documents, batched", write: (database) => writeHot(database, RUN) },
  { name: "hot documents, an entry each", write: (database) => writeHot(database, 1) },
];

/** Verify, open, gate, apply: 5,000 received changes; against a bare loop of hash, one verify a run, AES-GCM, `applyChanges`. */
export const open: Question = {
  name: "open",
  asks: "bare hash, verify, decrypt and `applyChanges` / receiving 5,000 changes until every document is readable (CPU, store in memory)",
  run: async (progress) => {
    const answer: {
      ratios: Record<string, Answer["ratios"][string]>;
      figures: Record<string, Answer["figures"][string]>;
    } = { ratios: {}, figures: {} };
    for (const one of cases) {
      const ours: number[] = [];
      const bare: number[] = [];
      for (let round = -1; round < ROUNDS; round++) {
        progress(`${one.name}, round ${round + 1} of ${ROUNDS}`);
        const found = await measure(one);
        if (round < 0) continue;
        ours.push(found.ours);
        bare.push(found.bare);
      }
      answer.figures[`a change, ${one.name}`] = figure("us", ours);
      answer.figures[`bare, ${one.name}`] = figure("us", bare);
      answer.ratios[one.name] = figure(
        "ratio",
        ours.map((us, at) => (bare[at] ?? Number.NaN) / us),
      );
    }
    return answer;
  },
};

async function measure(one: Case): Promise<{ ours: number; bare: number }> {
  await using alice = await createClient({ store: memory(), password: "a password for the benchmark" });
  await using bob = await createClient({ store: memory(), password: "a password for the benchmark" });
  const { hers, his } = await share(alice, bob);
  await one.write(hers);
  const received = await capture(hers);
  const changes = received.changes.reduce((sum, list) => sum + list.length, 0);
  const work = prepareBare(received);
  const bare = await cpuMicroseconds(() => bareLoop(work));
  const ours = await cpuMicroseconds(() => receive(received, his));
  return { ours: ours / changes, bare: bare / changes };
}

async function writeHot(database: Database<BenchRecord>, perEntry: number): Promise<void> {
  const documents = 50;
  const ids = await database.createDocuments(Array.from({ length: documents }, (_, at) => record(at)));
  const docs = await Promise.all(ids.map((id) => database.getDocument(id)));
  const store = database.getStore();
  for (let n = 0; n < ENTRIES; n++) {
    const doc = docs[n % documents];
    if (doc === undefined) continue;
    await database.changeDoc(doc, (draft) => {
      draft.getData().revenue = n;
    });
    if ((n + 1) % perEntry === 0 && store instanceof SyncedReplica) await store.flush();
  }
}

/** Two members of one tenant who share its directory, and nothing else yet. */
async function share(alice: Client, bob: Client): Promise<{ hers: Database<BenchRecord>; his: Database<BenchRecord> }> {
  const acme = await alice.createTenant("bench", { user: "CN=alice" });
  const response = await acme.directory.approveJoinRequest(await bob.createJoinRequest("CN=bob"), { role: "editor" });
  const acmeOfBob = await bob.joinTenant(response);
  await meet(acme, acmeOfBob);
  return { hers: await acme.openDB<BenchRecord>("records"), his: await acmeOfBob.openDB<BenchRecord>("records") };
}

async function meet(a: Tenant, b: Tenant): Promise<void> {
  const [near, far] = pipe();
  const [one, other] = await Promise.all([a.connect(near, { peer: "dialler" }), b.connect(far, { peer: "listener" })]);
  await one.synced();
  await other.synced();
  await one[Symbol.asyncDispose]();
  await other[Symbol.asyncDispose]();
}

/** The runs as they would travel, and the same changes as bare Automerge would get them. */
async function capture(database: Database<BenchRecord>): Promise<Received> {
  const store = database.getStore();
  if (store instanceof SyncedReplica) await store.flush();
  const encoder = new RunEncoder();
  const frames: Uint8Array[] = [];
  let entries = 0;
  for await (const run of store.scan()) {
    frames.push(encoder.encode([run]));
    entries += run.entries.length;
  }
  const changes: Automerge.Change[][] = [];
  for (const id of await database.getAllDocumentIds()) {
    const doc = await database.getDocument(id);
    changes.push(Automerge.getAllChanges(doc.getData() as Automerge.Doc<BenchRecord>));
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
