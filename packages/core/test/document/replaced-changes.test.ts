// Who may say of a change that it is replaced, and what becomes of it.
import { toHex } from "@selkie/entry";
import { describe, expect, test } from "vitest";
import { docIdOf } from "../../src/document/doc-id.ts";
import { type HandMadeChange, handMade, type Made } from "../automerge/hand-made-change.ts";
import { type Author, type Device, Lab, placeOf } from "../database/lab.ts";
import { permutations } from "../permutations.ts";
import { saidUnder } from "../sealing/said.ts";
import { Desk, PLACE } from "./desk.ts";

const place = placeOf("the plan");
const id = docIdOf(place);
const put = (author: Author, text: string, more: HandMadeChange = {}) =>
  handMade({ actor: author.actor(place), ops: [{ key: { text }, value: 1 }], ...more });

const shown = async ({ database }: Device) => (await database.findDocument(id))?.getData();

/** Bob's work as one writer, and as another; and Mallory, who is another device. */
async function begin(seed: string) {
  const lab = await Lab.begin(seed);
  const bob = await lab.author("bob");
  const [later, mallory] = [await bob.again("later"), await lab.author("mallory")];
  const old = put(bob, "old");
  const ofBob = await bob.write([bob.part(place, old.bytes, { kind: "create" })]);
  const replaces = [{ writer: bob.writer, seq: 1, last: 9 }];
  return { lab, bob, later, mallory, old, ofBob, replaces };
}

describe("a change that its device made anew", () => {
  test("D9 counts no more, is listed, and stays out whatever comes when", async () => {
    const { lab, later, mallory, ofBob, replaces } = await begin("replaced");
    const ofLater = await later.write([later.part(place, put(later, "new").bytes, { replaces })]);
    const other = await mallory.write([mallory.part(place, put(mallory, "other").bytes)]);
    for (const [at, order] of [...permutations([ofBob, ofLater, other])].entries()) {
      const device = await lab.device(`order ${at}`);
      for (const run of order) await device.receive(run);
      for (const one of [device, await device.reopened()]) {
        expect(await shown(one)).toEqual({ new: 1, other: 1 });
        expect(one.quarantined()).toEqual([`${toHex(ofBob.entries[0]?.id ?? new Uint8Array())} CHANGE_REPLACED`]);
      }
    }
  });

  test("D9 counts while something builds on it that was not replaced, in every order", async () => {
    const { lab, later, mallory, old, ofBob, replaces } = await begin("built on");
    const ofLater = await later.write([later.part(place, put(later, "new").bytes, { replaces })]);
    const upon = put(mallory, "upon", { startOp: 2, deps: [old.hash] });
    const other = await mallory.write([mallory.part(place, upon.bytes)]);
    for (const [at, order] of [...permutations([ofBob, ofLater, other])].entries()) {
      const device = await lab.device(`order ${at}`);
      for (const run of order) await device.receive(run);
      for (const one of [device, await device.reopened()])
        expect(await shown(one)).toEqual({ old: 1, new: 1, upon: 1 });
      expect(device.quarantined()).toEqual([]);
    }
  });

  test("D9 counts for what came before what it waits for, and builds on it, in every order", async () => {
    const { lab, later, old, ofBob, replaces } = await begin("waits and builds on");
    const [carol, dave] = [await lab.author("carol"), await lab.author("dave")];
    const word = await later.write([later.part(place, put(later, "new").bytes, { replaces })]);
    const late = put(dave, "late");
    const upon = put(carol, "upon", { startOp: 2, deps: [old.hash, late.hash].sort() });
    const runs = [ofBob, word, await carol.write([carol.part(place, upon.bytes)])];
    runs.push(await dave.write([dave.part(place, late.bytes)]));
    for (const [at, order] of [...permutations(runs)].entries()) {
      const device = await lab.device(`order ${at}`);
      for (const run of order) await device.receive(run);
      for (const one of [device, await device.reopened()])
        expect(await shown(one)).toEqual({ old: 1, new: 1, upon: 1, late: 1 });
    }
  });

  test("D2 is nobody's who repeats it: a copy of a change says nothing of whose it is", async () => {
    const { lab, mallory, old, ofBob, replaces } = await begin("repeated");
    // The chain that is read last had decided: one above Bob's, and one below.
    for (const each of [mallory, await mallory.again("once more"), await mallory.again("and again")]) {
      const copy = await each.write([each.part(place, old.bytes, { replaces })]);
      for (const [at, order] of [...permutations([ofBob, copy])].entries()) {
        const device = await lab.device(`order ${at} of ${toHex(each.writer)}`);
        for (const run of order) await device.receive(run);
        for (const one of [device, await device.reopened()]) {
          expect(await shown(one)).toEqual({ old: 1 });
          expect(one.quarantined()).toEqual([`${toHex(copy.entries[0]?.id ?? new Uint8Array())} CHANGE_ACTOR_FORGED`]);
        }
      }
    }
  });

  test("D9 is replaced also by a word that brings no change, whichever of its keys came late", async () => {
    const { lab, later, ofBob, replaces } = await begin("a word alone");
    const versions = lab.versionsOf(place);
    const [first, second] = versions;
    if (first === undefined || second === undefined) return expect.fail("two versions of the key");
    const word = { kind: "change", codec: 1, document: { type: "stem", stem: place.stem }, replaces } as const;
    const said = await later.write([saidUnder(second, { ...word, payload: new Uint8Array() })]);
    const devices = [await lab.device("both keys", versions), await lab.device("one key", [first])];
    for (const device of devices) {
      for (const run of [ofBob, said]) await device.receive(run);
      await device.give(second);
      for (const one of [device, await device.reopened()]) {
        expect(await shown(one)).toBeUndefined();
        expect(one.quarantined()).toEqual([`${toHex(ofBob.entries[0]?.id ?? new Uint8Array())} CHANGE_REPLACED`]);
      }
    }
  });

  test("D12 is looked for in a document only where its own device says something new, as another writer", async () => {
    const desk = await Desk.begin("another's word");
    const { bob, carol } = desk;
    const later = await bob.again("later");
    desk.others.push(later);
    const ofBob: Made[] = [];
    const edit = () => {
      const seq = ofBob.length + 1;
      ofBob.push(desk.change(bob, { seq, startOp: seq, deps: ofBob.slice(-1).map(({ hash }) => hash) }));
      return bob.part(PLACE, ofBob.at(-1)?.bytes ?? new Uint8Array());
    };
    const said = async (by: Author, last: number) => {
      const replaces = [{ writer: bob.writer, seq: 1, last }];
      const word = { kind: "change", codec: 1, document: { type: "stem", stem: PLACE.stem }, replaces } as const;
      const [key] = desk.lab.versionsOf(PLACE);
      if (key === undefined) return expect.fail("a key");
      await desk.receive(await by.write([saidUnder(key, { ...word, payload: new Uint8Array() })]));
      return desk.received.takeUndecided();
    };
    await desk.receive(await bob.write([edit()], [edit()]));
    expect(await said(carol, 9)).toEqual([]); // another's
    expect(await said(bob, 9)).toEqual([]); // its own chain's
    expect(await said(later, 2)).toEqual([desk.record?.name]);
    expect(await said(later, 2)).toEqual([]); // known
    await desk.receive(await bob.write([edit()]));
    expect(desk.received.takeUndecided()).toEqual([]); // nobody says so of this one
    expect(await said(later, 1)).toEqual([]);
    expect(await said(later, 3)).toEqual([desk.record?.name]);
  });

  test("D2 is for nobody else to say: another device's word takes nothing away", async () => {
    const { lab, mallory, ofBob, replaces } = await begin("another");
    const ofMallory = await mallory.write([mallory.part(place, put(mallory, "mine").bytes, { replaces })]);
    for (const order of [...permutations([ofBob, ofMallory])]) {
      const device = await lab.device(`victim ${order.indexOf(ofBob)}`);
      for (const run of order) await device.receive(run);
      for (const one of [device, await device.reopened()]) expect(await shown(one)).toEqual({ old: 1, mine: 1 });
    }
  });
});
