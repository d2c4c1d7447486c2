// Who goes on after a restart: what moved since the index was marked is looked at, and nothing else.
import { expect, test } from "vitest";
import { DocumentMarks } from "../../src/cold/document-marks.ts";
import type { DocId } from "../../src/document/doc-id.ts";
import { Documents } from "../../src/document/documents.ts";
import { DocumentNoter, documentRows } from "../../src/feed/document-notes.ts";
import type { DocumentNote } from "../../src/feed/sight.ts";
import { StampedIndex } from "../../src/feed/stamped-index.ts";
import { rowKind } from "../../src/local/local-state.ts";
import { Random } from "../automerge/random-history.ts";
import { type Device, Lab } from "../database/lab.ts";
import { flipped, isOfKind, putRows, type Row, stateRows } from "../database/state-rows.ts";
import { testDatabase, testRing } from "../fixture.ts";
import { cutOff } from "./cut-off.ts";
import { Follower, pass, shownBy } from "./follower.ts";
import { unshare } from "./unshare.ts";

const isOfFeed = isOfKind(rowKind.feed);
const COUNT = 240;

/** How many digests are taken while somebody reads on: at least one for each document that is looked at. */
function counting({ crypto }: Lab): (read: () => Promise<unknown>) => Promise<number> {
  const sha256 = crypto.sha256.bind(crypto);
  let count = 0;
  Object.assign(crypto, {
    sha256: (...pieces: Uint8Array[]) => {
      count += 1;
      return sha256(...pieces);
    },
  });
  return async (read) => {
    count = 0;
    await read();
    return count;
  };
}

/** Anna has many documents, and somebody who read of them; she was closed since. */
async function marked(seed: string) {
  const lab = await Lab.begin(seed);
  const digestsOf = counting(lab);
  const [ben, anna] = [await lab.device("ben"), await lab.device("anna")];
  const ids = await anna.database.createDocuments(Array.from({ length: COUNT }, (_, n) => ({ n })));
  await pass(anna, ben);
  const follower = new Follower();
  await follower.read(anna);
  await anna.close();
  return { lab, digestsOf, anna, ben, ids, follower };
}

async function set({ database }: Device, id: DocId | undefined, data: object): Promise<void> {
  const doc = await database.getDocument(id ?? expect.fail("a document"));
  await database.changeDoc(doc, (draft) => void Object.assign(draft.getData(), data));
}

test("documents that moved are looked at, and no others; all of them where the directory says something new", async () => {
  const { lab, digestsOf, anna, ben, ids, follower } = await marked("looked at");
  await anna.open();
  await anna.assembled.loaded();
  expect(await digestsOf(() => follower.read(anna))).toBeLessThan(10);
  await set(ben, ids[3], { n: -3 });
  await anna.close();

  await anna.open();
  await pass(ben, anna); // nobody reads meanwhile
  await set(anna, ids[7], { n: -7 });
  await anna.close();
  await anna.open();
  await anna.assembled.loaded();
  let read = 0;
  const some = await digestsOf(async () => {
    read = await follower.read(anna);
  });
  expect([read, some < COUNT / 2]).toEqual([2, true]);
  expect(follower.state).toEqual(await shownBy(anna));
  await anna.close();

  await lab.admit("carol");
  await anna.open();
  await anna.assembled.loaded();
  expect(await digestsOf(() => follower.read(anna))).toBeGreaterThanOrEqual(COUNT);
  await lab.admit("dora");
  await anna.assembled.reconsider();
  await anna.close(); // what is left to be noted is noted then
  await anna.open();
  await anna.assembled.loaded();
  expect(await digestsOf(() => follower.read(anna))).toBeLessThan(10);
});

test("when nothing was noted for a while it is marked, too: a crash loses what came since, and no more", async () => {
  const { lab, digestsOf, anna, ids, follower } = await marked("quiet");
  await lab.admit("carol"); // what it says was marked as of another directory
  await anna.open();
  await follower.read(anna);
  await set(anna, ids[3], { n: -3 });
  await anna.assembled.flush();
  await follower.read(anna);
  for (const ring of anna.timers.splice(0)) ring();
  await follower.read(anna); // behind the mark
  await anna.database.createDocument({ n: COUNT });
  await follower.read(anna);
  anna.crash();
  await anna.open();
  await anna.assembled.loaded();
  expect(await digestsOf(() => follower.read(anna))).toBeLessThan(30);
  expect(follower.state).toEqual(await shownBy(anna));
});

test("what no entry holds comes after a crash, and is delivered as it was made anew", async () => {
  const { anna, ids, follower } = await marked("unsealed");
  anna.isOnline = false;
  await anna.open();
  await set(anna, ids[3], { n: -3 });
  await follower.read(anna);
  await set(anna, ids[4], { n: -4 });
  for (let restart = 0; restart < 3; restart++) {
    anna.crash();
    await anna.open();
    await follower.read(anna);
    expect([restart, follower.state]).toEqual([restart, await shownBy(anna)]);
  }
});

test("a document of which nothing counts any more is delivered as deleted, by whoever read it before a restart", async () => {
  const { lab, mallory, carol, cut } = await cutOff("gone");
  const doc = await mallory.database.createDocument({ text: "mine" });
  await carol.hear(...lab.world.placed.filter((one) => one !== cut));
  await pass(mallory, carol);
  const follower = new Follower();
  await follower.read(carol);
  expect(follower.state.has(doc.id)).toBe(true);
  await carol.close();
  await carol.open();
  await follower.read(carol);
  await carol.hear(cut);
  await follower.read(carol);
  expect(follower.state).toEqual(await shownBy(carol));
  await carol.close();
  await carol.open();
  await follower.read(carol);
  expect(follower.state).toEqual(await shownBy(carol));
});

test("whichever older copies of its pieces are put back, whoever reads on has what the database shows", async () => {
  const random = new Random(7);
  const { anna, ids, follower } = await marked("put back");
  const moments: (readonly Row[])[] = [(await stateRows(anna)).filter(isOfFeed)];
  const readers = [follower.copy()];
  for (let round = 0; round < 6; round++) {
    await anna.open();
    for (let n = 0; n < 300; n++) {
      await set(anna, random.pick(ids), { n: random.below(1_000_000) });
      if (n % 3 === 0) await follower.read(anna);
    }
    if (round % 2 === 0) await anna.database.deleteDocument(await anna.database.createDocument({ n: round }));
    await anna.database.createDocument({ n: round });
    await follower.read(anna);
    await anna.close();
    moments.push((await stateRows(anna)).filter(isOfFeed));
    readers.push(follower.copy());
  }
  const now = await stateRows(anna);
  const others = now.filter((row) => !isOfFeed(row));
  const keys = [...new Set(moments.flat().map(({ key }) => String(key)))];
  const mixes = Array.from({ length: 30 }, (_, mix) => {
    const [head, rest] = [random.pick(moments), random.pick(moments)];
    return keys.flatMap((key, at) => {
      const from = at === 0 ? head : mix % 2 === 0 ? rest : random.pick([rest, random.pick(moments)]);
      return from.find((row) => String(row.key) === key) ?? [];
    });
  });
  for (const [mix, rows] of mixes.entries()) {
    const device = anna.restored();
    device.disk = anna.disk.copy();
    await putRows(device, [...others, ...rows]);
    await device.open();
    const reader = random.pick(readers).copy();
    await reader.read(device);
    expect([mix, reader.state]).toEqual([mix, await shownBy(device)]);
  }
}, 60_000);

test("what the directory takes away is hidden, wherever the index says that it was shown", async () => {
  const lab = await Lab.begin("taken away", ["default", "board"]);
  const alice = await lab.device("alice");
  await alice.hear(...lab.world.placed);
  const secret = await alice.database.createDocument({ n: -1 }, { key: "board" });
  await alice.database.createDocuments(Array.from({ length: COUNT }, (_, n) => ({ n })));
  const follower = new Follower();
  await follower.read(alice);
  await alice.close();
  await alice.open();
  expect(await follower.read(alice)).toBe(0);
  await alice.hear((await unshare(lab, alice)).unshared);
  const items = await Array.fromAsync(alice.database.iterateChangesSince(follower.cursor));
  expect(items.map(({ type, doc }) => [type, doc.id])).toEqual([["hidden", secret.id]]);
});

test("a piece that is damaged, and not read when the index is loaded, costs whoever needs it a new beginning, and nothing else", async () => {
  const { anna, ids, follower } = await marked("damaged");
  const rows = await stateRows(anna);
  const first = rows.filter(isOfFeed)[1] ?? expect.fail("a segment");
  await putRows(
    anna,
    rows.map((row) => (row === first ? { ...row, value: flipped(row.value, -1) } : row)),
  );
  await anna.open();
  expect(await follower.read(anna)).toBe(0);
  const other = new Follower();
  expect(await other.read(anna)).toBe(COUNT);
  await set(anna, ids[3], { n: -3 });
  for (const reader of [follower, other]) {
    await reader.read(anna);
    expect(reader.state).toEqual(await shownBy(anna));
  }
});

test("of a document that is gone the index may know what it did not read", async () => {
  const { lab, anna, ids } = await marked("gone");
  const random = (length: number): Uint8Array => lab.crypto.randomBytes(length);
  let loaded: StampedIndex<DocumentNote> | undefined;
  await anna.inJournal(async (_, at) => {
    loaded = await StampedIndex.load({ ...at, format: documentRows, database: testDatabase, random });
  });
  const index = loaded ?? expect.fail("an index");
  const view = lab.world.view();
  const noter = new DocumentNoter({
    ...{ documents: new Documents(lab.crypto), ring: testRing(lab.crypto, ...lab.keys) },
    ...{ view: () => view, isEntitled: () => true },
  });
  const [id = expect.fail("a document")] = ids;
  expect([index.isWhole, index.get(id)]).toEqual([false, undefined]);
  noter.settle();
  expect([...noter.notes(index, new Set([id]), new Set())]).toMatchObject([{ id, state: "deleted" }]);
});

test("nothing is marked while a change is in no entry, could not be stored, or may be stored and not announced", async () => {
  const lab = await Lab.begin("not marked");
  const covered = { basis: "", vector: new Map(), ended: [] };
  const marks = (journal: { isEmpty: boolean; hasFailed: boolean }, isShared = false) =>
    new DocumentMarks({
      ...{ crypto: lab.crypto, ring: {} as never, entries: {} as never, isMissing: () => false },
      ...{ journal: { rows: [], ...journal }, writes: { isShared }, isOut: () => false },
      covered: async () => covered,
    });
  expect(await marks({ isEmpty: true, hasFailed: false }).now()).toBe(covered);
  expect(await marks({ isEmpty: false, hasFailed: false }).now()).toBeNull();
  expect(await marks({ isEmpty: true, hasFailed: true }).now()).toBeNull();
  expect(await marks({ isEmpty: true, hasFailed: false }, true).now()).toBeNull();
});

test("a device that is out looks at all documents: what was hidden stays so, and only the index knows it", async () => {
  const { lab } = await marked("out");
  const context = { crypto: lab.crypto, ring: {} as never, entries: {} as never, isMissing: () => false };
  const journal = { rows: [], isEmpty: true, hasFailed: false };
  const covered = { basis: "", vector: new Map(), ended: [] };
  const marks = new DocumentMarks({
    ...{ ...context, journal, writes: { isShared: false }, isOut: () => true },
    covered: async () => covered,
  });
  expect(await marks.touchedSince(covered)).toBeNull();
});

test("what was noted since the mark, of a state that is no more, is looked at again: an edit that was lost, an entry that was damaged", async () => {
  const { lab, anna, ben, ids, follower } = await marked("no more");
  anna.isOnline = false;
  await anna.open();
  await set(anna, ids[3], { n: -3 });
  await follower.read(anna);
  anna.crash();
  const isInJournal = isOfKind(rowKind.journal);
  await putRows(
    anna,
    (await stateRows(anna)).filter((row) => !isInJournal(row)),
  );
  await anna.open();
  await follower.read(anna);
  expect(follower.state).toEqual(await shownBy(anna));

  await set(ben, ids[4], { n: -4 });
  const runs = await ben.runs();
  await anna.receive(...runs);
  await follower.read(anna);
  await anna.close();
  const own = runs.at(-1) ?? expect.fail("a run");
  for (const { writer, entries } of runs.filter(({ writer }) => writer !== own.writer || runs.length === 1))
    anna.damage(writer, entries.at(-1)?.header.seq ?? 0);
  await anna.open();
  await follower.read(anna);
  expect(follower.state).toEqual(await shownBy(anna));
  anna.crash();
  await anna.open();
  await anna.receive(...runs); // nobody reads
  anna.crash();
  await anna.open();
  await follower.read(anna);
  expect(follower.state).toEqual(await shownBy(anna));
  expect(lab.keys.length).toBe(1);
});

test("a chain that is stored and was not read yet is not covered, whenever the database is closed", async () => {
  const { lab, anna, follower } = await marked("new chain");
  const carol = await lab.device("carol");
  await carol.database.createDocument({ of: "carol" });
  const runs = await carol.runs();
  for (let turns = 0; turns < 40; turns++) {
    const device = anna.restored();
    device.disk = anna.disk.copy();
    const reader = follower.copy();
    await device.open();
    await reader.read(device);
    const receiving = device.receive(...runs).catch(() => undefined);
    for (let turn = 0; turn < turns; turn++) await null;
    await device.close();
    await receiving;
    for (let time = 0; time < 2; time++) {
      await device.open();
      await reader.read(device);
      expect([turns, time, reader.state]).toEqual([turns, time, await shownBy(device)]);
      await device.close();
    }
  }
});
