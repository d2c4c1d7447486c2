import { describe, expect, test } from "vitest";
import { copyToKey } from "../../src/database/copy-to-key.ts";
import type { When } from "../../src/database/history.ts";
import { type OpenPastDatabase, openPast } from "../../src/database/past-database.ts";
import { marksOf, valuesAt } from "../../src/database/read-document.ts";
import type { DocId } from "../../src/document/doc-id.ts";
import { docIdOf } from "../../src/document/doc-id.ts";
import type { FeedItem, FeedOptions } from "../../src/feed/feed-item.ts";
import { handMade } from "../automerge/hand-made-change.ts";
import { cutOff } from "../feed/cut-off.ts";
import { pass } from "../feed/follower.ts";
import { type Device, Lab, placeOf } from "./lab.ts";

type Past = OpenPastDatabase<object, null>;

const at = (minutes: number): Date => new Date(minutes * 60_000);

/** Its database as it was. */
function pastOf({ database }: Device, when: When): Promise<Past> {
  return openPast<object, null>({ database, letGo: async () => undefined }, { at: when, tenant: null });
}

/** What a database as it was shows: each document that is not deleted, as its feed gives it. */
async function shown(past: Past): Promise<readonly object[]> {
  const ids = await past.getAllDocumentIds();
  const docs = await Promise.all(ids.map((id) => past.getDocument(id)));
  const fed = await Array.fromAsync(past.iterateChangesSince(null));
  const there = fed.filter(({ type }) => type === "changed").map(({ doc }) => doc.getData());
  const data = docs.map((doc) => doc.getData());
  expect(sorted(there)).toEqual(sorted(data));
  return sorted(data);
}

const sorted = (data: readonly object[]): readonly object[] =>
  data.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
const shownAt = async (device: Device, when: When) => shown(await pastOf(device, when));

async function set({ database }: Device, id: DocId, data: object): Promise<void> {
  await database.changeDoc(await database.getDocument(id), (draft) => void Object.assign(draft.getData(), data));
}

describe("a database as it was", () => {
  test("has the documents that there were, as they were, deleted ones as such", async () => {
    const lab = await Lab.begin("past");
    const [anna, ben] = [await lab.device("anna"), await lab.device("ben")];
    anna.now = at(10).getTime();
    const one = await anna.database.createDocument({ n: 1 });
    anna.now = at(20).getTime();
    const two = await anna.database.createDocument({ n: 2 });
    await set(anna, one.id, { more: true });
    anna.now = at(30).getTime();
    await anna.database.deleteDocument(two);
    anna.now = at(40).getTime();
    await anna.database.undeleteDocument(two.id);
    for (const device of [anna, await pass(anna, ben).then(() => ben), await ben.reopened()]) {
      expect(await shownAt(device, at(9))).toEqual([]);
      expect(await shownAt(device, at(10))).toEqual([{ n: 1 }]);
      expect(await shownAt(device, at(25))).toEqual([{ n: 1, more: true }, { n: 2 }]);
      expect(await shownAt(device, at(45))).toEqual([{ n: 1, more: true }, { n: 2 }]);
      const past = await pastOf(device, at(30));
      expect(await shown(past)).toEqual([{ n: 1, more: true }]);
      const deleted = await past.getDocument(two.id);
      expect([deleted.isDeleted(), deleted.getData()]).toEqual([true, {}]);
      expect((await past.findDocument(one.id))?.getHeads()).toEqual(
        (await device.database.getDocument(one.id)).getHeads(),
      );
      const before = await pastOf(device, at(15));
      expect(await before.findDocument(two.id)).toBeUndefined();
      for (const id of [two.id, docIdOf(placeOf("nothing"))])
        await expect(before.getDocument(id)).rejects.toMatchObject({ code: "DOC_NOT_FOUND" });
    }
  });

  test("stays as it is; what came later with an earlier time shows when it is opened again", async () => {
    const lab = await Lab.begin("past that stays");
    const [anna, ben] = [await lab.device("anna"), await lab.device("ben")];
    anna.now = at(10).getTime();
    const { id } = await anna.database.createDocument({ n: 1 });
    await pass(anna, ben);
    ben.now = at(20).getTime();
    await set(ben, id, { ben: true });
    await ben.database.createDocument({ n: 2 });
    anna.now = at(30).getTime();
    const past = await pastOf(anna, at(25));
    await pass(ben, anna);
    await set(anna, id, { n: 3 });
    await anna.database.deleteDocument(id);
    expect(await shown(past)).toEqual([{ n: 1 }]);
    expect(await shownAt(anna, at(25))).toEqual([{ ben: true, n: 1 }, { n: 2 }]);
  });

  test("is what heads name, of each document of which there are some", async () => {
    const lab = await Lab.begin("past by heads");
    const anna = await lab.device("anna");
    const [one, two] = [await anna.database.createDocument({ n: 1 }), await anna.database.createDocument({ n: 2 })];
    const heads = one.getHeads();
    await set(anna, one.id, { n: 3 });
    expect(await shownAt(anna, heads)).toEqual([{ n: 1 }]);
    expect(await shownAt(anna, [...heads, ...two.getHeads()])).toEqual([{ n: 1 }, { n: 2 }]);
    expect(await shownAt(anna, [])).toEqual([]);
    await expect(pastOf(anna, [...heads, "no hash"])).rejects.toMatchObject({ code: "HEADS_UNKNOWN" });
    await expect(pastOf(anna, new Date(Number.NaN))).rejects.toMatchObject({ code: "VALUE_UNSUPPORTED" });
  });

  test("has a history that ends where it does", async () => {
    const lab = await Lab.begin("history of the past");
    const anna = await lab.device("anna");
    anna.now = at(10).getTime();
    const doc = await anna.database.createDocument({ n: 1 });
    const first = doc.getHeads();
    anna.now = at(20).getTime();
    await set(anna, doc.id, { n: 2 });
    const second = doc.getHeads();
    anna.now = at(30).getTime();
    await set(anna, doc.id, { n: 3 });
    await anna.database.createDocument({ other: true });
    const { history } = await pastOf(anna, at(20));
    const items = await Array.fromAsync(history.changes(doc.id));
    expect(items.map(({ heads, claimedTime }) => [heads, claimedTime])).toEqual([
      [first, at(10)],
      [second, at(20)],
    ]);
    expect(await history.getAllDocumentIdsAt(at(99))).toEqual([doc.id]);
    for (const [when, n] of [
      [at(10), 1],
      [at(99), 2],
      [first, 1],
    ] as const)
      expect((await history.getDocumentAt(doc.id, when))?.getData()).toEqual({ n });
    expect(await history.diff(doc.id, first, at(99))).toEqual([{ action: "put", path: ["n"], value: 2 }]);
    await expect(history.getDocumentAt(doc.id, doc.getHeads())).rejects.toMatchObject({ code: "HEADS_UNKNOWN" });
  });

  test("tells marks and conflicts as they were", async () => {
    const lab = await Lab.begin("marks of the past");
    const [anna, ben] = [await lab.device("anna"), await lab.device("ben")];
    const doc = await anna.database.createDocument({ text: "hello" });
    await pass(anna, ben);
    for (const [device, n] of [
      [anna, 1],
      [ben, 2],
    ] as const)
      await set(device, doc.id, { n });
    await anna.database.changeDoc(doc, (draft) => draft.text(["text"]).mark({ start: 0, end: 5 }, "bold", true));
    await pass(ben, anna);
    const past = await pastOf(anna, doc.getHeads());
    const marks = [{ name: "bold", value: true, start: 0, end: 5 }];
    await set(anna, doc.id, { n: 3 });
    await anna.database.changeDoc(doc, (draft) => draft.text(["text"]).unmark({ start: 0, end: 5 }, "bold"));
    expect(await marksOf(anna.database, doc, ["text"])).toEqual([]);
    expect(await marksOf(past, doc.id, ["text"])).toEqual(marks);
    expect((await valuesAt(past, await past.getDocument(doc.id), ["n"])).toSorted()).toEqual([1, 2]);
    const deleted = await pastOf(anna, (await anna.database.deleteDocument(doc).then(() => doc)).getHeads());
    expect(await marksOf(deleted, doc.id, ["text"])).toEqual([]);
    await expect(marksOf(past, docIdOf(placeOf("nothing")), [])).rejects.toMatchObject({ code: "DOC_NOT_FOUND" });
  });

  test("is closed by itself, and with the database as it is", async () => {
    const lab = await Lab.begin("past that is closed");
    const anna = await lab.device("anna");
    const doc = await anna.database.createDocument({ n: 1 });
    const [first, second] = [await pastOf(anna, at(1)), await pastOf(anna, at(1))];
    const held = await first.getDocument(doc.id);
    await first[Symbol.asyncDispose]();
    const isClosed = { code: "CLOSED" };
    await expect(first.getAllDocumentIds()).rejects.toMatchObject(isClosed);
    expect(held.getData()).toEqual({ n: 1 });
    expect(await shown(second)).toEqual([{ n: 1 }]);
    await anna.close();
    await expect(second.findDocument(doc.id)).rejects.toMatchObject(isClosed);
    await expect(Array.fromAsync(first.history.changes(doc.id))).rejects.toMatchObject(isClosed);
  });
});

describe("what a database as it was is made of", () => {
  test("D9 nothing that was cut off", async () => {
    const { id, mallory, carol, cut, readmit } = await cutOff("past after a cut");
    await mallory.database.createDocument({ text: "theirs" });
    await pass(mallory, carol);
    const before = await pastOf(carol, at(1));
    const all = [{ text: "bad" }, { text: "theirs" }];
    expect(await shown(before)).toEqual(all);
    await carol.hear(cut);
    expect(await shownAt(carol, at(1))).toEqual([{ text: "note" }]);
    expect(await shown(before)).toEqual(all); // until it is opened again
    const changes = await Array.fromAsync(before.history.changes(id));
    expect(changes.map(({ verification, author }) => [verification, author])).toEqual([
      ["signed", "CN=bob/O=acme"],
      ["signed", "CN=mallory/O=acme"],
    ]);
    // And so is when it was made.
    expect((await before.history.getDocumentAt(id, at(-1)))?.getData()).toBeUndefined();
    await carol.hear(readmit);
    expect(await shownAt(carol, at(1))).toEqual([{ text: "bad" }]);
  });

  test("no document whose key is not held, and the past of a copy with the times that it carries", async () => {
    const lab = await Lab.begin("past of a copy", ["default", "board"]);
    const [, board] = lab.keys;
    if (board === undefined) return expect.fail("a key");
    const [anna, cleo] = [await lab.device("anna", lab.keys), await lab.device("cleo", [board])];
    anna.now = at(10).getTime();
    const doc = await anna.database.createDocument({ n: 1 });
    anna.now = at(20).getTime();
    await set(anna, doc.id, { n: 2 });
    anna.now = at(30).getTime();
    await copyToKey(anna.database, doc.id, { key: "board" });
    await pass(anna, cleo);
    expect(await shownAt(cleo, at(9))).toEqual([]);
    expect(await shownAt(cleo, at(15))).toEqual([{ n: 1 }]);
    expect(await shownAt(cleo, at(25))).toEqual([{ n: 2 }]);
    expect(await shownAt(anna, at(25))).toEqual([{ n: 2 }, { n: 2 }]); // who reads both
  });

  test("deletions that count now count then: also where somebody edited in the deleted document", async () => {
    const lab = await Lab.begin("past of edits in a deleted document");
    const [author, anna] = [await lab.author("author"), await lab.device("anna")];
    const place = placeOf("document");
    const actor = author.actor(place);
    const key = { text: "n" };
    const made = handMade({ actor, ops: [{ key, value: 1 }] });
    const deleted = handMade({ actor, seq: 2, startOp: 2, deps: [made.hash] });
    const edited = handMade({
      actor,
      seq: 3,
      startOp: 2,
      deps: [deleted.hash],
      ops: [{ key, value: 2, pred: [[1, 0]] }],
    });
    const undeleted = handMade({ actor, seq: 4, startOp: 3, deps: [edited.hash] });
    const kinds = [
      [made, "create"],
      [deleted, "delete"],
      [edited, "change"],
      [undeleted, "undelete"],
    ] as const;
    await anna.receive(await author.write(kinds.map(([{ bytes }, kind]) => author.part(place, bytes, { kind }))));
    expect(anna.quarantined()).toEqual([]);
    expect(await shownAt(anna, at(1))).toEqual([{ n: 2 }]);
    expect(await shownAt(anna, [edited.hash])).toEqual([]);
    expect((await anna.database.getDocument(docIdOf(place))).getData()).toEqual({ n: 2 });
  });

  test("all of a transaction, or nothing, also when others claim a time together with it", async () => {
    const lab = await Lab.begin("past of transactions");
    const [anna, ben] = [await lab.device("anna"), await lab.device("ben")];
    const docs = await Promise.all([1, 2].map(() => anna.database.createDocument({ n: 0 })));
    const setAll = (n: number) =>
      anna.database.transact(async (tx) => {
        for (const doc of docs) await tx.changeDoc(doc, (draft) => void Object.assign(draft.getData(), { n }));
      });
    for (const n of [1, 2, 3, 4]) {
      anna.now += 60_000;
      await setAll(n);
      anna.now += 60_000;
      const [doc] = docs;
      if (doc !== undefined) await set(anna, doc.id, { alone: n });
    }
    const seen = new Set<string>();
    for (const device of [anna, await pass(anna, ben).then(() => ben)])
      for (let seconds = 0; seconds <= 600; seconds += 15) {
        const numbers = (await shownAt(device, new Date(seconds * 1_000))).map((data) => Reflect.get(data, "n"));
        expect([numbers.length, new Set(numbers).size]).toEqual(numbers.length === 0 ? [0, 0] : [2, 1]);
        seen.add(numbers.join());
      }
    expect(seen.size).toBeGreaterThan(2);
  });
});

describe("the change feed of a database as it was", () => {
  const text = ({ type, doc }: Pick<FeedItem<object>, "type"> & { readonly doc: { getData(): object } }): string =>
    `${type} ${JSON.stringify(doc.getData())}`;

  test("gives each document once, or each change, and ends instead of waiting", async () => {
    const lab = await Lab.begin("feed of the past");
    const anna = await lab.device("anna");
    const doc = await anna.database.createDocument({ n: 1 });
    await set(anna, doc.id, { n: 2 });
    const gone = await anna.database.createDocument({ n: 3 });
    await anna.database.deleteDocument(gone);
    const past = await pastOf(anna, at(1));
    anna.now = at(2).getTime();
    await set(anna, doc.id, { n: 4 });
    const items = await Array.fromAsync(past.iterateChangesSince(null, { live: true }));
    expect(items.map(text).toSorted()).toEqual(['changed {"n":2}', "deleted {}"]);
    const changes = await Array.fromAsync(past.iterateChangesSince(null, { revisions: true }));
    expect(changes.map(({ doc: { id }, revision: { kind } }) => `${id} ${kind}`).toSorted()).toEqual(
      [`${doc.id} change`, `${doc.id} change`, `${gone.id} change`, `${gone.id} delete`].toSorted(),
    );
    const aborted: FeedOptions = { signal: AbortSignal.abort(new RangeError("enough")) };
    await expect(Array.fromAsync(past.iterateChangesSince(null, aborted))).rejects.toThrow("enough");
  });

  test("goes on from its cursors as long as the past is the same, and from no other's", async () => {
    const lab = await Lab.begin("cursors of the past");
    const anna = await lab.device("anna");
    const docs = await Promise.all([1, 2, 3].map((n) => anna.database.createDocument({ n })));
    for (const { id } of docs) await set(anna, id, { more: true });
    const past = await pastOf(anna, at(1));
    const [first, ...rest] = await Array.fromAsync(past.iterateChangesSince(null));
    const revisions = await Array.fromAsync(past.iterateChangesSince(null, { revisions: true }));
    if (first === undefined) return expect.fail("an item");
    const ids = (items: readonly { doc: { id: DocId } }[]) => items.map(({ doc }) => doc.id);
    const after = async (database: Past, cursor: string | undefined) =>
      ids(await Array.fromAsync(database.iterateChangesSince(cursor ?? null)));
    expect(await after(past, first.cursor)).toEqual(ids(rest));
    expect(await after(await pastOf(anna, at(1)), first.cursor)).toEqual(ids(rest));
    // Within a document its changes come again.
    for (const [read, left] of [
      [1, 6],
      [2, 4],
      [3, 4],
      [6, 0],
    ] as const) {
      const cursor = revisions[read - 1]?.cursor ?? null;
      expect(await Array.fromAsync(past.iterateChangesSince(cursor, { revisions: true }))).toHaveLength(left);
    }
    await set(anna, docs[0]?.id ?? expect.fail("a document"), { n: 9 });
    expect(await after(await pastOf(anna, at(1)), first.cursor)).toHaveLength(3);
    const invalid = { code: "CURSOR_INVALID" };
    const [live] = await Array.fromAsync(anna.database.iterateChangesSince(null));
    await expect(after(past, live?.cursor)).rejects.toMatchObject(invalid);
    await expect(after(past, revisions[0]?.cursor)).rejects.toMatchObject(invalid);
    await expect(Array.fromAsync(anna.database.iterateChangesSince(first.cursor))).rejects.toMatchObject(invalid);
  });
});
