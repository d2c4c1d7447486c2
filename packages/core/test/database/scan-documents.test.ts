// Who looks at all documents is given what the database shows, read from projections where these say it.
import fc from "fast-check";
import { expect, test } from "vitest";
import { partsOf, whenVerified } from "../../src/database/over-database.ts";
import { type ScannedDocument, scanDocuments } from "../../src/database/scan-documents.ts";
import type { DocId } from "../../src/document/doc-id.ts";
import { type Device, Lab } from "./lab.ts";
import { meanwhile } from "./meanwhile.ts";

interface Item {
  n: number;
  text: string;
}
/** So many that projections are written. */
const MANY = 600;
const item = (n: number): Item => ({ n, text: `text ${n}` });

async function scanned(device: Device): Promise<ReadonlyMap<DocId, object>> {
  const all = await meanwhile(device, Array.fromAsync(scanDocuments(device.database)));
  return new Map(all.map((doc) => [doc.id, doc.getData()]));
}

async function shown({ database }: Device): Promise<ReadonlyMap<DocId, object>> {
  const ids = await database.getAllDocumentIds();
  const docs = await Promise.all(ids.map((id) => database.getDocument(id)));
  return new Map(docs.map((doc) => [doc.id, doc.getData()]));
}

async function edit({ database }: Device, id: DocId, n: number): Promise<void> {
  const doc = await database.getDocument(id);
  await database.changeDoc(doc, (draft) => void Object.assign(draft.getData(), { n }));
}

async function deviceWithMany(seed: string): Promise<{ device: Device; ids: readonly DocId[] }> {
  const device = await (await Lab.begin(seed)).device("alice");
  const ids = await device.database.createDocuments(Array.from({ length: MANY }, (_, n) => item(n)));
  return { device, ids };
}

test("documents that were edited are read from projections: neither Automerge nor a handle is needed", async () => {
  const { device, ids } = await deviceWithMany("edited");
  for (const id of ids.slice(0, 50)) await edit(device, id, -1);
  await device.close();
  await device.open();
  await meanwhile(device, whenVerified(device.database));
  const all = await scanned(device);
  expect([...all.values()].filter((data) => (data as Item).n === -1).length).toBe(50);
  expect(all.size).toBe(MANY);
  const { shelf, documents } = partsOf(device.database);
  expect(shelf.loaded).toBeNull();
  expect([...documents.all()].filter(({ handle }) => handle !== null)).toEqual([]);
  expect(all).toEqual(await shown(device));
});

test("what was changed since projections were written is given as it is", async () => {
  const { device, ids } = await deviceWithMany("since");
  await device.close();
  await device.open();
  const [changed, gone, back] = ids as [DocId, DocId, DocId];
  await edit(device, changed, 1_000);
  await device.database.deleteDocument(gone);
  await device.database.deleteDocument(back);
  await device.database.undeleteDocument(back);
  const { id } = await device.database.createDocument(item(-2));
  const all = await scanned(device);
  expect(all.get(changed)).toEqual({ n: 1_000, text: "text 0" });
  expect(all.has(gone)).toBe(false);
  expect(all.get(id)).toEqual(item(-2));
  expect(all).toEqual(await shown(device));
});

test("what changes while it is read comes from the feed behind it", async () => {
  const { device, ids } = await deviceWithMany("behind");
  await device.close();
  await device.open();
  const kept = new Map<DocId, object>();
  let cursor: string | null = null;
  const read = async (): Promise<void> => {
    let count = 0;
    for await (const doc of scanDocuments(device.database)) {
      if (count++ % 100 === 0) {
        await edit(device, ids[count] as DocId, -count);
        await device.database.deleteDocument(ids[count + 1] as DocId);
        await device.database.createDocument(item(MANY + count));
      }
      kept.set(doc.id, doc.getData());
      cursor = doc.cursor;
    }
  };
  await meanwhile(device, read());
  for await (const { type, doc } of device.database.iterateChangesSince(cursor))
    if (type === "deleted") kept.delete(doc.id);
    else kept.set(doc.id, doc.getData());
  expect(kept).toEqual(await shown(device));
});

test("what projections are being written of is given as it is", async () => {
  const { device, ids } = await deviceWithMany("writing");
  await device.close();
  await device.open();
  await meanwhile(device, whenVerified(device.database));
  for (const id of ids.slice(0, 5)) await edit(device, id, -1);
  const reading = Array.fromAsync(scanDocuments(device.database), (doc) => doc.getData());
  const all = await meanwhile(device, reading);
  expect(all.filter((data) => (data as Item).n === -1).length).toBe(5);
});

test("it ends with an error when the database is closed meanwhile, or by its signal", async () => {
  const { device } = await deviceWithMany("ends");
  const abort = new AbortController();
  const reading = scanDocuments(device.database, { signal: abort.signal })[Symbol.asyncIterator]();
  await meanwhile(device, reading.next());
  abort.abort(new RangeError("enough"));
  await expect(reading.next()).rejects.toThrow("enough");
  const other: AsyncIterator<ScannedDocument<object>> = scanDocuments(device.database)[Symbol.asyncIterator]();
  await meanwhile(device, other.next());
  await device.close();
  await expect(other.next()).rejects.toMatchObject({ code: "CLOSED" });
});

test("after anything it gives what the database shows", { timeout: 240_000 }, async () => {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ type: fc.constant("edit" as const), at: fc.nat(MANY - 1), n: fc.nat(9) }) },
    { weight: 2, arbitrary: fc.record({ type: fc.constant("delete" as const), at: fc.nat(MANY - 1) }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant("undelete" as const), at: fc.nat(MANY - 1) }) },
    { weight: 2, arbitrary: fc.record({ type: fc.constant("open" as const) }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant("crash" as const) }) },
    { weight: 2, arbitrary: fc.record({ type: fc.constant("scan" as const) }) },
    { weight: 2, arbitrary: fc.record({ type: fc.constant("wait" as const) }) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
      const { device, ids } = await deviceWithMany("anything");
      for (const one of steps) {
        const id = "at" in one ? (ids[one.at] as DocId) : null;
        if (one.type === "open") await device.close();
        if (one.type === "crash") device.crash();
        if (one.type === "open" || one.type === "crash") await device.open();
        if (one.type === "wait") device.tick(); // projections begin to be written
        if (one.type === "scan") expect(await scanned(device)).toEqual(await shown(device));
        if (id === null) continue;
        if (one.type === "edit" && !(await device.database.getDocument(id)).isDeleted()) await edit(device, id, one.n);
        if (one.type === "delete") await device.database.deleteDocument(id);
        if (one.type === "undelete") await device.database.undeleteDocument(id);
      }
      expect(await scanned(device)).toEqual(await shown(device));
      await device.close();
    }),
    { numRuns: 12 },
  );
});
