import { toHex } from "@selkie/entry";
import { MemoryDisk, memoryStore, publicState, type Store } from "@selkie/store";
import { expect, test } from "vitest";
import { type DocId, docIdOfBytes } from "../../src/document/doc-id.ts";
import { documentRows } from "../../src/feed/document-notes.ts";
import type { DocumentNote } from "../../src/feed/sight.ts";
import { StampedIndex } from "../../src/feed/stamped-index.ts";
import { LocalState, rowKind } from "../../src/local/local-state.ts";
import { pattern, repeatableCrypto, testDatabase, testTenant } from "../fixture.ts";

const idOf = (n: number): DocId => docIdOfBytes(pattern(`document ${n}`, 32));
const noteOf = (n: number, version = 0): DocumentNote => ({
  id: idOf(n),
  state: "changed",
  digest: toHex(pattern(`digest ${n} ${version}`, 16)),
});
const notes = (from: number, to: number, version = 0): readonly DocumentNote[] =>
  Array.from({ length: to - from }, (_, at) => noteOf(from + at, version));
const keys = new Set([toHex(pattern("key", 16))]);

/** A disk, and an index that was read from it by a program that began just now. */
async function begin(seed: string, disk = new MemoryDisk()) {
  const crypto = repeatableCrypto(seed);
  disk.crash(); // whoever had it open is gone
  const random = (length: number): Uint8Array => crypto.randomBytes(length);
  const store = memoryStore({ verifier: crypto, random, disk });
  const local = new LocalState(crypto, store.state, await crypto.importSecret(pattern("local", 32)), testTenant);
  const failing = { isFailing: false };
  const at = {
    ...{ format: documentRows, database: testDatabase, local, random },
    store: Object.create(store, {
      commit: {
        value: (write: Parameters<Store["commit"]>[0]) =>
          failing.isFailing ? Promise.reject(new RangeError("the disk is full")) : store.commit(write),
      },
    }) as Store,
  };
  const rowKeys = async (): Promise<readonly Uint8Array[]> =>
    (await Array.fromAsync(local.range(rowKind.feed, testDatabase))).map(({ key }) => key);
  return { index: await StampedIndex.load(at), store, disk, failing, rowKeys };
}

function idsAfter(index: StampedIndex<DocumentNote>, stamp: number): readonly DocId[] {
  const ids: DocId[] = [];
  for (let row = index.after(stamp); row !== undefined; row = index.after(row.stamp)) ids.push(row.id);
  return ids;
}

test("rows are held once this run of the program has given stamps, and are on the disk once they are kept", async () => {
  const { index, disk } = await begin("held");
  expect(index.hold([noteOf(0)])).toBe(false);
  await index.note(notes(0, 150), keys);
  expect([index.hold([noteOf(3, 1)]), index.hold([noteOf(200)]), index.held.length, index.newest]).toEqual([
    ...[true, true, 2, 152],
  ]);
  const other = new MemoryDisk(disk.copy().content);
  expect((await begin("not kept", other)).index.newest).toBe(150);
  await index.keep();
  expect([index.held, idsAfter(index, 150)]).toEqual([[], [3, 200].map(idOf)]);
  const again = (await begin("kept", disk)).index;
  expect([again.hold([noteOf(1, 1)]), idsAfter(again, 149)]).toEqual([false, [149, 3, 200].map(idOf)]);
});

test("gives documents in the order in which they were noted last, and is the same when it is read again", async () => {
  const { index, disk, rowKeys } = await begin("order");
  await index.note(notes(0, 250), keys);
  await index.note([noteOf(3, 1), noteOf(249, 1), noteOf(300)], keys);
  const rest = [...Array(250).keys()].filter((n) => n !== 3 && n !== 249);
  const expected = [...rest, 3, 249, 300].map(idOf);
  expect(idsAfter(index, 0)).toEqual(expected);
  expect((await rowKeys()).length).toBe(4); // the head and three segments
  const again = (await begin("order again", disk)).index;
  expect(idsAfter(again, 0)).toEqual(expected);
  expect(idsAfter(again, 250)).toEqual([3, 249, 300].map(idOf));
  expect([again.newest, again.keys, again.get(idOf(3))?.digest]).toEqual([253, keys, noteOf(3, 1).digest]);
});

test("takes up cursors of earlier runs, and keeps the disk in bounds however often documents change", async () => {
  const { index, disk } = await begin("bounds");
  await index.note(notes(0, 30), keys);
  const place = index.placeOf(20);
  for (let version = 1; version <= 100; version++) await index.note(notes(0, 25, version), keys);
  const { index: again, rowKeys } = await begin("bounds again", disk);
  expect(again.stampOf(place)).toBe(20);
  expect(idsAfter(again, 20)).toEqual(
    [...Array(5).keys()].map((n) => idOf(25 + n)).concat(notes(0, 25).map(({ id }) => id)),
  );
  expect((await rowKeys()).length).toBeLessThan(14);
  expect(again.get(idOf(7))?.digest).toBe(noteOf(7, 100).digest);
});

test.each([
  ["one run", 250, 200],
  ["two", 240, 0],
])("begins anew, for every cursor, when a piece of what %s wrote is damaged or gone", async (_, first, withoutTail) => {
  const begun = await begin("damage");
  await begun.index.note(notes(0, first), keys);
  const { disk } = begun;
  const place = begun.index.placeOf(10);
  const { index, rowKeys } = await begin("damage more", disk);
  await index.note(notes(first, 250), keys);
  const rows = await rowKeys();
  for (const [at, key] of rows.entries()) {
    for (const isGone of [true, false]) {
      const copy = disk.copy();
      const { store } = await begin("writes", copy);
      if (isGone) await store.commit({ remove: [key] });
      else {
        const other = rows.find((row) => row !== key) ?? key;
        const value = publicState((await store.state.get(other)) ?? expect.fail("a row"));
        await store.commit({ put: [{ key, value }] }); // another's place: its seal says so
      }
      const { index: anew } = await begin(`damaged ${at}`, copy);
      const newest = isGone && at === rows.length - 1 ? withoutTail : 0;
      expect([at, isGone, anew.newest, anew.stampOf(place)]).toEqual([at, isGone, newest, 0]);
      await anew.note(notes(0, 40, 1), keys);
      const { index: read } = await begin("read", copy);
      expect(read.get(idOf(7))?.digest).toBe(noteOf(7, 1).digest);
      expect(read.newest).toBe(newest + 40);
    }
  }
});

test("forgets the oldest runs: their cursors begin anew", async () => {
  const { index, disk } = await begin("many runs");
  await index.note(notes(0, 5), keys);
  const oldest = index.placeOf(3);
  for (let run = 1; run < 256; run++) await (await begin(`run ${run}`, disk)).index.note([noteOf(run)], keys);
  const { index: last } = await begin("last", disk);
  const place = last.placeOf(7);
  expect(last.stampOf(oldest)).toBe(3);
  await last.note([noteOf(1)], keys);
  expect([last.stampOf(oldest), last.stampOf(place)]).toEqual([0, 7]);
});

test("A restored backup: a cursor counts only on what it was handed out for", async () => {
  const { index, disk } = await begin("life");
  await index.note(notes(0, 20), keys);
  const early = index.placeOf(20);
  const backup = disk.copy();
  await index.note(notes(20, 30), keys);
  const late = [index.placeOf(30), index.placeOf(15)];
  const { index: later } = await begin("later", disk);
  await later.note(notes(30, 40), keys);
  const last = later.placeOf(5);
  for (const place of [early, ...late, last]) expect(later.stampOf(place)).toBe(place.stamp);

  const { index: restored } = await begin("restored", backup);
  expect([early, ...late, last].map((place) => restored.stampOf(place))).toEqual([20, 0, 0, 0]);
  await restored.note(notes(50, 90), keys); // beyond where the other life had come
  expect([early, ...late, last].map((place) => restored.stampOf(place))).toEqual([20, 0, 0, 0]);
});

test("what could not be written is not there, and stamps are given once", async () => {
  const { index, disk, failing } = await begin("full");
  await index.note(notes(0, 5), keys);
  failing.isFailing = true;
  await expect(index.note(notes(5, 9), keys)).rejects.toThrow("full");
  const { index: again } = await begin("full again", disk);
  expect(again.newest).toBe(5);
  await again.note([noteOf(7)], keys);
  expect(idsAfter(again, 5)).toEqual([idOf(7)]);
  expect(again.stampOf(index.placeOf(5))).toBe(5);
});

/** As of a moment when entries were read so far, wherever that is. */
const covered = { basis: toHex(pattern("basis", 32)), vector: new Map(), ended: [] };

test("reads what is behind its mark, and back as far as somebody reads on from", async () => {
  const { index, disk } = await begin("marked");
  await index.note(notes(0, 2_950), keys);
  await index.markAt(covered);
  await index.note([noteOf(3, 1), noteOf(2_949, 1), noteOf(4_000)], keys);
  const { index: again } = await begin("marked again", disk);
  expect(again.mark).toEqual({ ...covered, newest: 2_950, segment: 29, size: 2_950 });
  expect([again.isWhole, again.newest, [...again.all()].length]).toEqual([false, 2_953, 52]);
  expect(idsAfter(again, 2_940)).toEqual([...notes(2_940, 2_949).map(({ id }) => id), ...[3, 2_949, 4_000].map(idOf)]);
  await again.reach(2_900);
  expect([again.isWhole, [...again.all()].length]).toEqual([false, 52]);
  await again.reach(1_500);
  expect(idsAfter(again, 1_500)).toEqual(idsAfter(index, 1_500));
  expect([again.isWhole, again.get(idOf(3))?.stamp, again.get(idOf(4))]).toEqual([false, 2_951, undefined]);
  await again.reach(0);
  expect([again.isWhole, idsAfter(again, 0)]).toEqual([true, idsAfter(index, 0)]);
  await again.note([noteOf(7, 1)], keys);
  const { index: last } = await begin("marked last", disk);
  await last.reach(0);
  expect(idsAfter(last, 0)).toEqual(idsAfter(again, 0));
});

test("a mark of an index that says nothing, and one at the end of a segment", async () => {
  for (const count of [0, 100]) {
    const { index, disk } = await begin("little");
    await index.note(notes(0, count), keys);
    await index.markAt(covered);
    const { index: again } = await begin("little again", disk);
    expect([count, again.mark?.newest, again.newest, again.isWhole]).toEqual([count, count, count, true]);
    await again.note([noteOf(200)], keys);
    expect((await begin("little last", disk)).index.newest).toBe(count + 1);
  }
});

test("is kept in bounds where no run reads more of it than is behind its mark", async () => {
  const disk = new MemoryDisk();
  let [rows, rewritten] = [0, 0];
  for (let run = 0; run < 60; run++) {
    const { index, rowKeys } = await begin(`bounds ${run}`, disk);
    if (run > 0 && index.mark === null) expect.fail("a mark");
    await index.note(notes(0, 150, run), keys);
    if (index.mark === null) rewritten += 1;
    await index.markAt(covered);
    rows = Math.max(rows, (await rowKeys()).length);
  }
  expect([rows < 18, rewritten > 3]).toEqual([true, true]);
  const { index } = await begin("bounds last", disk);
  await index.reach(0);
  expect(new Set(idsAfter(index, 0))).toEqual(new Set(notes(0, 150).map(({ id }) => id)));
  expect(index.get(idOf(7))?.digest).toBe(noteOf(7, 59).digest);
});

test("an older copy of a segment counts as damaged, also where it is read later", async () => {
  const { index, disk, store, rowKeys } = await begin("older");
  await index.note(notes(0, 130), keys);
  const [, , last = expect.fail("a second segment")] = await rowKeys();
  const older = publicState((await store.state.get(last)) ?? expect.fail("a row"));
  await index.note(notes(130, 2_350), keys);
  await index.markAt(covered);
  const segments = (await rowKeys()).slice(1);
  const newest = segments.at(-1) ?? expect.fail("a segment");

  const copy = disk.copy();
  const { store: written } = await begin("writes", copy);
  await written.commit({ put: [{ key: last, value: older }] });
  const { index: read } = await begin("read", copy);
  expect([read.newest, read.mark?.newest]).toEqual([2_350, 2_350]);
  await expect(read.reach(0)).rejects.toMatchObject({ code: "LOCAL_STATE_DAMAGED" });

  const gone = disk.copy();
  const { store: other } = await begin("others", gone);
  await other.commit({ remove: [newest] });
  const { index: without } = await begin("without", gone);
  expect([without.mark, without.isWhole, without.newest]).toEqual([null, true, 2_300]);
});
