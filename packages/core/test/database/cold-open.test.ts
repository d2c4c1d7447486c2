// A database that was closed opens from its projections: what it shows before its entries are read, and that nothing of that is ever wrong.
import * as Automerge from "@automerge/automerge";
import { fromHex, toHex } from "@selkie/entry";
import { expect, test } from "vitest";
import { writeFirstChange } from "../../src/automerge/first-change.ts";
import { whenVerified } from "../../src/database/over-database.ts";
import { type DocId, docIdOf } from "../../src/document/doc-id.ts";
import type { KeyVersion } from "../../src/keys/key-version.ts";
import { rowKind } from "../../src/local/local-state.ts";
import type { DocumentPlace } from "../../src/sealing/document-id.ts";
import { sha256 } from "../automerge/sha256.ts";
import { type Device, Lab, placeOf } from "./lab.ts";
import { meanwhile } from "./meanwhile.ts";
import { flipped, isOfKind, putRows, type Row, stateRows } from "./state-rows.ts";

interface Item {
  n: number;
  text: string;
}
const MANY = 600;
const rows = Array.from({ length: MANY }, (_, n) => ({ n, text: `canary ${n}` }));

/** A device that made many documents and was closed. */
async function closed(seed: string): Promise<{ lab: Lab; device: Device; ids: readonly DocId[] }> {
  const lab = await Lab.begin(seed);
  const device = await lab.device("alice");
  const ids = await device.database.createDocuments(rows);
  await device.close();
  return { lab, device, ids };
}

/** What a device shows before its entries are read: nothing of it waits for them. */
async function early(device: Device, id: DocId): Promise<unknown> {
  return (await device.database.findDocument(id))?.getData();
}

/** Everything it shows in the end. */
async function all(device: Device): Promise<ReadonlyMap<DocId, unknown>> {
  await whenVerified(device.database);
  const shown = new Map<DocId, unknown>();
  for (const id of (await device.database.getAllDocumentIds()).toSorted())
    shown.set(id, (await device.database.getDocument(id)).getData());
  return shown;
}

function corrected(device: Device): DocId[] {
  const ids: DocId[] = [];
  device.database.on("verified", (event) => ids.push(...event.corrected));
  return ids;
}

test("documents are listed and read before any entry is, and are the same after", async () => {
  const { device, ids } = await closed("listed");
  await device.open();
  const progress: number[] = [];
  device.database.on("verifying", ({ entries, of }) => progress.push(entries / of));
  const wrong = corrected(device);
  expect((await device.database.getAllDocumentIds()).toSorted()).toEqual(ids.toSorted());
  const doc = await device.database.getDocument(ids[7] as DocId);
  expect(doc.getData()).toEqual(rows[7]);
  expect(Object.isFrozen(doc.getData())).toBe(true);
  expect(await device.database.findDocument("0".repeat(64) as DocId)).toBeUndefined();
  expect(progress).toEqual([]);
  await whenVerified(device.database);
  expect(progress.at(-1)).toBe(1);
  expect(wrong).toEqual([]);
  expect(await device.database.getDocument(ids[7] as DocId)).toBe(doc);
  expect(await all(device)).toEqual(new Map(ids.toSorted().map((id) => [id, rows[ids.indexOf(id)]])));
  expect(device.reports).toEqual([]);
});

test("who follows changes waits for the entries; a document that was shown before, and edited, moves on", async () => {
  const { device, ids } = await closed("edits");
  await device.open();
  const [id] = ids as [DocId];
  const doc = await device.database.getDocument(id);
  const heard: unknown[] = [];
  doc.on("change", (patches) => heard.push(...patches));
  await device.database.changeDoc(doc as never, (draft) => {
    (draft.getData() as Item).n = 1_000;
  });
  expect(doc.getData()).toEqual({ n: 1_000, text: "canary 0" });
  expect(heard.length).toBeGreaterThan(0);
  await device.close();
  await device.open();
  const fed = await meanwhile(device, Array.fromAsync(device.database.iterateChangesSince(null)));
  expect(fed.length).toBe(MANY);
  expect(await early(device, id)).toEqual({ n: 1_000, text: "canary 0" });
});

test("a deleted document is shown as deleted, one that was made since is there, and both after another open, too", async () => {
  const { device, ids } = await closed("deleted");
  await device.open();
  const [gone] = ids as [DocId];
  await device.database.deleteDocument(gone);
  const made = await device.database.createDocument({ n: -1, text: "new" });
  await device.close();
  await device.open();
  expect((await device.database.getDocument(gone)).isDeleted()).toBe(true);
  expect(await early(device, made.id)).toEqual({ n: -1, text: "new" });
  const listed = await device.database.getAllDocumentIds();
  expect(listed.length).toBe(MANY);
  expect(listed).not.toContain(gone);
});

test("of many documents that were deleted just before it was closed none is listed", async () => {
  const { device, ids } = await closed("many deleted");
  await device.open();
  for (const id of ids) await device.database.deleteDocument(id);
  await device.close();
  await device.open();
  const progress: number[] = [];
  device.database.on("verifying", ({ entries }) => progress.push(entries));
  expect(await device.database.getAllDocumentIds()).toEqual([]);
  expect((await device.database.getDocument(ids[0] as DocId)).isDeleted()).toBe(true);
  expect(progress).toEqual([]);
});

test("what was shown and is not what can be read any more is corrected, and said to be", async () => {
  const lab = await Lab.begin("corrected");
  const bob = await lab.author("bob");
  const device = await lab.device("alice");
  await device.database.createDocuments(rows);
  const [kept, held, unheld] = ["kept", "held", "unheld"].map((title) => placeOf(title)) as [
    DocumentPlace,
    DocumentPlace,
    DocumentPlace,
  ];
  for (const place of [kept, held, unheld])
    await device.receive(await bob.write([bob.part(place, firstChange(bob.actor(place)), { kind: "create" })]));
  await device.close();
  device.damage(bob.writer, 1);
  await device.open();
  const wrong = corrected(device);
  const progress: number[] = [];
  device.database.on("verifying", ({ entries, of }) => progress.push(entries / of));
  const shown = [await device.database.getDocument(docIdOf(kept)), await device.database.getDocument(docIdOf(held))];
  expect(shown.map((doc) => doc.getData())).toEqual([{ n: 7 }, { n: 7 }]);
  await whenVerified(device.database);
  expect(shown.map((doc) => doc.getData())).toEqual([{ n: 7 }, {}]);
  expect(wrong.toSorted()).toEqual([docIdOf(held), docIdOf(unheld)].toSorted());
  expect(device.reports).toMatchObject([{ code: "CHAIN_DAMAGED" }]);
  expect(progress.at(-1)).toBe(1);
});

test("of documents whose pages are gone nothing was said, so nothing is corrected; all pages are there again after", async () => {
  const lab = await Lab.begin("pages gone", ["default", "board"]);
  const device = await lab.device("alice");
  const ids = await device.database.createDocuments(rows);
  await device.database.createDocuments(
    Array.from({ length: 6_000 }, (_, n) => ({ n })),
    { key: "board" },
  );
  await device.close();
  device.lose(lab.keys[1] as KeyVersion);
  await putRows(
    device,
    (await stateRows(device)).filter((row) => !isOnPages(row)),
  );
  await device.open();
  expect((await all(device)).size).toBe(MANY);
  await device.close();
  await device.open();
  const wrong = corrected(device);
  const progress: number[] = [];
  device.database.on("verifying", ({ entries }) => progress.push(entries));
  expect((await device.database.getAllDocumentIds()).toSorted()).toEqual(ids.toSorted());
  expect(await device.database.findDocument("0".repeat(64) as DocId)).toBeUndefined();
  expect(progress).toEqual([]);
  await device.close();
  await putRows(
    device,
    (await stateRows(device)).filter((row, at) => !isOnPages(row) || at % 2 > 0),
  );
  await device.open();
  const more = corrected(device);
  await whenVerified(device.database);
  expect([...wrong, ...more]).toEqual([]);
});

test("wherever it crashed, entries and journal are the truth: what they say more is waited for, all else is shown at once", async () => {
  const { device, ids } = await closed("crashed");
  await device.open();
  const [sealed, journalled, other] = ids as [DocId, DocId, DocId];
  const edit = async (id: DocId, n: number): Promise<void> => {
    await device.database.changeDoc(await device.database.getDocument(id), (draft) => {
      (draft.getData() as Item).n = n;
    });
  };
  await edit(sealed, -1);
  await device.assembled.flush();
  await edit(journalled, -2);
  device.crash();
  device.timers.length = 0;
  await device.open();
  const progress: number[] = [];
  device.database.on("verifying", ({ entries }) => progress.push(entries));
  expect(await early(device, other)).toEqual(rows[2]);
  expect(progress).toEqual([]);
  expect(await early(device, sealed)).toEqual({ n: -1, text: "canary 0" });
  expect(progress.length).toBeGreaterThan(0);
  expect(await early(device, journalled)).toEqual({ n: -2, text: "canary 1" });
  expect((await all(device)).size).toBe(MANY);
});

test("P-10 G1 nothing of a document lies on the disk in clear", async () => {
  const { device } = await closed("clear");
  const bytes = [...(await stateRows(device))].map(({ value }) => Buffer.from(value).toString("latin1")).join();
  expect(bytes.length).toBeGreaterThan(MANY * 50);
  expect(bytes).not.toContain("canary");
});

test("a piece that is damaged, cut, missing, or of an older copy is as if it were not there", async () => {
  const { device, ids } = await closed("damaged");
  const before = await stateRows(device);
  await device.open();
  const doc = await device.database.getDocument(ids[0] as DocId);
  await device.database.changeDoc(doc, (draft) => {
    (draft.getData() as Item).n = -1;
  });
  await device.close();
  const now = await stateRows(device);
  const [head] = now.filter(isHead) as [Row];
  const rest = now.filter(isOnPages);
  const pages = [head, ...rest];
  const truth = await shownOn(device, now);
  expect(truth.get(ids[0] as DocId)).toEqual({ n: -1, text: "canary 0" });
  const changes: readonly (readonly Row[])[] = [
    ...[0, 1, 20, -1].map((at) => [{ ...head, value: flipped(head.value, at) }]),
    ...[0, 40, 2_000, -1].map((at) => rest.map((page) => ({ ...page, value: flipped(page.value, at) }))),
    [{ ...head, value: head.value.slice(0, 60) }],
    rest.map((page) => ({ ...page, value: page.value.slice(0, page.value.length >> 1) })),
    rest.map((page, at) => ({ ...page, value: rest[(at + 1) % rest.length]?.value ?? page.value })),
    ...[isProjection, isHead, isOnPages, isPage, isListing].map((is) => before.filter(is)), // of an older copy
  ];
  for (const change of changes) expect(await shownOn(device, now, change)).toEqual(truth);
  for (const gone of [pages, [head], rest, rest.slice(0, 1), rest.filter(isListing), rest.slice(-1)])
    expect(
      await shownOn(
        device,
        now.filter((row) => !gone.includes(row)),
      ),
    ).toEqual(truth);
});

test("who lost entries that it held before says so, and shows what is left", async () => {
  const { device, ids } = await closed("lost");
  const now = await stateRows(device);
  await device.open();
  await device.database.createDocuments(rows);
  await device.close();
  const later = (await stateRows(device)).filter(isProjection);
  const other = await closed("lost");
  await putRows(other.device, [...now.filter((row) => !isProjection(row)), ...later]);
  await other.device.open();
  expect(other.device.reports).toMatchObject([{ code: "ENTRIES_LOST" }]);
  expect((await other.device.database.getAllDocumentIds()).toSorted()).toEqual(ids.toSorted());
});

test("P-11 a document under a key that is on this device no more is shown never again, and gone from what it keeps", async () => {
  const lab = await Lab.begin("a lost key", ["default", "board"]);
  const device = await lab.device("alice");
  const ids = await device.database.createDocuments(rows);
  const board = lab.keys[1] as KeyVersion;
  const secret = await device.database.createDocument({ n: -1, text: "board" }, { key: "board" });
  await device.close();
  const before = await stateRows(device);
  device.lose(board);
  await device.open();
  expect(await device.database.findDocument(secret.id)).toBeUndefined();
  expect((await device.database.getAllDocumentIds()).toSorted()).toEqual(ids.toSorted());
  await device.close();
  const after = await stateRows(device);
  // The page it was on is another, and an older copy of that is none.
  expect(await early(await reopened(device), secret.id)).toBeUndefined();
  const shown = await shownOn(device, after, before.filter(isOnPages));
  expect(shown.has(secret.id)).toBe(false);
});

test("D12 who puts many large documents on the page of others makes nobody read them for those", async () => {
  const lab = await Lab.begin("one page");
  const mallory = await lab.author("mallory");
  const device = await lab.device("alice");
  const ids = await device.database.createDocuments(rows);
  const size = 25_000;
  for (let entry = 0; entry < 3; entry++) {
    const places = Array.from({ length: 20 }, (_, n) => {
      const place = placeOf(`large ${entry} ${n}`);
      return { ...place, stem: Uint8Array.of(0, 0, 0, 0, ...place.stem.subarray(4)) };
    });
    const parts = places.map((place) => {
      const change = Automerge.getLastLocalChange(
        Automerge.change(Automerge.init<{ n: Uint8Array }>({ actor: mallory.actor(place) }), (draft) => {
          draft.n = new Uint8Array(size);
        }),
      );
      return mallory.part(place, change as Uint8Array, { kind: "create" });
    });
    await device.receive(await mallory.write(parts));
  }
  await device.close();
  const largest = (await stateRows(device)).filter(isProjection).map(({ value }) => value.length);
  expect(Math.max(...largest)).toBeGreaterThan(2 * size);
  expect(Math.max(...largest)).toBeLessThan(2.1 * 2 ** 20);
  await device.open();
  expect((await device.database.getAllDocumentIds()).length).toBe(MANY + 60);
  for (const id of ids) expect(await early(device, id)).toEqual(rows[ids.indexOf(id)]);
  expect(corrected(device)).toEqual([]);
  expect((await all(device)).size).toBe(MANY + 60);
});

test("what the directory says while a database is open makes its next open no slower, where it says nothing of documents", async () => {
  const { lab, device, ids } = await closed("said meanwhile");
  await device.open();
  await whenVerified(device.database);
  lab.world.say(lab.world.root, { type: "settings", over: [], values: new Map([["flushWindow", 250]]) });
  await device.assembled.reconsider();
  await device.close();
  await device.open();
  let reads = 0;
  device.database.on("verifying", () => {
    reads += 1;
  });
  expect((await device.database.getAllDocumentIds()).length).toBe(MANY);
  expect(await early(device, ids[7] as DocId)).toEqual(rows[7]);
  expect(reads).toBe(0);
});

test("what came, and what was edited elsewhere, shows after a crash, too: at once where nothing came", async () => {
  const { lab, device, ids } = await closed("others");
  const bob = await lab.author("bob");
  await device.open();
  const place = placeOf("of bob");
  await device.receive(await bob.write([bob.part(place, firstChange(bob.actor(place)), { kind: "create" })]));
  device.crash();
  device.timers.length = 0;
  await device.open();
  const wrong = corrected(device);
  expect(await early(device, ids[5] as DocId)).toEqual(rows[5]);
  expect(await early(device, docIdOf(place))).toEqual({ n: 7 });
  expect((await all(device)).size).toBe(MANY + 1);
  expect(wrong).toEqual([]);
});

test("D12 what came since is looked through up to a number of bytes; with more, all is read before anything is shown", async () => {
  const lab = await Lab.begin("many bytes");
  const bob = await lab.author("bob");
  const device = await lab.device("alice");
  await device.database.createDocuments(rows);
  await device.close();
  const large = new Uint8Array(900_000);
  for (const [entries, isEarly] of [
    [3, true],
    [37, false],
  ] as const) {
    await device.open();
    await whenVerified(device.database);
    const places = Array.from({ length: entries }, (_, n) => placeOf(`large ${entries} ${n}`));
    for (const place of places) {
      const change = writeFirstChange(fromHex(bob.actor(place)), { large }, sha256);
      await device.receive(await bob.write([bob.part(place, change, { kind: "create" })]));
    }
    device.crash();
    device.timers.length = 0;
    await device.open();
    const verified: unknown[] = [];
    device.database.on("verified", (event) => verified.push(event));
    expect(await early(device, docIdOf(places[0] as DocumentPlace))).toEqual({ large });
    await whenVerified(device.database);
    expect(verified.length).toBe(isEarly ? 1 : 0);
    device.crash();
    device.timers.length = 0;
  }
});

test("numbers, dates, bytes, huge integers and counters come back as they were; what can't is read from its entries", async () => {
  const { device } = await closed("values");
  await device.open();
  const data = {
    at: new Date(86_400_000),
    bytes: Uint8Array.of(0, 255, 7),
    fraction: 0.1,
    large: 2 ** 53 - 2,
    list: [null, true, { deep: [new Date(0)] }],
    minus: -0,
  };
  const plain = await device.database.createDocument(data);
  const counting = await device.database.createDocument({ count: new Automerge.Counter(3) });
  const long = await device.database.createDocument({ text: "x".repeat(80_000) });
  const expected = [plain, counting, long].map((doc) => doc.getData());
  await device.close();
  await device.open();
  expect(await early(device, plain.id)).toEqual(expected[0]);
  expect(Number(Reflect.get((await early(device, counting.id)) as object, "count"))).toBe(3);
  expect(await early(device, long.id)).toEqual(expected[2]);
  expect(corrected(device)).toEqual([]);
});

test("a database that is closed before its entries are read stays as it was", async () => {
  const { device, ids } = await closed("at once");
  await device.open();
  const { database } = device;
  const waiting = whenVerified(database);
  await Promise.allSettled([device.close(), waiting]);
  await expect(database.getAllDocumentIds()).rejects.toMatchObject({ code: "CLOSED" });
  await device.open();
  expect(await early(device, ids[3] as DocId)).toEqual(rows[3]);
  expect((await all(device)).size).toBe(MANY);
});

async function reopened(device: Device): Promise<Device> {
  await device.open();
  return device;
}

const firstChange = (actor: string): Uint8Array => writeFirstChange(fromHex(actor), { n: 7 }, sha256);

/** What a device shows, at first and in the end, with these rows in its local state. */
async function shownOn(
  device: Device,
  state: readonly Row[],
  changed: readonly Row[] = [],
): Promise<ReadonlyMap<DocId, unknown>> {
  const disk = device.disk;
  device.disk = disk.copy();
  const others = new Map(changed.map((row) => [toHex(row.key), row]));
  await putRows(
    device,
    state.map((row) => others.get(toHex(row.key)) ?? row),
  );
  await device.open();
  const first = new Map<DocId, unknown>();
  for (const id of (await device.database.getAllDocumentIds()).toSorted())
    first.set(id, (await device.database.getDocument(id)).getData());
  expect(await all(device)).toEqual(first);
  device.crash();
  device.timers.length = 0;
  device.disk = disk;
  return first;
}

const isHead = isOfKind(rowKind.projectionsHead);
const isPage = isOfKind(rowKind.projections);
const isListing = isOfKind(rowKind.listings);
const isOnPages = (row: Row): boolean => isPage(row) || isListing(row);
const isProjection = (row: Row): boolean => isHead(row) || isOnPages(row);
