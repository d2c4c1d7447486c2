// What a device wrote on top of somebody's changes that a cut ends: made anew on what counts.
import { limits } from "@selkie/entry";
import { describe, expect, test } from "vitest";
import { heldLimits } from "../../src/automerge/held-changes.ts";
import type { PlacedStatement } from "../../src/directory/admission.ts";
import { permutations } from "../permutations.ts";
import {
  begin,
  changed,
  hear,
  insert,
  reasonsOf,
  revoked,
  settle,
  textOn,
  tipOf,
  withoutDisk,
  writtenBy,
} from "./built-on.ts";
import { type Device, Lab } from "./lab.ts";

describe("work on top of what a cut ends", () => {
  test.each(["sent", "not sent"])("D9 is made anew on what counts, and everybody sees it (%s)", async (how) => {
    const { id, alice, others, ofBob, ofMallory, cut } = await begin(`anew ${how}`, "carol");
    const [carol] = others;
    if (carol === undefined) return expect.fail("Carol");
    if (how === "sent") {
      await settle(alice);
      await carol.receive(...(await writtenBy(alice, [])));
      expect(await textOn(carol, id)).toBe("note bad good");
    }
    await hear(alice, cut);
    await hear(carol, cut);
    expect(await textOn(alice, id)).toBe("note good");
    alice.tick();
    expect(alice.reissued).toEqual([`${id} 1`]);
    await carol.receive(...ofBob, ...(await writtenBy(alice, [...ofBob, ...ofMallory])));
    expect(await textOn(carol, id)).toBe("note good");
    // She writes on, in both.
    await insert(alice, id, 9, "!");
    await carol.receive(...(await writtenBy(alice, [...ofBob, ...ofMallory])));
    expect(await textOn(carol, id)).toBe("note good!");
  });

  test("D9 is made anew with what its author had written before, and no entry holds yet", async () => {
    const { id, others, ofBob, ofMallory, cut } = await begin("with what was before", "carol");
    const [carol] = others;
    if (carol === undefined) return expect.fail("Carol");
    await carol.receive(...ofBob);
    await insert(carol, id, 4, " one");
    await insert(carol, id, 8, " two");
    await carol.receive(...ofMallory);
    await insert(carol, id, (await textOn(carol, id))?.length ?? 0, " three");
    await hear(carol, cut);
    carol.tick();
    for (const one of [carol, await carol.reopened()]) expect(await textOn(one, id)).toBe("note one two three");
    expect([carol.reissued, carol.waiting]).toEqual([[`${id} 3`], []]);
    expect(carol.reports).toEqual([]); // no entry was lost, and nothing waits
  });

  test("D9 is made anew once, whatever stops the device on the way", async () => {
    const { id, alice, others, ofBob, ofMallory, cut } = await begin("once", "carol");
    const [carol] = others;
    if (carol === undefined) return expect.fail("Carol");
    await settle(alice);
    alice.crash(); // before it heard
    alice.known = [...(alice.known ?? []), cut];
    await alice.open();
    expect(await textOn(alice, id)).toBe("note good");
    alice.crash(); // made anew, and in no entry
    await alice.open();
    await settle(alice);
    alice.crash();
    await alice.open();
    await settle(alice);
    expect(await textOn(alice, id)).toBe("note good");
    await carol.hear(cut);
    await carol.receive(...ofBob, ...(await writtenBy(alice, [...ofBob, ...ofMallory])));
    expect(await textOn(carol, id)).toBe("note good");
  });

  test("D9 is listed with its reason, also when the database was opened again: first it waits, then it is replaced", async () => {
    const { id, alice, others, cut, ofBob, ofMallory } = await begin("listed", "carol");
    const [carol] = others;
    if (carol === undefined) return expect.fail("Carol");
    await settle(alice);
    await carol.receive(...(await alice.runs()));
    await hear(carol, cut);
    const before = ["BEYOND_CUT", "CHANGE_WAITING"];
    expect(reasonsOf(carol).toSorted()).toEqual(before);
    expect(reasonsOf(await carol.reopened()).toSorted()).toEqual(before);
    await hear(alice, cut);
    await carol.receive(...(await writtenBy(alice, [...ofBob, ...ofMallory])));
    const after = ["BEYOND_CUT", "CHANGE_REPLACED"];
    for (const device of [carol, await carol.reopened(), alice, await alice.reopened()])
      expect(reasonsOf(device).toSorted()).toEqual(after);
    expect(await textOn(alice, id)).toBe("note good");
  });

  test("D9 what it builds on may be nowhere: then it waits, is named to its author at each opening, and is made anew when that comes", async () => {
    const { id, alice, others, cut, ofBob, ofMallory } = await begin("nowhere", "carol");
    await settle(alice);
    const own = await writtenBy(alice, [...ofBob, ...ofMallory]);
    // The same device after its disk was lost: the relay kept what it had sent, and serves nothing beyond the cut.
    const again = await withoutDisk(alice, cut);
    await again.receive(...ofBob, ...own);
    await settle(again);
    expect(await textOn(again, id)).toBe("note");
    again.tick();
    expect(again.waiting).toEqual([`${id} 1`]); // when it comes
    for (let times = 2; times < 4; times++) {
      await again.close();
      await again.open();
      again.tick();
      expect(again.waiting).toEqual(Array.from({ length: times }, () => `${id} 1`));
      expect(reasonsOf(again)).toEqual(["CHANGE_WAITING"]);
    }
    await again.receive(...ofMallory);
    await settle(again);
    expect(await textOn(again, id)).toBe("note good");
    expect(others.length).toBe(1);
  });
});

test("D9 what is too large when it is made anew waits, holds up nothing that was made before, and keeps no database from being opened", async () => {
  const { id, alice, bob, mallory, others, ofBob, cut } = await begin("large", "carol", "dave", "erin");
  for (const other of others) await other.receive(...ofBob);
  const put = async (device: Device, large: unknown) =>
    device.database.changeDoc(await device.database.getDocument(id), (draft) => {
      Object.assign(draft.getData(), { large });
    });
  // They do not know of each other: what takes the place of what took the place of theirs names all of it.
  for (const device of [bob, ...others]) {
    await put(device, 1);
    await mallory.receive(...(await device.runs()));
  }
  await put(mallory, 2);
  await settle(alice);
  await alice.receive(...(await mallory.runs()));
  for (let size = 999_960; size > 999_000; size -= 8) {
    const isMade = await put(alice, new Uint8Array(size)).then(
      () => true,
      () => false,
    );
    if (isMade) break;
  }
  await settle(alice);
  await hear(alice, cut);
  for (const device of [alice, await alice.reopened()]) {
    device.tick();
    expect(device.waiting).toEqual([`${id} 1`]);
    expect(await textOn(device, id)).toBe("note good");
  }
});

describe("what was made anew", () => {
  const events = ["bob", "mallory", "old", "new", "cut", "readmit"] as const;

  test("D9 stands alone when what it was built on counts again, in whatever order all of it comes", async () => {
    const orders = [...permutations(events)].filter((order) => order.indexOf("cut") < order.indexOf("readmit"));
    const some = orders.filter((_, at) => at % 12 === 0);
    const { id, alice, others, ofBob, ofMallory, cut, readmit } = await begin(
      "orders",
      ...some.map((_, at) => `${at}`),
    );
    await settle(alice);
    const old = await writtenBy(alice, [...ofBob, ...ofMallory]);
    await hear(alice, cut);
    const fresh = await writtenBy(alice, [...ofBob, ...ofMallory, ...old]);
    await hear(alice, readmit);
    const expected = await alice.show([id]);
    expect(await textOn(alice, id)).toBe("note bad good");
    expect(reasonsOf(alice)).toEqual(["CHANGE_REPLACED"]);
    for (const [at, order] of some.entries()) {
      const device = others[at] ?? expect.fail("a device");
      const steps = {
        ...{ bob: () => device.receive(...ofBob), mallory: () => device.receive(...ofMallory) },
        ...{ old: () => device.receive(...old), new: () => device.receive(...fresh) },
        ...{ cut: () => device.hear(cut), readmit: () => device.hear(readmit) },
      };
      for (const event of order) await steps[event]();
      expect(await device.show([id]), order.join()).toEqual(expected);
      expect(await (await device.reopened()).show([id]), `${order.join()}, opened again`).toEqual(expected);
    }
  });

  test("D9 takes nothing away that others went on from", async () => {
    const { id, alice, bob, others, ofBob, ofMallory, cut, readmit } = await begin("needed", "carol");
    const [carol] = others;
    if (carol === undefined) return expect.fail("Carol");
    await settle(alice);
    const old = await writtenBy(alice, [...ofBob, ...ofMallory]);
    await hear(alice, cut);
    const fresh = await writtenBy(alice, [...ofBob, ...ofMallory, ...old]);
    // Carol has heard of neither the cut nor what Alice made of it.
    await carol.receive(...ofBob, ...ofMallory, ...old);
    await insert(carol, id, 13, ", says Carol");
    const ofCarol = await writtenBy(carol, [...ofBob, ...ofMallory, ...old]);
    await bob.receive(...ofMallory, ...old, ...fresh);
    expect(await textOn(bob, id)).toBe("note bad good");
    await bob.receive(...ofCarol);
    const all = await textOn(bob, id);
    expect(all?.split(" ").toSorted().join(" ")).toBe("Carol bad good good, note says");
    for (const device of [bob, carol]) await device.hear(cut, readmit);
    await carol.receive(...fresh);
    expect(await textOn(carol, id)).toBe(all);
  });
});

test("D9 where more waits than there is room for, all of it is made anew", async () => {
  const { id, alice, others, ofBob, ofMallory, cut } = await begin("room", "carol");
  const [carol] = others;
  if (carol === undefined) return expect.fail("Carol");
  const more = heldLimits.changes + 50;
  for (let at = 0; at < more; at++) await insert(alice, id, 13 + at, "x");
  await settle(alice);
  await hear(alice, cut);
  alice.tick();
  const expected = `note good${"x".repeat(more)}`;
  expect(await textOn(alice, id)).toBe(expected);
  await carol.hear(cut);
  await carol.receive(...ofBob, ...(await writtenBy(alice, [...ofBob, ...ofMallory])));
  expect(await textOn(carol, id)).toBe(expected);
  expect(await textOn(await alice.reopened(), id)).toBe(expected);
});

describe("work on top of several that are cut off", () => {
  /** Bob's note; Nick's word behind it, Alice's first, Mallory's, and Alice's second. */
  async function both(seed: string) {
    const lab = await Lab.begin(seed);
    const device = (name: string) => lab.device(name);
    const [bob, nick, mallory] = [await device("bob"), await device("nick"), await device("mallory")];
    const [alice, carol] = [await device("alice"), await device("carol")];
    const setup = [...lab.world.placed];
    for (const one of [bob, nick, mallory, alice, carol]) await one.hear(...setup);
    const { id } = await bob.database.createDocument({ text: "note" });
    let runs = await bob.runs();
    for (const [by, text] of [
      [nick, " nix"],
      [alice, " one"],
      [mallory, " bad"],
      [alice, " two"],
    ] as const) {
      await by.receive(...runs);
      await insert(by, id, (await textOn(by, id))?.length ?? 0, text);
      await settle(by);
      runs = await by.runs();
    }
    const revoke = (name: string): PlacedStatement => revoked(lab, name);
    return { lab, id, alice, carol, runs, revoke };
  }

  test("D9 stands once, whichever is cut off first", async () => {
    for (const order of [
      ["mallory", "nick"],
      ["nick", "mallory"],
    ]) {
      const { id, alice, carol, runs, revoke } = await both(`two cuts, ${order.join()}`);
      const cuts = order.map(revoke);
      for (const cut of cuts) await hear(alice, cut);
      expect(await textOn(alice, id)).toBe("note one two");
      await carol.hear(...cuts);
      await carol.receive(...runs, ...(await alice.runs()));
      for (const one of [carol, await carol.reopened(), await alice.reopened()])
        expect(await textOn(one, id)).toBe("note one two");
    }
  });
});

test("D9 what goes on from beyond this device's own cut is not made anew once more", async () => {
  const { lab, id, alice, ofBob, ofMallory, cut } = await begin("her own cut");
  await settle(alice);
  const tip = tipOf(await writtenBy(alice, [...ofBob, ...ofMallory]));
  await insert(alice, id, 13, " more");
  await settle(alice);
  await hear(alice, changed(lab, "alice", "editor", tip));
  expect(await textOn(alice, id)).toBe("note bad good more");
  await hear(alice, cut);
  for (const one of [alice, await alice.reopened()]) expect(await textOn(one, id)).toBe("note good more");
});

test("D9 what of this device's chain comes back to it later is made anew too", async () => {
  const { id, alice, others, ofBob, ofMallory, cut } = await begin("in pieces", "carol");
  const [carol] = others;
  if (carol === undefined) return expect.fail("Carol");
  await settle(alice);
  const [first] = await writtenBy(alice, [...ofBob, ...ofMallory]);
  await insert(alice, id, 13, " more");
  await settle(alice);
  if (first === undefined) return expect.fail("Alice wrote");
  const after = first.firstSeq + first.entries.length;
  const rest = await alice.assembled.replica.read(first.writer, after, { entries: 9, bytes: limits.runBytes });
  if (rest === null) return expect.fail("Alice wrote more");
  const again = await withoutDisk(alice, cut);
  for (const run of [...ofBob, ...ofMallory, first, rest]) {
    await again.receive(run);
    await settle(again);
  }
  await carol.hear(cut);
  await carol.receive(...ofBob, ...(await writtenBy(again, [...ofBob, ...ofMallory])));
  // What the second piece stood behind stands under other ids now.
  for (const one of [again, await again.reopened(), carol]) expect(await textOn(one, id)).toBe("note good more");
});
