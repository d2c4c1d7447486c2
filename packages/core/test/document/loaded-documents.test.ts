import "@automerge/automerge";
import { nativeCrypto } from "@selkie/crypto/native";
import { fromHex } from "@selkie/entry";
import { expect, test } from "vitest";
import { writeFirstChange } from "../../src/automerge/first-change.ts";
import { docIdOf } from "../../src/document/doc-id.ts";
import { type DocumentRecord, newRecord } from "../../src/document/document-record.ts";
import { Shelf } from "../../src/document/shelf.ts";
import type { Platform } from "../../src/platform.ts";
import { alice } from "../automerge/hand-made-change.ts";
import { sha256 } from "../automerge/sha256.ts";
import { pattern } from "../fixture.ts";

const platform: Platform = {
  crypto: nativeCrypto,
  scheduler: { after: () => () => undefined },
  now: () => 0,
  loadAutomerge: async () => undefined,
  report: (error) => {
    throw error;
  },
};

/** Documents with a text of so many letters each, on a shelf for so many bytes. */
function documents(memory: number, lengths: readonly number[]) {
  const shelf = new Shelf(platform, () => [], { memory });
  const records = lengths.map((length, at) => {
    const place = { stem: pattern(`document ${at}`, 16), keyId: pattern("a key", 16) };
    const record = newRecord({ name: docIdOf(place), keyId: place.keyId });
    record.changes.push(writeFirstChange(fromHex(alice), { at, text: "x".repeat(length) }, sha256));
    return record;
  });
  const use = async (...some: readonly number[]): Promise<void> => {
    const automerge = await shelf.automerge();
    for (const at of some) shelf.live(automerge, records[at] as DocumentRecord);
  };
  const loaded = (): readonly number[] => records.flatMap(({ live }, at) => (live === null ? [] : [at]));
  return { shelf, records, use, loaded };
}

test("documents are freed when what is loaded takes more than it may, the one that was used longest ago first", async () => {
  const { use, loaded } = documents(45_000, [10, 10, 10, 10, 10]);
  await use(0, 1, 2);
  expect(loaded()).toEqual([0, 1, 2]);
  await use(0, 3);
  expect(loaded()).toEqual([0, 2, 3]);
});

test("a large document takes the place of many small ones, and is there as long as it is used", async () => {
  const { use, loaded } = documents(230_000, [...Array<number>(16).fill(10), 90_000, 10]);
  await use(...Array(16).keys());
  expect(loaded().length).toBe(16);
  await use(16);
  expect(loaded()).toEqual([16]);
  await use(17);
  expect(loaded()).toEqual([17]);
});

test("what grows is weighed again", async () => {
  const { shelf, records, use, loaded } = documents(100_000, [10, 10, 10]);
  await use(0, 1, 2);
  const automerge = await shelf.automerge();
  const grown = records[2] as DocumentRecord;
  const { change } = automerge.editDocument(shelf.live(automerge, grown), { actor: fromHex(alice), sha256 }, (data) => {
    Object.assign(data, { more: "y".repeat(20_000) });
  });
  grown.changes.push(change as Uint8Array);
  await use(2);
  expect(loaded()).toEqual([2]);
});

test("a document that somebody listens to, or edits, stays; one that is freed shows what it showed, and moves on", async () => {
  const { shelf, records, use, loaded } = documents(20_000, [10, 10, 10, 10]);
  const [watched, busy, read] = records as [DocumentRecord, DocumentRecord, DocumentRecord];
  await use(0, 2);
  const doc = await shelf.handle(watched);
  const off = doc.on("change", () => undefined);
  await use(0);
  busy.busy = true;
  await use(1);
  expect(loaded()).toEqual([0, 1]);
  const other = await shelf.handle(read);
  await use(2, 3);
  expect(loaded()).toEqual([0, 1, 3]);
  expect(other.getData()).toEqual({ at: 2, text: "x".repeat(10) });
  off();
  busy.busy = false;
  await use(2);
  expect(loaded()).toEqual([2]);
});
