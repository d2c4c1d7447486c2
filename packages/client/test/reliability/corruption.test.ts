// THREATS part 3, corruption, for a whole client: bytes of its SQLite file are flipped, zeroed, cut off. Then it says that something is
// damaged, or what it shows is what was there at some time; what others have comes back; what is lost for good was reported.
import { cpSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { Database, DocId } from "@selkie/client";
import { nativeCrypto } from "@selkie/crypto/native";
import type { TenantId } from "@selkie/entry";
import { memoryStore } from "@selkie/store";
import { openSqliteStore } from "@selkie/store-sqlite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { damage } from "../support/damage.ts";
import { cheapKeyBag, MemoryPlace, newDirectory } from "../support/places.ts";
import { Dice } from "./dice.ts";
import type { Note } from "./job.ts";
import { type Opened, openIn } from "./opened.ts";
import { UsedPlaces } from "./used-places.ts";
import { joinAsWitness, reopenWitness } from "./witness.ts";
import { addToken, noteOf } from "./workload.ts";

const CASES = process.env["SELKIE_TEST_FULL"] === undefined ? 100 : 2_000;
const SEED = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
const TYPED = /^(CoreError|StoreError|ClientError|KeyBagError|SyncError|EntryError)$/;

/** Directories as they were left: while the client was open (everything is in the log), and after it closed. */
const left: Record<"killed" | "closed", string> = { killed: "", closed: "" };
let tenant: TenantId;
const bobsPlace: { current: MemoryPlace } = { current: new MemoryPlace(null) };
/** Every state a document was ever in, newest last, and whether the newest was published. */
const versions = new Map<DocId, (Readonly<Note> | "deleted")[]>();
const published = new Map<DocId, number>();

beforeAll(async () => {
  for (const name of ["killed", "closed"] as const) left[name] = mkdtempSync(join(tmpdir(), `selkie-${name}-`));
  bobsPlace.current = new MemoryPlace(await cheapKeyBag());
  await using directory = await newDirectory();
  await using bob = await (async () => {
    await using alice = await openIn(directory.path);
    const witness = await joinAsWitness(alice, bobsPlace.current);
    tenant = alice.notes.getStore().tenant;
    await live(alice, "first");
    await witness.notes.pullChangesFrom(alice.notes.getStore());
    return witness;
  })();
  {
    await using alice = await openIn(directory.path);
    await live(alice, "second");
    await bob.notes.pullChangesFrom(alice.notes.getStore());
    for (const [id, states] of versions) published.set(id, states.length);
    await live(alice, "third");
    cpSync(directory.path, left.killed, { recursive: true });
  }
  cpSync(directory.path, left.closed, { recursive: true });
});

afterAll(() => {
  for (const path of Object.values(left)) rmSync(path, { recursive: true });
});

/** New documents, edits of all, a deletion. */
async function live({ notes }: Opened, name: string): Promise<void> {
  for (let n = 0; n < 4; n++) await see(notes, (await notes.createDocument(noteOf(`${name}-${n}`))).id);
  for (const id of await notes.createDocuments(Array.from({ length: 20 }, (_, n) => noteOf(`${name}-many-${n}`))))
    await see(notes, id);
  const ids = [...versions.keys()];
  for (const [at, id] of ids.entries()) {
    const doc = await notes.getDocument(id);
    if (doc.isDeleted() || at % 3 !== 0) continue;
    await notes.changeDoc(doc, (draft) => void addToken(draft.getData(), `${name}-edit-${at}`));
    await see(notes, id);
  }
  const [last] = ids.slice(-2);
  if (last === undefined) return;
  await notes.deleteDocument(last);
  await see(notes, last);
}

async function see(notes: Database<Note>, id: DocId): Promise<void> {
  versions.set(id, [...(versions.get(id) ?? []), await shown(notes, id)]);
}

async function shown(notes: Database<Note>, id: DocId): Promise<Readonly<Note> | "deleted"> {
  const doc = await notes.getDocument(id);
  return doc.isDeleted() ? "deleted" : structuredClone(doc.getData());
}

/**
 * How far each document is; fails when one is in a state it never was in, or nobody ever made it. A damaged log ends earlier: that is an
 * older store, and what was in its journal is written a second time, beside what others have of it.
 */
async function progressOf(notes: Database<Note>, isOlder: boolean): Promise<ReadonlyMap<DocId, number>> {
  const progress = new Map<DocId, number>();
  for (const id of await notes.getAllDocumentIds()) expect(versions.has(id)).toBe(true);
  for (const [id, states] of versions) {
    if ((await notes.findDocument(id)) === undefined) continue;
    const state = await shown(notes, id);
    const like = (known: Readonly<Note> | "deleted") =>
      isOlder ? isDeepStrictEqual(marksIn(known), marksIn(state)) : isDeepStrictEqual(known, state);
    const at = states.findIndex(like);
    if (at < 0) throw new Error(`wrong data in ${id}: ${JSON.stringify(state)}`);
    progress.set(id, at + 1);
  }
  return progress;
}

/** Which changes a state shows, whatever else they did. */
const marksIn = (state: Readonly<Note> | "deleted"): unknown =>
  state === "deleted" ? state : new Set(Object.keys(state).filter((key) => key.startsWith("+")));

/** What one damaged directory came to. */
type Outcome = "refused" | "reported" | "as if nothing were";

async function endure(directory: string, isLogDamaged: boolean): Promise<Outcome> {
  const reports: unknown[] = [];
  const report = (error: unknown): void => void reports.push(error);
  const used = new UsedPlaces();
  const ofBob = bobsPlace.current.copy();
  await using bob = await reopenWitness(ofBob);
  try {
    {
      await using alice = await openIn(directory, report);
      await progressOf(alice.notes, isLogDamaged);
      await alice.notes.pullChangesFrom(bob.notes.getStore());
      await bob.notes.pullChangesFrom(alice.notes.getStore());
      await progressOf(alice.notes, isLogDamaged);
      await alice.record(used);
    }
    await bringTo(directory, bobsPlace.current);
    // What waited for others' entries goes on when it is opened again.
    await using alice = await openIn(directory, report);
    await alice.notes.pullChangesFrom(bob.notes.getStore());
    await bob.compare(alice, used);
    const progress = await progressOf(alice.notes, isLogDamaged);
    const lost: DocId[] = [];
    for (const [id, states] of versions) {
      const reached = progress.get(id) ?? 0;
      expect(reached).toBeGreaterThanOrEqual(published.get(id) ?? 0);
      if (reached < states.length) lost.push(id);
    }
    // What a damaged log had beyond its new end is as if it had never been written: nobody could tell.
    if (lost.length > 0 && !isLogDamaged) expect(reports).not.toEqual([]);
  } catch (error) {
    expectTyped(error);
    return "refused";
  }
  for (const error of reports) expectTyped(error);
  return reports.length > 0 ? "reported" : "as if nothing were";
}

/** `await using` joins the error of the work and that of closing into one. */
function expectTyped(error: unknown): void {
  if (error instanceof Error && error.name === "SuppressedError" && "error" in error && "suppressed" in error) {
    for (const one of [error.error, error.suppressed]) expectTyped(one);
    return;
  }
  expect(error).toMatchObject({ name: expect.stringMatching(TYPED), code: expect.any(String) });
}

/** Brings to a directory what somebody else has, as a relay does: entries of all databases, the tenant's directory among them. */
async function bringTo(directory: string, place: MemoryPlace): Promise<void> {
  const random = (length: number): Uint8Array => nativeCrypto.randomBytes(length);
  await using store = await openSqliteStore({ directory, verifier: nativeCrypto });
  await using from = memoryStore({ verifier: nativeCrypto, random, disk: place.disk.copy() });
  for (const database of await from.databases(tenant))
    for await (const run of from.entries(tenant, database).scan()) await store.entries(tenant, database).append([run]);
}

describe("a client whose files were damaged", () => {
  it(`B11 shows nothing wrong, loses nothing others have, and does not crash: ${CASES} cases, seed ${SEED}`, {
    timeout: CASES * 3_000,
  }, async () => {
    const outcomes: Record<Outcome, number> = { refused: 0, reported: 0, "as if nothing were": 0 };
    for (let number = 0; number < CASES; number++) {
      const dice = new Dice(`${SEED}/${number}`);
      const how = dice.pick(["killed", "closed"] as const);
      await using directory = await newDirectory();
      cpSync(left[how], directory.path, { recursive: true });
      const files = ["selkie.db", "selkie.db-wal"].filter((name) => existsSync(join(directory.path, name)));
      const file = dice.pick(files);
      const done = `case ${number}: ${how}, ${file}: ${damage(join(directory.path, file), dice)}`;
      const outcome = await endure(directory.path, file !== "selkie.db").catch((cause: unknown) => {
        throw new Error(`${done}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
      });
      outcomes[outcome] += 1;
    }
    console.log(`seed ${SEED}: ${JSON.stringify(outcomes)}`);
  });
});
