// One local change of a document, from the edit to the journal: what is left of it when it fails, and what may happen meanwhile.
import { expect, test } from "vitest";
import type { Doc } from "../../src/document/doc-handle.ts";
import { testDatabase } from "../fixture.ts";
import { type Device, Lab } from "./lab.ts";

type Note = Record<string, unknown>;

/** A device with one document; `seen` is what anybody could notice of it. */
async function begin(seed: string) {
  const lab = await Lab.begin(seed, ["default", "board"]);
  const device = await lab.device("alice");
  const doc = await device.database.createDocument({ n: 0 });
  const edit = (change: (data: Note) => void | Promise<void>) =>
    device.database.changeDoc(doc, (draft) => change(draft.getData() as Note));
  return { lab, device, doc, edit, seen: () => seenOf(device, doc) };
}

/** What the handle shows, and what a device that reads the disk now makes of it. */
async function seenOf(device: Device, doc: Doc<object>): Promise<unknown> {
  const other = await device.reopened();
  const copy = await other.database.getDocument(doc.id);
  const isSealed = (await other.runs()).length > 0; // what the journal holds can be sealed
  return { shown: doc.getData(), heads: doc.getHeads(), onDisk: copy.getData(), isSealed };
}

const setTo =
  (n: number) =>
  (data: Note): void => {
    data["n"] = n;
  };

const boom = new RangeError("boom");

test.each<[string, (data: Note) => void | Promise<void>]>([
  ["throws", () => expect.fail("boom")],
  [
    "throws after it has changed things",
    (data) => {
      data["n"] = 1;
      throw boom;
    },
  ],
  [
    "rejects later",
    async (data) => {
      data["n"] = 1;
      await null;
      throw boom;
    },
  ],
  [
    "writes what no document holds",
    (data) => {
      data["n"] = 1;
      data["f"] = () => 1;
    },
  ],
])("an edit that %s leaves nothing behind, and the next one goes on from before", async (name, change) => {
  const { edit, seen, doc } = await begin(`edit that ${name}`);
  const before = await seen();
  await expect(edit(change)).rejects.toThrow();
  expect(await seen()).toEqual(before);
  await edit(setTo(1));
  expect(await seen()).toMatchObject({ shown: { n: 1 }, onDisk: { n: 1 } });
  expect(doc.getHeads().length).toBe(1);
});

test("an edit that goes on after its callback had awaited is refused whole: Automerge would drop the rest", async () => {
  const { edit, seen } = await begin("loose edit");
  const before = await seen();
  const loose = edit(async (data) => {
    data["n"] = 1;
    await null;
    data["n"] = 2;
  });
  await expect(loose).rejects.toMatchObject({ code: "CHANGE_CLOSED" });
  expect(await seen()).toEqual(before);
  await edit(async (data) => {
    data["n"] = 3;
    await null;
  });
  expect(await seen()).toMatchObject({ shown: { n: 3 }, onDisk: { n: 3 } });
});

test("an edit that changes nothing makes no change", async () => {
  const { edit, seen, device } = await begin("empty edit");
  await device.assembled.flush();
  const [before, vector] = [await seen(), await device.database.getStore().vector()];
  await edit(() => undefined);
  await device.assembled.flush();
  expect([await seen(), await device.database.getStore().vector()]).toEqual([before, vector]);
});

test("edits of one document that are made at once follow one another, whatever each takes", async () => {
  const { edit, doc, seen } = await begin("edits at once");
  const order: number[] = [];
  const edits = Array.from({ length: 8 }, (_, number) =>
    edit(async (data) => {
      data["n"] = Number(data["n"]) + 1;
      order.push(number);
      for (let turn = number; turn < 8; turn++) await null;
      if (number === 3) throw boom;
    }),
  );
  const results = await Promise.allSettled(edits);
  expect(results.map(({ status }) => status === "fulfilled")).toEqual(order.map((number) => number !== 3));
  expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect(await seen()).toMatchObject({ shown: { n: 7 }, onDisk: { n: 7 } });
  expect(doc.getHeads().length).toBe(1);
});

test.each(["succeeds", "fails"])(
  "what arrives during an edit waits for it, and is shown when it %s",
  async (outcome) => {
    const { lab, device, doc, edit } = await begin(`received meanwhile ${outcome}`);
    const bob = await lab.device("bob");
    await bob.receive(...(await device.runs()));
    const theirs = await bob.database.getDocument(doc.id);
    await bob.database.changeDoc(theirs, (draft) => void Object.assign(draft.getData(), { theirs: true }));
    const runs = await bob.runs();
    const shown: unknown[] = [];
    const editing = edit(async (data) => {
      data["ours"] = true;
      await device.receive(...runs);
      shown.push({ ...doc.getData() });
      if (outcome === "fails") throw boom;
    });
    await (outcome === "fails" ? expect(editing).rejects.toThrow(boom) : editing);
    expect(shown).toEqual([{ n: 0 }]);
    const after = outcome === "fails" ? { n: 0, theirs: true } : { n: 0, ours: true, theirs: true };
    expect(doc.getData()).toEqual(after);
    await bob.receive(...(await device.runs()));
    expect(theirs.getData()).toEqual(after);
  },
);

test("a deleted document is not edited, and is deleted once", async () => {
  const { edit, doc, device } = await begin("deleted");
  await device.database.deleteDocument(doc);
  const heads = doc.getHeads();
  await expect(edit(setTo(1))).rejects.toMatchObject({ code: "DOC_DELETED" });
  await device.database.deleteDocument(doc.id);
  expect([doc.isDeleted(), doc.getHeads()]).toEqual([true, heads]);
  const again = await device.reopened();
  expect((await again.database.getDocument(doc.id)).isDeleted()).toBe(true);
});

test("a deletion and an edit that are made at once: the edit comes first, or is refused", async () => {
  const { edit, doc, device } = await begin("deleted meanwhile");
  const [first, deletion, last] = [edit(setTo(1)), device.database.deleteDocument(doc), edit(() => undefined)];
  await first;
  await deletion;
  await expect(last).rejects.toMatchObject({ code: "DOC_DELETED" });
  expect(doc.isDeleted()).toBe(true);
});

test("a change that could not be stored is refused, as is everything after it, until the database is opened again", async () => {
  const { edit, doc, device } = await begin("disk fails");
  const kept = device.disk.copy();
  device.disk.crash();
  for (const n of [1, 2]) await expect(edit(setTo(n))).rejects.toMatchObject({ code: "JOURNAL_FAILED" });
  device.disk = kept;
  await device.open();
  const again = await device.database.getDocument(doc.id);
  expect(again.getData()).toEqual({ n: 0 });
  await device.database.changeDoc(again, (draft) => void Object.assign(draft.getData(), { n: 3 }));
  expect(await seenOf(device, again)).toMatchObject({ shown: { n: 3 }, onDisk: { n: 3 } });
});

test("D11 a document under a key that was taken away is not edited, and stays as it was", async () => {
  const { lab, device } = await begin("key lost");
  const [common, board] = lab.keys;
  if (common === undefined || board === undefined) return expect.fail("two keys");
  const doc = await device.database.createDocument({ n: 0 }, { key: "board" });
  const tip = (await device.runs()).at(-1)?.entries.at(-1);
  if (tip?.signature == null) return expect.fail("a signed entry");
  const { writer, seq } = tip.header;
  const cuts = [{ database: testDatabase, cuts: [{ writer, seq, id: tip.id, signature: tip.signature }] }];
  const { id } = lab.world.view().findUser("CN=alice/O=acme")[0] ?? expect.fail("Alice was admitted");
  await device.hear(
    ...lab.world.placed,
    lab.world.say(lab.world.root, {
      ...{ type: "change", targets: [id], identityKeys: [], wipe: null, name: "CN=alice/O=acme", cuts },
      ...{ role: "editor", keys: [common.keyId], devices: [id] },
    }),
  );
  const change = device.database.changeDoc(doc, (draft) => void Object.assign(draft.getData(), { n: 1 }));
  await expect(change).rejects.toMatchObject({ code: "NOT_ENTITLED" });
  await expect(device.database.deleteDocument(doc)).rejects.toMatchObject({ code: "NOT_ENTITLED" });
  expect([doc.getData(), doc.isDeleted()]).toEqual([{ n: 0 }, false]);
  expect((await device.runs()).at(-1)?.entries.at(-1)?.id).toEqual(tip.id);
});
