import { expect, test } from "vitest";
import { parseChange } from "../../src/automerge/change-chunk.ts";
import type { DocId } from "../../src/document/doc-id.ts";
import type { RevisionItem } from "../../src/feed/feed-item.ts";
import { documentIdOf } from "../../src/sealing/document-id.ts";
import { handMade } from "../automerge/hand-made-change.ts";
import { type Device, Lab, placeOf } from "../database/lab.ts";
import { carriedUnder } from "../sealing/said.ts";
import { cutOff } from "./cut-off.ts";
import { Chronicler, drain, pass } from "./follower.ts";

async function set(device: Device, id: DocId, data: object, message?: string): Promise<void> {
  const doc = await device.database.getDocument(id);
  const options = message === undefined ? {} : { message };
  await device.database.changeDoc(doc, (draft) => void Object.assign(draft.getData(), data), options);
}

const told = ({ type, revision }: RevisionItem<object>): string =>
  `${type} ${revision.author} ${revision.verification} ${revision.message}`;

test("delivers each change with what the history says of it, and goes on after the last", async () => {
  const lab = await Lab.begin("revisions");
  const [anna, ben] = [await lab.device("anna"), await lab.device("ben")];
  const { id } = await anna.database.createDocument({ n: 1 });
  await set(anna, id, { n: 2 }, "a second");
  await anna.database.createDocuments([{ n: 3 }, { n: 4 }]);
  const chronicler = new Chronicler();
  const own = "CN=anna/O=acme";
  const first = await chronicler.read(anna);
  expect(first.map(told)).toEqual([
    `changed ${own} unsealed null`,
    `changed ${own} unsealed a second`,
    `changed ${own} signed null`,
    `changed ${own} signed null`,
  ]);
  expect(first.map(({ doc }) => doc.id).slice(0, 2)).toEqual([id, id]);
  expect(await chronicler.read(anna)).toEqual([]);
  await pass(anna, ben);
  await set(ben, id, { n: 5 });
  await ben.database.deleteDocument(id);
  await ben.database.undeleteDocument(id);
  await pass(ben, anna);
  const more = await chronicler.read(anna);
  const his = "CN=ben/O=acme signed null";
  expect(more.map(told)).toEqual([`changed ${his}`, `deleted ${his}`, `changed ${his}`]);
  expect(more.map(({ revision }) => revision.kind)).toEqual(["change", "delete", "undelete"]);
  const all = await Array.fromAsync(ben.database.history.changes(id));
  const there = new Chronicler();
  const here = (await there.read(ben)).filter(({ doc }) => doc.id === id).map(({ revision }) => revision);
  expect(here).toEqual(all);
});

test("reads no entry to tell what none holds", async () => {
  const lab = await Lab.begin("revisions unsealed");
  const anna = await lab.device("anna");
  const [id = expect.fail("a document")] = await anna.database.createDocuments([{ n: 1 }]);
  const chronicler = new Chronicler();
  await chronicler.read(anna);
  let reads = 0;
  for (const { chains } of anna.disk.content.databases.values())
    for (const { rows } of chains.values())
      for (const [seq, row] of rows.entries())
        rows[seq] = {
          ...row,
          get body() {
            reads += 1;
            return row.body;
          },
        };
  await set(anna, id, { n: 2 });
  expect((await chronicler.read(anna)).map(told)).toEqual(["changed CN=anna/O=acme unsealed null"]);
  expect(reads).toBe(0);
  await Array.fromAsync(anna.database.history.changes(id));
  expect(reads).toBeGreaterThan(0);
});

test("goes on in the middle of a document, after a crash, and is read apart from the feed of documents", async () => {
  const lab = await Lab.begin("revisions and crash");
  const [anna, ben] = [await lab.device("anna"), await lab.device("ben")];
  const { id } = await anna.database.createDocument({ n: 0 });
  for (const n of [1, 2, 3]) await set(anna, id, { n });
  await pass(anna, ben);
  const heads = (await Array.fromAsync(ben.database.history.changes(id))).map((item) => item.heads[0]);
  const chronicler = new Chronicler();
  const seen = (await chronicler.read(ben, 2)).map(({ revision }) => revision.heads[0]);
  expect(await drain(ben, null)).toHaveLength(1);
  ben.crash();
  await ben.open();
  seen.push(...(await chronicler.read(ben)).map(({ revision }) => revision.heads[0]));
  expect(seen).toEqual(heads);
  const [item] = await drain(ben, null);
  await expect(drain(ben, chronicler.cursor)).rejects.toMatchObject({ code: "CURSOR_INVALID" });
  const revisions = ben.database.iterateChangesSince(item?.cursor ?? "", { revisions: true });
  await expect(Array.fromAsync(revisions)).rejects.toMatchObject({ code: "CURSOR_INVALID" });
});

test("delivers no change that counts no more, and again one that was readmitted", async () => {
  const { carol, id, cut, readmit, ofMallory } = await cutOff("revisions cut");
  const chronicler = new Chronicler();
  expect(await chronicler.read(carol)).toHaveLength(1);
  await carol.receive(...ofMallory);
  const [bad] = await chronicler.read(carol);
  expect(bad?.revision.author).toContain("mallory");
  await carol.hear(cut);
  expect(await chronicler.read(carol)).toEqual([]);
  expect(await new Chronicler().read(carol)).toHaveLength(1);
  await carol.hear(readmit);
  const again = await chronicler.read(carol);
  expect(again.map(({ doc, revision }) => [doc.id, revision.heads])).toEqual([[id, bad?.revision.heads]]);
  expect(await chronicler.read(await carol.reopened())).toEqual([]);
});

test("D2 delivers a change although somebody else carried it before, as a deletion", async () => {
  const lab = await Lab.begin("revisions carried first");
  const [anna, alice, mallory] = [await lab.device("anna"), await lab.author("alice"), await lab.author("mallory")];
  const [place, copy] = [placeOf("hers"), placeOf("Mallory's")];
  const { bytes } = handMade({ actor: alice.actor(place), ops: [{ key: { text: "title" }, value: "hers" }] });
  const [key = expect.fail("a key")] = lab.versionsOf(copy);
  const change = parseChange(bytes, lab.crypto.sha256);
  const strands = [{ writer: alice.writer, changes: [{ change, kind: "delete", time: 1 }] }] as const;
  const carried = carriedUnder(key, 0, { before: documentIdOf(place), strands });
  const chronicler = new Chronicler();
  await anna.receive(await mallory.write([carried]));
  expect((await chronicler.read(anna)).map(({ revision }) => revision.verification)).toEqual(["told"]);
  await anna.receive(await alice.write([alice.part(place, bytes, { kind: "create" })]));
  expect((await chronicler.read(anna)).map(told)).toEqual(["changed CN=alice/O=acme signed null"]);
});

test("waits for the next change when it is live", async () => {
  const lab = await Lab.begin("revisions live");
  const anna = await lab.device("anna");
  const seen: unknown[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const ended = (async () => {
    for await (const { revision } of anna.database.iterateChangesSince(null, { revisions: true, live: true })) {
      seen.push(revision.message);
      if (seen.length === 3) resolve();
    }
  })();
  const { id } = await anna.database.createDocument({ n: 1 });
  await set(anna, id, { n: 2 }, "second");
  await set(anna, id, { n: 3 }, "third");
  await promise;
  expect(seen).toEqual([null, "second", "third"]);
  await anna.close();
  await ended;
});
