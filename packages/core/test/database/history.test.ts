import { toHex, type VerifiedRun } from "@selkie/entry";
import { describe, expect, test } from "vitest";
import { copyToKey } from "../../src/database/copy-to-key.ts";
import type { HistoryItem } from "../../src/database/history.ts";
import { type DocId, docIdOf } from "../../src/document/doc-id.ts";
import { countedStem, documentIdOf } from "../../src/sealing/document-id.ts";
import { handMade } from "../automerge/hand-made-change.ts";
import { parse } from "../automerge/judge.ts";
import { carriedUnder } from "../sealing/said.ts";
import { type Device, Lab, placeOf } from "./lab.ts";

async function historyOf(device: Device, id: DocId): Promise<readonly HistoryItem[]> {
  return Array.fromAsync(device.database.history.changes(id));
}
const authorsOf = async (device: Device, id: DocId) =>
  (await historyOf(device, id)).map(({ author, toldBy }) => [author, toldBy]);

async function pass(from: Device, to: Device): Promise<void> {
  await to.receive(...(await from.runs()));
}

describe("the history of a document", () => {
  test("says who made each change that counts, each after what it builds on, and what no entry holds yet", async () => {
    const lab = await Lab.begin("history");
    const [anna, ben] = [await lab.device("anna"), await lab.device("ben")];
    const doc = await anna.database.createDocument({ by: "anna" });
    await pass(anna, ben);
    const his = await ben.database.getDocument(doc.id);
    await ben.database.changeDoc(his, (draft) => void Object.assign(draft.getData(), { more: true }));
    expect(await authorsOf(ben, doc.id)).toEqual([
      ["CN=anna/O=acme", null],
      ["CN=ben/O=acme", null],
    ]);
    const [sealed, pending] = await historyOf(ben, doc.id);
    expect(pending).toMatchObject({
      ...{ entryId: null, verification: "unsealed", author: "CN=ben/O=acme" },
      ...{ claimedTime: new Date(0), heads: his.getHeads() },
    });
    expect(sealed).toMatchObject({ verification: "signed", claimedTime: new Date(0), heads: doc.getHeads() });
    const [run] = await anna.runs();
    expect(sealed?.entryId).toBe(toHex(run?.entries[0]?.id ?? expect.fail("an entry")));
    await pass(ben, anna);
    expect((await historyOf(anna, doc.id))[1]).toMatchObject({ claimedTime: new Date(0), heads: his.getHeads() });
    await expect(historyOf(anna, docIdOf(placeOf("nothing")))).rejects.toMatchObject({ code: "DOC_NOT_FOUND" });
  });

  test("of a copy says who tells what nobody signed in it, also to who can't read the document before", async () => {
    const lab = await Lab.begin("history of a copy", ["default", "board"]);
    const [, board] = lab.keys;
    if (board === undefined) return expect.fail("a key");
    const [anna, ben, cleo] = [
      await lab.device("anna", lab.keys),
      await lab.device("ben", lab.keys),
      await lab.device("cleo", [board]),
    ];
    anna.now = 1_000;
    const doc = await anna.database.createDocument({ by: "anna" });
    await pass(anna, ben);
    ben.now = 2_000;
    const copy = await copyToKey(ben.database, doc.id, { key: "board" });
    for (const from of [anna, ben]) await pass(from, cleo);
    const hers = await cleo.database.getDocument(copy.id);
    await cleo.database.changeDoc(hers, (draft) => void Object.assign(draft.getData(), { more: true }));
    await pass(cleo, ben);
    for (const device of [ben, cleo])
      expect(await authorsOf(device, copy.id)).toEqual([
        ["CN=anna/O=acme", "CN=ben/O=acme"],
        ["CN=cleo/O=acme", null],
      ]);
    // When Anna claimed to have made it, not when Ben copied it; and also in a copy of the copy.
    const again = await copyToKey(cleo.database, copy.id, { key: "board" });
    for (const { id } of [copy, again])
      expect((await historyOf(cleo, id))[0]).toMatchObject({ claimedTime: new Date(1_000), heads: doc.getHeads() });
    expect(await authorsOf(ben, doc.id)).toEqual([["CN=anna/O=acme", null]]);
  });

  test("D2 names nobody else as the author, who repeats a change or carries it into the document it is of", async () => {
    const lab = await Lab.begin("history with a liar");
    const [key] = lab.keys;
    if (key === undefined) return expect.fail("a key");
    const runs: VerifiedRun[] = [];
    // The chains are read in the order of their writers: the liar is the first once.
    const authors = { one: await lab.author("one"), other: await lab.author("other") };
    for (const [honest, liar] of [["one", "other"] as const, ["other", "one"] as const]) {
      const [alice, mallory] = [authors[honest], authors[liar]];
      const place = { stem: countedStem(lab.crypto, mallory.writer, 7), keyId: key.keyId };
      const own = handMade({ actor: mallory.actor(place), ops: [{ key: { text: "own" }, value: 1 }] });
      const { bytes } = handMade({ actor: alice.actor(place), ops: [{ key: { text: "hers" }, value: 1 }] });
      const strands = [
        { writer: alice.writer, changes: [{ change: parse(bytes), kind: "change", time: null }] as const },
      ];
      const carried = carriedUnder(key, 7, { before: documentIdOf(place), strands });
      runs.push(await alice.write([alice.part(place, bytes)]));
      const first = mallory.part(place, own.bytes, { kind: "create" });
      runs.push(await mallory.write([first, mallory.part(place, bytes), carried]));
      const device = await lab.device(`reader of ${honest}`);
      await device.receive(...runs);
      const found = await authorsOf(device, docIdOf(place));
      expect(found.sort()).toEqual([
        ["CN=one/O=acme", null],
        ["CN=other/O=acme", null],
      ]);
      const reasons = device.quarantined().map((text) => text.split(" ")[1]);
      expect(reasons).toEqual(expect.arrayContaining(["CHANGE_ACTOR_FORGED", "PART_MALFORMED"]));
    }
  });
});
