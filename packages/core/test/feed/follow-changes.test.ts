import { expect, test } from "vitest";
import { followChanges, keepCursors } from "../../src/database/follow-changes.ts";
import { scanDocuments } from "../../src/database/scan-documents.ts";
import type { DocId } from "../../src/document/doc-id.ts";
import { type Device, Lab } from "../database/lab.ts";
import { drain } from "./follower.ts";

/** A device with some documents, and who has read them all. */
async function begin(name: string) {
  const lab = await Lab.begin(name);
  const anna = await lab.device("anna");
  const ids = await anna.database.createDocuments(Array.from({ length: 5 }, (_, n) => ({ n })));
  const cursor = (await follow(anna, null)).at(-1)?.cursor ?? expect.fail("a cursor");
  await keepCursors(anna.database);
  return { anna, ids, cursor };
}

const follow = (device: Device, cursor: string | null) => Array.fromAsync(followChanges(device.database, cursor));

/** In an entry, at once: what is in the journal alone comes once more after a crash. */
async function set(device: Device, id: DocId | undefined, n: number): Promise<void> {
  const { database } = device;
  await database.changeDoc(id ?? expect.fail("a document"), (draft) => void Object.assign(draft.getData(), { n }));
  await device.runs();
}

async function crash(device: Device): Promise<void> {
  device.crash();
  await device.open();
}

test("who follows in memory gets what changed, and may keep the cursor once it lasts", async () => {
  const { anna, ids, cursor } = await begin("follow and keep");
  await set(anna, ids[1], 11);
  const [first] = await follow(anna, cursor);
  expect([first?.doc.id, first?.type, (await follow(anna, first?.cursor ?? null)).length]).toEqual([
    ...[ids[1], "changed", 0],
  ]);
  await set(anna, ids[2], 12);
  const [second] = await follow(anna, first?.cursor ?? null);
  expect(second?.doc.id).toBe(ids[2]);
  await keepCursors(anna.database);
  await crash(anna);
  for (const { cursor: kept } of [first, second].filter((item) => item !== undefined))
    expect((await drain(anna, kept)).length).toBe(kept === first?.cursor ? 1 : 0);
});

test("a cursor that was not made to last begins anew after a crash, and misses nothing", async () => {
  const { anna, ids, cursor } = await begin("follow and crash");
  await set(anna, ids[1], 11);
  const [item] = await follow(anna, cursor);
  await crash(anna);
  expect((await follow(anna, cursor)).map(({ doc }) => doc.id)).toEqual([ids[1]]);
  await set(anna, ids[2], 12);
  expect((await drain(anna, item?.cursor)).length).toBe(ids.length);
});

test("a cursor of the change feed lasts, also where somebody in memory has heard of the change first", async () => {
  const { anna, ids, cursor } = await begin("follow first");
  await set(anna, ids[1], 11);
  const [heard] = await follow(anna, cursor);
  const items = await drain(anna, cursor);
  expect(items.map((item) => item.cursor)).toEqual([heard?.cursor]);
  await crash(anna);
  expect(await drain(anna, items[0]?.cursor)).toEqual([]);
});

test("where an app has read, nothing is held", async () => {
  const { anna, ids, cursor } = await begin("follow beside an app");
  await drain(anna, cursor);
  await set(anna, ids[1], 11);
  const [heard] = await follow(anna, cursor);
  await crash(anna);
  expect(await drain(anna, heard?.cursor)).toEqual([]);
});

test("a cursor of a scan lasts, also where somebody in memory goes on meanwhile", async () => {
  const { anna, ids, cursor } = await begin("follow and scan");
  await set(anna, ids[1], 11);
  await follow(anna, cursor);
  const scanning = Array.fromAsync(scanDocuments(anna.database));
  await set(anna, ids[2], 12);
  const followed = follow(anna, cursor);
  const [last] = (await scanning).slice(-1);
  await followed;
  await crash(anna);
  expect((await drain(anna, last?.cursor)).length).toBeLessThan(2);
});

test("so does one that somebody in memory gets ahead of while it is read", async () => {
  const { anna, ids, cursor } = await begin("follow meanwhile");
  await set(anna, ids[1], 11);
  await set(anna, ids[2], 12);
  const [, before] = await follow(anna, cursor);
  const cursors: string[] = [];
  const lengths: number[] = [];
  for await (const item of anna.database.iterateChangesSince(cursor)) {
    cursors.push(item.cursor);
    await set(anna, ids[3], 13 + cursors.length);
    await follow(anna, before?.cursor ?? null);
  }
  await crash(anna);
  for (const one of cursors) lengths.push((await drain(anna, one)).length);
  expect([lengths.length >= 2, Math.max(...lengths) < ids.length]).toEqual([true, true]);
});

test("closing the database makes it last", async () => {
  const { anna, ids, cursor } = await begin("follow and close");
  await set(anna, ids[1], 11);
  const [item] = await follow(anna, cursor);
  await anna.close();
  await anna.open();
  expect(await drain(anna, item?.cursor)).toEqual([]);
});
