// Documents that go on under another key, with the history of the one before: whole replicas, and parts that their creator made by hand.
import { asPlaintext } from "@selkie/crypto";
import type { VerifiedRun } from "@selkie/entry";
import { describe, expect, test } from "vitest";
import { copyToKey } from "../../src/database/copy-to-key.ts";
import {
  decodeCarriedHistory,
  encodeCarriedHistory,
  type Strand,
  type ToldKind,
} from "../../src/document/carried-history.ts";
import { type DocId, docIdOf } from "../../src/document/doc-id.ts";
import { decodeChangePart } from "../../src/sealing/change-part.ts";
import { countedStem, type DocumentPlace, documentIdOf } from "../../src/sealing/document-id.ts";
import { openEntries } from "../../src/sealing/open-entry.ts";
import type { PartDraft } from "../../src/sealing/seal-entry.ts";
import { handMade, type Made } from "../automerge/hand-made-change.ts";
import { wholeBudget } from "../automerge/in-own-entry.ts";
import { parse } from "../automerge/judge.ts";
import { type Author, type Device, Lab, placeOf, withHoles } from "../database/lab.ts";
import { testRing } from "../fixture.ts";
import { permutations } from "../permutations.ts";
import { carriedUnder, said } from "../sealing/said.ts";

const set = (text: string) => (draft: { getData(): object }) => void Object.assign(draft.getData(), { [text]: true });

async function edit(device: Device, id: DocId, text: string): Promise<void> {
  await device.database.changeDoc(await device.database.getDocument(id), set(text));
}

async function pass(from: Device, ...to: readonly Device[]): Promise<void> {
  for (const device of to) await device.receive(...(await from.runs()));
}

/** What a copy is told of what each change did, as its parts say. */
async function kindsIn({ crypto, versions }: Lab, device: Device, id: DocId): Promise<readonly string[]> {
  const entries = (await device.runs()).flatMap((run) => run.entries);
  const opened = await openEntries(crypto, testRing(crypto, ...versions), entries, ["change"]);
  const kinds = entries.flatMap((entry, at) =>
    (opened[at] ?? []).flatMap((part) => {
      if (part.type !== "opened" || part.kind !== "change") return [];
      const { kind, document, payload } = decodeChangePart(part.plaintext);
      if (kind !== "carry" || document.type !== "counter") return [];
      const stem = countedStem(crypto, entry.header.writer, document.counter);
      if (docIdOf({ stem, keyId: part.key.keyId }) !== id) return [];
      return decodeCarriedHistory(crypto, payload, wholeBudget()).strands.flatMap(({ changes }) =>
        changes.map((told) => told.kind),
      );
    }),
  );
  return kinds.sort();
}

describe("a copy under another key", () => {
  /** A document of Anna's that Ben changed; Cleo holds the board's key alone. */
  async function begin() {
    const lab = await Lab.begin("copies", ["default", "board", "third"]);
    const [common, board, third] = lab.keys;
    if (common === undefined || board === undefined || third === undefined) return expect.fail("three keys");
    const [anna, ben] = [await lab.device("anna", lab.keys), await lab.device("ben", lab.keys)];
    const cleo = await lab.device("cleo", [board]);
    const doc = await anna.database.createDocument({ by: "anna" });
    await pass(anna, ben, cleo);
    await edit(ben, doc.id, "ben");
    await pass(ben, anna, cleo);
    await edit(anna, doc.id, "anna"); // in the journal when it is copied
    return { lab, anna, ben, cleo, doc, third };
  }

  test("shows what the document shows to whoever holds that key, and both go on by themselves", async () => {
    const { lab, anna, ben, cleo, doc } = await begin();
    const copy = await copyToKey(anna.database, doc.id, { key: "board" });
    expect(copy.getHeads()).toEqual(doc.getHeads());
    await pass(anna, ben, cleo);
    for (const device of [anna, ben, cleo]) {
      expect((await device.database.getDocument(copy.id)).getData()).toEqual({ by: "anna", ben: true, anna: true });
      expect(device.quarantined()).toEqual([]);
    }
    expect(await cleo.database.findDocument(doc.id)).toBeUndefined();
    await edit(cleo, copy.id, "cleo");
    await edit(ben, doc.id, "later");
    for (const device of [cleo, ben]) await pass(device, anna, ben, cleo);
    const late = await lab.device("dora", lab.keys);
    for (const device of [cleo, ben, anna]) await pass(device, late);
    for (const device of [anna, ben, late, await anna.reopened()]) {
      const [one, other] = [await device.database.getDocument(copy.id), await device.database.getDocument(doc.id)];
      expect(one.getData()).toEqual({ by: "anna", ben: true, anna: true, cleo: true });
      expect(other.getData()).toEqual({ by: "anna", ben: true, anna: true, later: true });
    }
  });

  test("can be copied again, with what was carried and what came since", async () => {
    const { lab, anna, cleo, doc, third } = await begin();
    const copy = await copyToKey(anna.database, doc, { key: "board" });
    await pass(anna, cleo);
    await cleo.assembled.rebuild([copy.id]);
    await edit(cleo, copy.id, "cleo");
    await cleo.give(third);
    const again = await copyToKey(cleo.database, copy.id, { key: "third" });
    const dora = await lab.device("dora", [third]);
    await pass(cleo, dora);
    await pass(anna, dora);
    const found = await dora.database.getDocument(again.id);
    expect(found.getData()).toEqual({ by: "anna", ben: true, anna: true, cleo: true });
    expect(found.getHeads()).toEqual(again.getHeads());
    expect(dora.quarantined()).toEqual([]);
  });

  test("of a history of thousands of changes goes into several entries", async () => {
    const { anna, cleo } = await begin();
    const doc = await anna.database.createDocument({ n: -1 });
    for (let n = 0; n < 2_100; n++)
      await anna.database.changeDoc(doc, (draft) => void Object.assign(draft.getData(), { n }));
    const copy = await copyToKey(anna.database, doc, { key: "board" });
    await pass(anna, cleo);
    expect((await cleo.database.getDocument(copy.id)).getData()).toEqual({ n: 2_099 });
  }, 30_000);

  test("brings along when a document was deleted and undeleted, again and again", async () => {
    const { lab, anna, cleo, doc, third } = await begin();
    await anna.database.deleteDocument(doc);
    await anna.database.undeleteDocument(doc.id);
    const copy = await copyToKey(anna.database, doc, { key: "board" });
    await pass(anna, cleo);
    expect(await kindsIn(lab, anna, copy.id)).toEqual(["change", "change", "change", "delete", "undelete"]);
    await cleo.give(third);
    await cleo.database.deleteDocument(copy.id);
    await cleo.database.undeleteDocument(copy.id);
    const again = await copyToKey(cleo.database, copy.id, { key: "third" });
    const marks = ["delete", "undelete"];
    expect(await kindsIn(lab, cleo, again.id)).toEqual(["change", "change", "change", ...marks, ...marks].sort());
    expect(again.isDeleted()).toBe(false);
  });

  test("of what is deleted or unknown is refused", async () => {
    const { anna, doc } = await begin();
    const absent = docIdOf(placeOf("nothing"));
    await expect(copyToKey(anna.database, absent, { key: "board" })).rejects.toMatchObject({ code: "DOC_NOT_FOUND" });
    await anna.database.deleteDocument(doc.id);
    await expect(copyToKey(anna.database, doc.id, { key: "board" })).rejects.toMatchObject({ code: "DOC_DELETED" });
  });
});

describe("a history that its creator made by hand", () => {
  const ofBefore = placeOf("before");

  /** Mallory's document 0 under the default key, and what can be said in it. */
  async function begin(seed: string) {
    const lab = await Lab.begin(seed);
    const [mallory, alice] = [await lab.author("mallory"), await lab.author("alice")];
    const place = { stem: countedStem(lab.crypto, mallory.writer, 0), keyId: ofBefore.keyId };
    const [key] = lab.keys;
    if (key === undefined) return expect.fail("a key");
    const carry = (strands: readonly Strand[], before: DocumentPlace = ofBefore): PartDraft =>
      carriedUnder(key, 0, { before: documentIdOf(before), strands });
    return { lab, mallory, alice, place, carry, key };
  }

  const made = (author: Author, place: DocumentPlace, value: number, after?: Made): Made =>
    handMade({
      actor: author.actor(place),
      ...(after === undefined ? {} : { deps: [after.hash], startOp: value }),
      ops: [{ key: { text: `${value}` }, value }],
    });
  const strand = (author: Author, ...changes: readonly Made[]): Strand => ({
    writer: author.writer,
    changes: changes.map(({ bytes }) => ({ change: parse(bytes), kind: "change", time: null })),
  });

  test("D2 holds nothing of the document itself: nobody speaks as another in it", async () => {
    const { lab, mallory, alice, place, carry } = await begin("itself");
    const run = await mallory.write([carry([strand(alice, made(alice, place, 1))], place)]);
    const device = await lab.device("replica");
    await device.receive(run);
    expect(await device.database.getAllDocumentIds()).toEqual([]);
    expect(device.quarantined().map((text) => text.split(" ")[1])).toEqual(["PART_MALFORMED"]);
  });

  test("D2 is brought along by the creator of the document alone", async () => {
    const { lab, mallory, alice, place, key } = await begin("another's");
    const strands = [strand(mallory, made(mallory, ofBefore, 1))];
    // What no encoder writes: the stem of Mallory's document, where the creator's counter has to stand.
    const document = { type: "stem", stem: place.stem } as const;
    const payload = encodeCarriedHistory({ before: documentIdOf(ofBefore), strands });
    const theirs = asPlaintext(said({ kind: "manifest", document, payload }).with(0, 6));
    const run = await alice.write([{ kind: "change", key, plaintext: theirs }]);
    const device = await lab.device("replica");
    await device.receive(run);
    expect(await device.database.getAllDocumentIds()).toEqual([]);
    expect(device.quarantined().map((text) => text.split(" ")[1])).toEqual(["PART_MALFORMED"]);
  });

  test("says that a document was deleted and undeleted, and it is, in every order of arrival", async () => {
    const { lab, mallory, alice, place, carry } = await begin("marks");
    const first = made(alice, ofBefore, 1);
    const gone = handMade({ actor: alice.actor(ofBefore), seq: 2, startOp: 2, deps: [first.hash], ops: [] });
    const back = handMade({ actor: mallory.actor(ofBefore), startOp: 2, deps: [gone.hash], ops: [] });
    const told = (kind: ToldKind, { bytes }: Made) => ({ change: parse(bytes), kind, time: null });
    const runs = [
      await mallory.write([carry([{ writer: alice.writer, changes: [told("change", first), told("delete", gone)] }])]),
      await mallory.write([carry([{ writer: mallory.writer, changes: [told("undelete", back)] }])]),
    ];
    const isDeleted = async (device: Device) => (await device.database.getDocument(docIdOf(place))).isDeleted();
    const device = await lab.device("in order");
    const seen: boolean[] = [];
    for (const run of runs) {
      await device.receive(run);
      seen.push(await isDeleted(device));
    }
    expect(seen).toEqual([true, false]);
    const holes = await Promise.all(runs.map((run) => withHoles(lab.crypto, run, () => true)));
    for (const order of permutations(runs)) {
      const other = await lab.device("in any order");
      await other.receive(...holes);
      for (const run of order) await other.receive(run);
      expect(await isDeleted(other)).toBe(false);
    }
  });

  test("D1 counts as far as it is whole, whatever arrives when and is a hole until later", async () => {
    const { lab, mallory, alice, place, carry } = await begin("orders");
    const bob = await lab.author("bob");
    const first = made(alice, ofBefore, 1);
    const second = made(mallory, ofBefore, 2, first);
    const later = made(alice, place, 3, second);
    // Of what others wrote in the document itself nothing is carried.
    const upon = made(mallory, placeOf("other"), 4, later);
    const [one, two, three]: readonly VerifiedRun[] = [
      await mallory.write([carry([strand(alice, first)])]),
      await mallory.write([carry([strand(mallory, second)]), carry([strand(bob, made(bob, ofBefore, 5))])]),
      await mallory.write([carry([strand(mallory, upon)], placeOf("other"))]),
    ];
    const edited = await alice.write([alice.part(place, later.bytes)]);
    if (one === undefined || two === undefined || three === undefined) return expect.fail("three runs");
    const hole = await withHoles(lab.crypto, one, () => true);
    const states = new Set<string>();
    const events = {
      carried: (device: Device) => device.receive(hole, two, three),
      edited: (device: Device) => device.receive(edited),
      filled: (device: Device) => device.receive(one),
      restart: async (device: Device) => {
        await device.close();
        await device.open();
      },
    };
    for (const order of permutations(["carried", "edited", "filled", "restart"] as const)) {
      const device = await lab.device(order.join());
      for (const name of order) await events[name](device);
      await device.receive(one, two, three);
      const doc = await device.database.getDocument(docIdOf(place));
      expect(doc.getData(), order.join()).toEqual({ 1: 1, 2: 2, 3: 3, 5: 5 });
      expect(device.quarantined().map((text) => text.split(" ")[1])).toEqual(["CARRIED_INCOMPLETE"]);
      states.add(JSON.stringify(await device.show([docIdOf(place)])));
      const copy = await copyToKey(device.database, docIdOf(place)); // what is known of authors came along, too
      expect(copy.getHeads()).toEqual(doc.getHeads());
    }
    expect(states.size).toBe(1);
  });
});
