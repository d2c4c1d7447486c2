import { memoryStore, type Store } from "@selkie/store";
import { expect, test } from "vitest";
import type { DatabaseEvents } from "../../src/database/database.ts";
import { type DocId, docIdOf } from "../../src/document/doc-id.ts";
import { Documents } from "../../src/document/documents.ts";
import { Events } from "../../src/events.ts";
import { DocumentNoter } from "../../src/feed/document-notes.ts";
import { type Marks, NotedChanges, type Noter } from "../../src/feed/noted-changes.ts";
import { type RevisionNote, RevisionNoter } from "../../src/feed/revision-notes.ts";
import type { DocumentNote } from "../../src/feed/sight.ts";
import type { StampedIndex } from "../../src/feed/stamped-index.ts";
import { LocalState } from "../../src/local/local-state.ts";
import type { Platform } from "../../src/platform.ts";
import { handMade } from "../automerge/hand-made-change.ts";
import { Lab, placeOf } from "../database/lab.ts";
import { pattern, repeatableCrypto, testDatabase, testRing, testTenant } from "../fixture.ts";

const places = Array.from({ length: 600 }, (_, n) => placeOf(`document ${n}`));

type Noting<Note extends { readonly id: string }> = (documents: Documents, lab: Lab) => Noter<Note>;

/** Documents of which one changes at a time, on a disk that is full now and then. */
async function begin<Note extends { readonly id: string }>(noting: Noting<Note>, marks: Marks | null = null) {
  const lab = await Lab.begin("noted");
  const crypto = repeatableCrypto("noted");
  const random = (length: number): Uint8Array => crypto.randomBytes(length);
  const disk = memoryStore({ verifier: crypto, random });
  const fault = { isFull: false };
  const others = { run: (): void => undefined };
  const commit: Store["commit"] = (write) =>
    fault.isFull ? Promise.reject(new RangeError("the disk is full")) : disk.commit(write);
  const store = Object.create(disk, { commit: { value: commit } }) as Store;
  const local = new LocalState(crypto, disk.state, await crypto.importSecret(pattern("local", 32)), testTenant);
  const documents = new Documents(crypto);
  const events = new Events<DatabaseEvents>((error) => expect.fail(String(error)));
  const scheduler: Platform["scheduler"] = {
    after: (ms, work) => {
      if (ms > 0) {
        timers.add(work);
        return () => void timers.delete(work);
      }
      others.run();
      void Promise.resolve().then(work);
      return () => undefined;
    },
  };
  const timers = new Set<() => void>();
  const noted = new NotedChanges({
    ...{ database: testDatabase, store, local, random, events, noter: noting(documents, lab), marks },
    documentOf: ({ id }) => id.slice(0, 64) as DocId, // those of revisions begin with them
    platform: { scheduler, report: (error) => expect.fail(String(error)) },
    announced: () => undefined,
    moved: () => undefined,
  });
  const change = (n: number): void => {
    const place = places[n] ?? expect.fail("a place");
    const record = documents.ensure(place);
    const ops = [{ key: { text: "n" }, value: record.changes.length }];
    const seq = record.changes.length + 1;
    record.changes.push(handMade({ actor: n.toString(16).padStart(32, "0"), seq, startOp: seq, ops }).bytes);
    events.emit("change", { id: docIdOf(place) });
  };
  const forget = (n: number): void => documents.forget(documents.ensure(places[n] ?? expect.fail("a place")));
  return { noted, fault, change, forget, others, timers };
}

/** @param first documents or changes of the first, and `last` of all */
async function fail<Note extends { readonly id: string }>(noting: Noting<Note>, first: number, last: number) {
  const { noted, fault, change } = await begin(noting);
  const count = (index: StampedIndex<Note>): number => [...index.all()].length;
  change(0);
  expect(count(await noted.refreshed(null))).toBe(first);
  expect(noted.hasNews()).toBe(false);
  change(0);
  change(1);
  fault.isFull = true;
  await expect(noted.refreshed(null)).rejects.toThrow("full");
  expect(noted.hasNews(docIdOf(places[1] ?? expect.fail("a place")))).toBe(true);
  change(2);
  await expect(noted.refreshed(null)).rejects.toThrow("full");
  fault.isFull = false;
  const index = await noted.refreshed(null);
  expect([count(index), noted.hasNews()]).toEqual([last, false]);
  expect(await noted.refreshed(null)).toBe(index);
}

test("there is news until what is noted is durable", async () => {
  const { noted, change } = await begin((documents) => new RevisionNoter(documents));
  change(0);
  await noted.refreshed(null);
  change(1);
  const refreshed = noted.refreshed(null);
  await Promise.resolve();
  expect([noted.hasNews(), noted.hasNews(docIdOf(places[0] ?? expect.fail("a place")))]).toEqual([true, true]);
  await refreshed;
  expect(noted.hasNews()).toBe(false);
});

const notingDocuments: Noting<DocumentNote> = (documents, { crypto, keys, world }) => {
  const [view, ring] = [world.view(), testRing(crypto, ...keys)];
  return new DocumentNoter({ documents, ring, view: () => view, isEntitled: () => true });
};
const notingRevisions: Noting<RevisionNote> = (documents) => new RevisionNoter(documents);

test("documents that could not be noted are noted later, once the disk takes it", async () => {
  await fail(notingDocuments, 1, 3);
});

test("revisions that could not be noted are noted later, once the disk takes it", async () => {
  await fail(notingRevisions, 1, 4);
});

test("what was noted and is not written yet is noted again, where the disk would not take it", async () => {
  const covered = { basis: "0".repeat(64), vector: new Map(), ended: [] };
  const marks = { now: async () => covered, touchedSince: async () => new Set<DocId>() };
  const { noted, fault, change } = await begin(notingDocuments, marks);
  change(0);
  await noted.refreshed(null, false);
  await noted.mark();
  for (const failing of [() => noted.keep(), () => noted.mark(), () => noted.refreshed(null)]) {
    change(1);
    const { held, newest } = await noted.refreshed(null, false);
    expect([held.length, held[0]?.stamp === newest, noted.hasNews()]).toEqual([1, true, false]);
    fault.isFull = true;
    await expect(failing()).rejects.toThrow("full");
    expect(noted.hasNews(docIdOf(places[1] ?? expect.fail("a place")))).toBe(true);
    fault.isFull = false;
    await noted.keep();
    const index = await noted.refreshed(null, false);
    // As it was seen, and as it is.
    expect([index.held.length, index.newest, index.after(newest)?.id]).toEqual([
      ...[0, newest + 1, places[1] && docIdOf(places[1])],
    ]);
  }
});

test("a document that somebody in memory saw is deleted for them, also where it went before a disk that was full took it", async () => {
  const { noted, fault, change, forget } = await begin(notingDocuments);
  change(0);
  await noted.refreshed(null, false);
  change(1);
  const { newest } = await noted.refreshed(null, false);
  fault.isFull = true;
  await expect(noted.keep()).rejects.toThrow("full");
  forget(1);
  await expect(noted.refreshed(null, false)).rejects.toThrow("full");
  fault.isFull = false;
  const index = await noted.refreshed(null, false);
  expect(index.after(newest - 1)).toMatchObject({ id: places[1] && docIdOf(places[1]), state: "deleted" });
});

test("what waits to be written is written when it is much, and with what does not wait", async () => {
  const { noted, change } = await begin(notingDocuments);
  for (const n of places.keys()) change(n);
  expect((await noted.refreshed(null, false)).held).toEqual([]); // the first look
  const held = async (...changed: readonly number[]): Promise<number> => {
    for (const n of changed) change(n);
    return (await noted.refreshed(null, false)).held.length;
  };
  expect([await held(1), await held(2, 3), await held(...places.keys())]).toEqual([1, 3, 603]);
  expect([await held(...places.keys()), await held(4)]).toEqual([0, 1]);
  change(5);
  expect([(await noted.refreshed(null)).held.length, await held()]).toEqual([0, 0]);
});

/** Others have turns while all documents are looked at for the first time, and change one that was looked at, and one that was not. */
async function changeMeanwhile<Note extends { readonly id: string }>(noting: Noting<Note>) {
  const { noted, change, others } = await begin(noting);
  for (const n of places.keys()) change(n);
  let turns = 0;
  others.run = () => {
    turns += 1;
    if (turns !== 1) return;
    change(0);
    change(599);
  };
  const first = await noted.refreshed(null);
  expect(turns).toBeGreaterThan(1);
  const [size, newest] = [[...first.all()].length, first.newest];
  expect([0, 1, 599].map((n) => noted.hasNews(docIdOf(places[n] ?? expect.fail("a place"))))).toEqual([
    true,
    false,
    true,
  ]);
  const index = await noted.refreshed(null);
  return { size, grown: [...index.all()].length - size, stamped: index.newest - newest };
}

test("others have their turn while documents are looked at; what changes meanwhile is noted again", async () => {
  expect(await changeMeanwhile(notingDocuments)).toEqual({ size: 600, grown: 0, stamped: 2 });
});

test("others have their turn while revisions are looked at; each is noted once", async () => {
  expect(await changeMeanwhile(notingRevisions)).toEqual({ size: 601, grown: 1, stamped: 1 });
});

test("an index is marked once what is left is noted, where nothing more comes meanwhile, and not before somebody reads", async () => {
  const covered = { basis: "0".repeat(64), vector: new Map(), ended: [] };
  const during = { now: async (): Promise<void> => undefined };
  const { noted, change } = await begin(notingDocuments, {
    now: async () => {
      await during.now();
      return covered;
    },
    touchedSince: async () => null,
  });
  await noted.mark();
  change(0);
  const index = await noted.refreshed(null);
  change(1);
  during.now = async () => change(2);
  await noted.mark();
  expect([index.mark, index.newest]).toEqual([null, 2]);
  during.now = async () => undefined;
  await noted.mark();
  expect(index.mark).toEqual({ ...covered, newest: 3, segment: 0, size: 3 });
});

test("nothing is marked once it is closed", async () => {
  const { noted, change, timers } = await begin(notingDocuments, {
    now: async () => null,
    touchedSince: async () => null,
  });
  change(0);
  await noted.refreshed(null);
  expect(timers.size).toBe(1);
  change(1);
  const refreshed = noted.refreshed(null);
  await noted.close();
  await refreshed;
  expect(timers.size).toBe(0);
});
