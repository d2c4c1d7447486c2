// THREATS part 3, disk full and EIO: the n-th write of the store fails, for every n of a workload, in three ways. Whoever was not told
// that something is durable has a typed error; what was acknowledged is there afterwards; and the next client finds a sound store.
import type { Doc } from "@selkie/client";
import { nativeCrypto } from "@selkie/crypto/native";
import { type EntryStore, memoryStore } from "@selkie/store";
import { beforeAll, describe, expect, it } from "vitest";
import { type Faults, faultyStore } from "../support/faulty-store.ts";
import { cheapKeyBag, MemoryPlace } from "../support/places.ts";
import type { Note } from "./job.ts";
import { Ledger } from "./ledger.ts";
import { type Opened, openAt } from "./opened.ts";
import { UsedPlaces } from "./used-places.ts";
import { joinAsWitness, reopenWitness, type Witness } from "./witness.ts";
import { addToken, noteOf } from "./workload.ts";

let alicesPlace: MemoryPlace;
let bobsPlace: MemoryPlace;

beforeAll(async () => {
  alicesPlace = new MemoryPlace(await cheapKeyBag());
  bobsPlace = new MemoryPlace(await cheapKeyBag());
  await using alice = await openAt(alicesPlace);
  await using bob = await joinAsWitness(alice, bobsPlace);
  await alice.notes.createDocument(noteOf("old"), { id: "old" });
  await bob.notes.pullChangesFrom(alice.notes.getStore());
  await bob.notes.createDocument(noteOf("bobs"));
});

interface Scene {
  readonly alice: Opened;
  readonly bob: Witness;
  readonly ledger: Ledger;
  /** Another store that entries are brought to. */
  readonly peer: EntryStore;
  /** The newest document. */
  doc: Doc<Note>;
}

/** What is tried, one after the other, whatever became of the steps before. */
const STEPS: readonly ((at: Scene) => Promise<void>)[] = [
  (at) => edit(at, "edit of what is published"),
  (at) => create(at, "a"),
  (at) => edit(at, "a.1"),
  async (at) => {
    const outcomes = await Promise.allSettled([
      ...["a.2", "a.3", "a.4"].map((token) => edit(at, token)),
      create(at, "b"),
      createMany(at, "with others", 3),
    ]);
    for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
  },
  async (at) => void (await at.alice.notes.pushChangesTo(at.peer)),
  (at) => createMany(at, "many", 5),
  (at) => edit(at, "b.1"),
  async ({ alice, bob, ledger }) => {
    await alice.notes.pullChangesFrom(bob.notes.getStore());
    for (const id of await bob.notes.getAllDocumentIds())
      for (const token of (await bob.notes.getDocument(id)).getData().tokens)
        ledger.note({ type: "created", id, token, last: 1 });
  },
  async ({ alice, ledger }) => {
    const request = await alice.client.createJoinRequest("CN=carol/O=acme");
    await alice.tenant.directory.approveJoinRequest(request, { role: "reader" });
    ledger.note({ type: "admitted", user: "CN=carol/O=acme" });
  },
  async ({ alice, ledger, doc }) => {
    ledger.note({ type: "deleting", id: doc.id });
    await alice.notes.deleteDocument(doc);
    ledger.note({ type: "deleted", id: doc.id });
  },
  (at) => create(at, "c"),
  async (at) => void (await at.alice.notes.pushChangesTo(at.peer)),
  (at) => edit(at, "c.1"),
];

async function create(at: Scene, token: string): Promise<void> {
  at.doc = await at.alice.notes.createDocument(noteOf(token));
  at.ledger.note({ type: "created", id: at.doc.id, token, last: 1 });
}

async function edit({ alice, ledger, doc }: Scene, token: string): Promise<void> {
  let last = 0;
  await alice.notes.changeDoc(doc, (draft) => {
    last = addToken(draft.getData(), token);
  });
  ledger.note({ type: "changed", id: doc.id, token, last });
}

async function createMany({ alice, ledger }: Scene, token: string, count: number): Promise<void> {
  const ids = await alice.notes.createDocuments(Array.from({ length: count }, () => noteOf(token)));
  ledger.note({ type: "many", ids, token });
}

const TYPED = /^(CoreError|StoreError|ClientError|SyncError)$/;
const failures = new Map<string, number>();

/** Whether the work failed, with a typed error; any other fails the test. */
async function fails(work: () => PromiseLike<unknown>): Promise<string | null> {
  try {
    await work();
    return null;
  } catch (error) {
    expect(error).toMatchObject({ name: expect.stringMatching(TYPED), code: expect.any(String) });
    const code = String((error as { code: unknown }).code);
    failures.set(code, (failures.get(code) ?? 0) + 1);
    return code;
  }
}

/** Everything once, with these faults; then a crash or a close, and a client that finds whatever is left. @returns writes made */
async function play(faults: Faults, end: "crash" | "close"): Promise<number> {
  const [place, ofBob] = [alicesPlace.copy(), bobsPlace.copy()];
  await using bob = await reopenWitness(ofBob);
  const [ledger, used] = [new Ledger(), new UsedPlaces()];
  const reports: unknown[] = [];
  const random = (length: number): Uint8Array => nativeCrypto.randomBytes(length);
  const peers = memoryStore({ verifier: nativeCrypto, random });
  await fails(async () => {
    const alice = await openAt(
      place.again((store) => faultyStore(store, faults)),
      (error) => reports.push(error),
    );
    const { tenant, database } = alice.notes.getStore();
    const peer = peers.entries(tenant, database);
    const [old] = await alice.notes.getAllDocumentIds();
    if (old === undefined) throw new RangeError("nothing is there to begin with");
    const scene: Scene = { alice, bob, ledger, peer, doc: await alice.notes.getDocument(old) };
    for (const step of STEPS) {
      if ((await fails(() => step(scene))) === "JOURNAL_FAILED") await fails(() => reopen(scene));
      await used.noteAll(peer.scan());
    }
    if (end === "crash") place.disk.crash();
    await fails(() => scene.alice[Symbol.asyncDispose]());
  });
  const { writes } = faults;
  for (const error of reports) expect(error).toMatchObject({ name: expect.stringMatching(TYPED) });

  await using again = await openAt(place.again());
  await ledger.check(again.notes);
  const users = (await again.tenant.directory.users()).map(({ name }) => name);
  expect(users).toEqual(expect.arrayContaining([...ledger.users]));
  await bob.notes.pullChangesFrom(peerOf(again, peers));
  await again.notes.pullChangesFrom(bob.notes.getStore());
  await bob.compare(again, used);
  await ledger.check(bob.notes);
  // And it goes on as if nothing had been.
  await create({ alice: again, bob, ledger, peer: peerOf(again, peers), doc: await firstDocument(again) }, "after");
  await bob.compare(again, used);
  return writes;
}

/** What the error asks for: the database is opened again. */
async function reopen(scene: Scene): Promise<void> {
  const { alice } = scene;
  await fails(() => alice.notes[Symbol.asyncDispose]());
  const notes = await alice.tenant.openDB<Note>("notes");
  const doc = (await notes.findDocument(scene.doc.id)) ?? scene.doc;
  Object.assign(scene, { alice: { ...alice, notes }, doc });
}

function peerOf({ notes }: Opened, peers: ReturnType<typeof memoryStore>): EntryStore {
  const { tenant, database } = notes.getStore();
  return peers.entries(tenant, database);
}

async function firstDocument({ notes }: Opened): Promise<Doc<Note>> {
  const [id] = await notes.getAllDocumentIds();
  if (id === undefined) throw new RangeError("no document is there");
  return notes.getDocument(id);
}

describe("a write of the store that fails, whichever it is,", () => {
  const ways: Readonly<Record<string, (n: number) => Faults["of"]>> = {
    "once, and nothing of it is written": (n) => (write) => (write === n ? "not written" : null),
    "once, though it is written": (n) => (write) => (write === n ? "written, not confirmed" : null),
    "and all that follow, as on a full disk": (n) => (write) => (write >= n ? "not written" : null),
  };
  for (const [way, of] of Object.entries(ways)) {
    it(`B11 ${way}: a typed error, nothing acknowledged is lost, nothing is signed twice`, async () => {
      failures.clear();
      let tried = 0;
      for (let n = 1, writes = n; n <= writes; n++) {
        writes = await play({ writes: 0, of: of(n) }, n % 2 === 0 ? "crash" : "close").catch((error: unknown) => {
          throw new Error(`write ${n}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
        });
        tried = n;
      }
      console.log(`${way}: ${tried} writes, ${JSON.stringify(Object.fromEntries(failures))}`);
      expect(tried).toBeGreaterThan(STEPS.length - 2);
      expect(failures.size).toBeGreaterThan(0);
    });
  }
});
