// Edits of a database that was just opened: they rest on what projections keep of a document, and are taken up once all entries are read.
import { expect, test } from "vitest";
import { whenVerified } from "../../src/database/over-database.ts";
import type { DocId } from "../../src/document/doc-id.ts";
import { type Device, Lab } from "./lab.ts";

interface Item {
  n: number;
  text: string;
}
const MANY = 600;
const rows = Array.from({ length: MANY }, (_, n) => ({ n, text: `row ${n}` }));

/** A device that made many documents, was closed, and is open again: nothing was read yet but what is shown of them. */
async function opened(seed: string): Promise<{ device: Device; ids: readonly DocId[]; read: () => number }> {
  const lab = await Lab.begin(seed);
  const device = await lab.device("alice");
  const ids = await device.database.createDocuments(rows);
  await device.close();
  return { device, ids, read: await again(device) };
}

/** Opens it once more. @returns how often entries were read since */
async function again(device: Device): Promise<() => number> {
  await device.open();
  let reads = 0;
  device.database.on("verifying", () => {
    reads += 1;
  });
  return () => reads;
}

async function edit(device: Device, id: DocId, change: (item: Item) => void): Promise<void> {
  await device.database.changeDoc(await device.database.getDocument(id), (draft) => change(draft.getData() as Item));
}

const dataOf = async (device: Device, id: DocId): Promise<unknown> => (await device.database.getDocument(id)).getData();

test("a document is edited, created and deleted before any entry is read, and stays as it is once they are", async () => {
  const { device, ids, read } = await opened("early");
  const [first, second] = ids as [DocId, DocId];
  const corrected: DocId[] = [];
  device.database.on("verified", (event) => corrected.push(...event.corrected));
  const doc = await device.database.getDocument(first);
  const heard: unknown[] = [];
  doc.on("change", (patches, { by }) => heard.push([patches.length > 0, by]));
  for (const n of [-1, -2]) await edit(device, first, (item) => void Object.assign(item, { n }));
  await device.database.deleteDocument(second);
  const made = await device.database.createDocument({ n: -3, text: "made" });
  await edit(device, made.id, (item) => void Object.assign(item, { text: "made and edited" }));
  expect(read()).toBe(0);
  expect(heard).toEqual([
    [true, ["CN=alice/O=acme"]],
    [true, ["CN=alice/O=acme"]],
  ]);
  const shown = async () => ({
    first: [doc.getData(), doc.getHeads()],
    isSame: (await device.database.getDocument(first)) === doc,
    second: (await device.database.getDocument(second)).isDeleted(),
    made: [made.getData(), made.getHeads(), (await device.database.getDocument(made.id)) === made],
    listed: (await device.database.getAllDocumentIds()).toSorted(),
  });
  const before = await shown();
  expect(before.first[0]).toEqual({ n: -2, text: "row 0" });
  expect(before.made[0]).toEqual({ n: -3, text: "made and edited" });
  expect(before.listed).toEqual(
    [...ids.slice(1), made.id]
      .filter((id) => id !== second)
      .concat(first)
      .toSorted(),
  );
  expect(read()).toBe(0);
  await whenVerified(device.database);
  expect(read()).toBeGreaterThan(0);
  expect(await shown()).toEqual(before);
  expect(heard.length).toBe(2);
  await edit(device, first, (item) => void Object.assign(item, { n: -4 }));
  expect(doc.getData()).toEqual({ n: -4, text: "row 0" });
  expect(heard.length).toBe(3);
  await device.close();
  await again(device);
  expect(await dataOf(device, first)).toEqual({ n: -4, text: "row 0" });
  expect(await dataOf(device, made.id)).toEqual(before.made[0]);
  expect([corrected, device.reports]).toEqual([[], []]);
});

test("what was edited is durable at once, and sealed when the database is closed", async () => {
  const { device, ids, read } = await opened("durable");
  const [id] = ids as [DocId];
  await edit(device, id, (item) => void Object.assign(item, { n: -1 }));
  expect(read()).toBe(0);
  device.crash();
  device.timers.length = 0;
  await again(device);
  expect(await dataOf(device, id)).toEqual({ n: -1, text: "row 0" });
  await device.close();
  const reads = await again(device);
  await edit(device, id, (item) => void Object.assign(item, { n: -2 }));
  expect(reads()).toBe(0);
  await device.close();
  await device.inJournal(async (journal) => expect(journal.rows).toEqual([]));
  const later = await again(device);
  expect((await device.database.getAllDocumentIds()).length).toBe(MANY);
  expect(await dataOf(device, id)).toEqual({ n: -2, text: "row 0" });
  expect(later()).toBe(0);
});

test("an edit that waits for the entries itself is made among all documents then, and one behind it follows", async () => {
  const { device, ids } = await opened("waits itself");
  const [id] = ids as [DocId];
  const doc = await device.database.getDocument(id);
  const waiting = device.database.changeDoc(doc, async (draft) => {
    (draft.getData() as Item).n = -1;
    await whenVerified(device.database);
  });
  const behind = edit(device, id, (item) => void Object.assign(item, { text: `behind ${item.n}` }));
  await Promise.all([waiting, behind]);
  expect(doc.getData()).toEqual({ n: -1, text: "behind -1" });
  await device.close();
  await again(device);
  expect(await dataOf(device, id)).toEqual({ n: -1, text: "behind -1" });
  expect(device.reports).toEqual([]);
});

test("an edit that fails leaves nothing, before the entries are read and after", async () => {
  const { device, ids, read } = await opened("fails");
  const [id] = ids as [DocId];
  const failing = edit(device, id, (item) => {
    item.n = -1;
    throw new RangeError("not this");
  });
  await expect(failing).rejects.toThrow("not this");
  const late = device.database.changeDoc(await device.database.getDocument(id), async (draft) => {
    const item = draft.getData() as Item;
    await Promise.resolve();
    item.n = -1;
  });
  await expect(late).rejects.toMatchObject({ code: "CHANGE_CLOSED" });
  expect(await dataOf(device, id)).toEqual(rows[0]);
  expect(read()).toBe(0);
  await edit(device, id, (item) => void Object.assign(item, { n: 1 }));
  expect(read()).toBe(0);
  await whenVerified(device.database);
  expect(await dataOf(device, id)).toEqual({ n: 1, text: "row 0" });
});

test("an id that the app chose is created once, and what is not there is not found", async () => {
  const { device, read } = await opened("named");
  const doc = await device.database.createDocument({ n: 1, text: "named" }, { id: "settings" });
  const twice = (): Promise<unknown> => device.database.createDocument({ n: 2, text: "again" }, { id: "settings" });
  await expect(twice()).rejects.toMatchObject({ code: "DOC_EXISTS" });
  await expect(device.database.deleteDocument("0".repeat(64) as DocId)).rejects.toMatchObject({
    code: "DOC_NOT_FOUND",
  });
  expect(read()).toBe(0);
  await device.close();
  const reads = await again(device);
  await expect(twice()).rejects.toMatchObject({ code: "DOC_EXISTS" });
  expect(reads()).toBe(0);
  expect(await dataOf(device, doc.id)).toEqual({ n: 1, text: "named" });
});

test("who edits a document of which little is kept waits for its entries", async () => {
  const { device, ids } = await opened("little is kept");
  await device.database.deleteDocument(ids[1] as DocId);
  const long = await device.database.createDocument({ n: 0, text: "x".repeat(80_000) });
  await device.close();
  for (const work of [
    () => edit(device, long.id, (item) => void Object.assign(item, { n: 1 })),
    () => device.database.undeleteDocument(ids[1] as DocId),
    () => device.database.createDocuments(rows.slice(0, 3)),
    () => device.database.transact(async (tx) => void (await tx.createDocument({ n: 3, text: "three" }))),
  ]) {
    const reads = await again(device);
    await work();
    expect(reads()).toBeGreaterThan(0);
    await device.close();
  }
  await again(device);
  expect((await device.database.getAllDocumentIds()).length).toBe(MANY + 5);
  expect(await dataOf(device, long.id)).toMatchObject({ n: 1 });
});
