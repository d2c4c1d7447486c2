import * as Automerge from "@automerge/automerge";
import { nativeCrypto } from "@selkie/crypto/native";
import { fromHex, parseWriterKey } from "@selkie/entry";
import { expect, test } from "vitest";
import { parseChange } from "../../src/automerge/change-chunk.ts";
import { type Counter, isCounter } from "../../src/automerge/counter.ts";
import { writeFirstChange } from "../../src/automerge/first-change.ts";
import { docIdOf } from "../../src/document/doc-id.ts";
import { actorIn, type DocumentRecord, newRecord } from "../../src/document/document-record.ts";
import { Shelf, type ShelfOptions } from "../../src/document/shelf.ts";
import type { Platform } from "../../src/platform.ts";
import { alice } from "../automerge/hand-made-change.ts";
import { sha256 } from "../automerge/sha256.ts";
import { pattern } from "../fixture.ts";

type Data = Record<string, unknown>;

/** A shelf, and how often it asked for Automerge's WebAssembly. */
function newShelf({ writer = () => null }: Pick<ShelfOptions, "writer"> = {}): { shelf: Shelf; loads: () => number } {
  let loads = 0;
  const platform: Platform = {
    crypto: nativeCrypto,
    scheduler: { after: () => () => undefined },
    now: () => 0,
    loadAutomerge: async () => {
      loads++;
    },
    report: (error) => {
      throw error;
    },
  };
  return { shelf: new Shelf(platform, (_, changes) => changes.map(() => "bob"), { writer }), loads: () => loads };
}

function recordOf(data: Data): DocumentRecord {
  const place = { stem: pattern("a document", 16), keyId: pattern("a key", 16) };
  const record = newRecord({ name: docIdOf(place), keyId: place.keyId });
  record.changes.push(writeFirstChange(fromHex(alice), data, sha256));
  return record;
}

/** A change of somebody else on top of what the record holds, which has passed the gate. */
function receive(record: DocumentRecord, edit: (data: Data) => void): { change: Uint8Array; patches: unknown[] } {
  const patches: unknown[] = [];
  const [before] = Automerge.applyChanges(Automerge.init<Data>(), [...record.changes]);
  const change = Automerge.getLastLocalChange(Automerge.change(Automerge.clone(before), edit)) ?? new Uint8Array();
  Automerge.applyChanges(before, [change], { patchCallback: (some) => void patches.push(...some) });
  record.changes.push(change);
  return { change, patches };
}

test("a document that was only created is read without Automerge, and is what Automerge gives", async () => {
  const { shelf, loads } = newShelf();
  const record = recordOf({ title: "héllo", list: [1, { deep: true }], at: new Date(5), bytes: Uint8Array.of(1, 2) });
  const doc = await shelf.handle(record);
  const bare = Automerge.load<Data>(record.changes[0] ?? new Uint8Array());
  expect(doc.getData()).toEqual(bare);
  expect(doc.getHeads()).toEqual(Automerge.getHeads(bare));
  expect(() => Object.assign((doc.getData() as { list: object[] }).list[1] ?? {}, { deep: false })).toThrow(TypeError);
  expect(await shelf.handle(record)).toBe(doc);
  expect(loads()).toBe(0);
});

test("a document with a counter is what Automerge gives, and its counter is one that only counts within a change", async () => {
  const { shelf, loads } = newShelf();
  const doc = await shelf.handle(recordOf({ count: new Automerge.Counter(3) }));
  const { count } = doc.getData() as { count: Counter };
  expect([isCounter(count), count.value, Object.isFrozen(count)]).toEqual([true, 3, true]);
  expect(() => count.increment()).toThrow(expect.objectContaining({ code: "CHANGE_CLOSED" }));
  expect(loads()).toBe(1);
});

test("a listener gets the patches of the first change that arrives after the document was read", async () => {
  const { shelf } = newShelf();
  const record = recordOf({ title: "old", n: 1 });
  const doc = await shelf.handle(record);
  const heard: unknown[] = [];
  doc.on("change", (patches) => heard.push(...patches));
  const { change, patches } = receive(record, (data) => {
    data["title"] = "new";
  });
  await shelf.apply(record, [change]);
  expect(heard.length).toBeGreaterThan(0);
  expect(heard).toEqual(patches);
  expect(doc.getData()).toEqual({ title: "new", n: 1 });
});

test("a document that nobody listens to moves on, too", async () => {
  const { shelf } = newShelf();
  const record = recordOf({ n: 1 });
  const doc = await shelf.handle(record);
  const before = doc.getData();
  const { change } = receive(record, (data) => {
    data["n"] = 2;
  });
  await shelf.apply(record, [change]);
  expect([doc.getData(), before]).toEqual([{ n: 2 }, { n: 1 }]);
  expect(doc.getHeads()).toEqual(Automerge.getHeads(Automerge.load(joined(record.changes))));
});

test("a document is loaded for whoever edits here: it is not copied when it is edited", async () => {
  const writer = parseWriterKey(pattern("a writer", 32));
  const { shelf } = newShelf({ writer: () => writer });
  const record = recordOf({ n: 1 });
  const automerge = await shelf.automerge();
  const live = shelf.live(automerge, record);
  const { doc } = live;
  const actor = actorIn(nativeCrypto, record, writer);
  const { change } = automerge.editDocument(live, { actor, sha256 }, (data) => Object.assign(data, { n: 2 }));
  expect(live.doc).toBe(doc);
  expect(parseChange(change ?? actor, sha256)).toMatchObject({ actor, seq: 1, startOp: 2 });
  expect(automerge.dataOf(live)).toEqual({ n: 1 }); // others see it once the edit has ended
  automerge.endEdit(live);
  expect(automerge.dataOf(live)).toEqual({ n: 2 });
});

function joined(changes: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(changes.flatMap((change) => [...change]));
}
