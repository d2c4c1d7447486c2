// What waits for more than there is room for, and whatever else counts for nothing.
import { describe, expect, test, vi } from "vitest";
import { HeldChanges, heldLimits } from "../../src/automerge/held-changes.ts";
import { placeOf as documentOf } from "../../src/document/doc-id.ts";
import { changesIn } from "../../src/document/part-contents.ts";
import { openEntries } from "../../src/sealing/open-entry.ts";
import { handMade } from "../automerge/hand-made-change.ts";
import { testRing } from "../fixture.ts";
import { begin, hear, insert, reasonsOf, revoked, settle, textOn, writtenBy } from "./built-on.ts";
import { type Device, Lab, placeOf } from "./lab.ts";

/** As many letters as find room, in a document of Bob's behind Mallory's word. */
async function type(device: Device, id: Parameters<typeof insert>[1], letters: number): Promise<void> {
  const length = (await textOn(device, id))?.length ?? 0;
  for (let at = 0; at < letters; at++) await insert(device, id, length + at, "x");
}

describe("where more waits than there is room for", () => {
  test("D9 a document of which all found no room is made anew too, and listed; so is what is lost after that", async () => {
    const { lab, id, alice, bob, mallory, others, ofBob, ofMallory, cut } = await begin("no room", "carol", "nick");
    const [carol, nick] = others;
    if (carol === undefined || nick === undefined) return expect.fail("others");
    const { id: second } = await bob.database.createDocument({ text: "second" });
    await mallory.receive(...(await bob.runs()));
    await insert(mallory, second, 6, " bad");
    await alice.receive(...(await bob.runs()), ...(await mallory.runs()));
    await type(alice, id, heldLimits.changes);
    await settle(alice);
    await insert(alice, second, 10, " good");
    await settle(alice);
    await hear(alice, cut);
    alice.tick();
    expect(alice.waiting).toEqual([]);
    expect(alice.reissued.toSorted()).toEqual([`${id} ${heldLimits.changes + 1}`, `${second} 1`].toSorted());
    expect(await textOn(alice, second)).toBe("second good");
    // In the chain there is now, with the room full of what was replaced.
    const before = await alice.runs();
    await nick.receive(...before);
    await nick.hear(cut);
    await insert(nick, second, 11, " nix");
    await alice.receive(...(await writtenBy(nick, before)));
    await insert(alice, second, 15, "!");
    await settle(alice);
    const gone = revoked(lab, "nick");
    await hear(alice, gone);
    expect(await textOn(alice, second)).toBe("second good!");
    await insert(alice, second, 12, "!");
    await settle(alice);
    await carol.hear(cut, gone);
    await carol.receive(...ofBob, ...ofMallory, ...(await alice.runs()));
    for (const one of [alice, carol, await alice.reopened(), await carol.reopened()]) {
      expect(await textOn(one, second)).toBe("second good!!");
      expect(await textOn(one, id)).toBe(`note good${"x".repeat(heldLimits.changes)}`);
    }
    expect(carol.quarantined()).toEqual((await carol.reopened()).quarantined());
    expect(new Set(reasonsOf(carol))).toEqual(new Set(["BEYOND_CUT", "CHANGE_REPLACED"]));
  });

  test("D9 what is built on another's changes that found no room is made anew without these", async () => {
    const { id, alice, others, ofBob, ofMallory, cut } = await begin("on what found no room", "carol");
    const [carol] = others;
    if (carol === undefined) return expect.fail("Carol");
    await carol.receive(...ofBob, ...ofMallory);
    await type(carol, id, heldLimits.changes + 10);
    await settle(carol);
    await settle(alice);
    await alice.receive(...(await writtenBy(carol, [...ofBob, ...ofMallory])));
    await insert(alice, id, (await textOn(alice, id))?.length ?? 0, " more");
    await settle(alice);
    await hear(alice, cut);
    // Both stand behind the nearest that is there.
    expect((await textOn(alice, id))?.split(" ").toSorted()).toEqual(["good", "more", "note"]);
  });
});

test("D9 however much of somebody's is in quarantine, what else of it was built on is found", async () => {
  const { id, alice, mallory, cut } = await begin("hidden");
  await settle(alice);
  // Four chains, each of which fills its share of what is remembered.
  const place = placeOf("nowhere");
  for (let chain = 0; chain < 4; chain++) {
    const one = await mallory.author(`chain ${chain}`);
    const junk = one.part(place, new Uint8Array([1]));
    await alice.receive(await one.write(...Array.from({ length: 1_000 }, () => [junk])));
  }
  expect(reasonsOf(alice).length).toBe(4_000);
  await hear(alice, cut);
  expect(await textOn(alice, id)).toBe("note good");
});

test("D2 who repeats a change takes it from nobody: its own device makes it anew", async () => {
  const { lab, id, alice, mallory, ofBob, ofMallory, cut } = await begin("repeats");
  await settle(alice);
  const entries = (await writtenBy(alice, [...ofBob, ...ofMallory])).flatMap((run) => run.entries);
  const { crypto, directoryKey, versions } = lab;
  const opened = await openEntries(crypto, testRing(crypto, directoryKey, ...versions), entries, ["change"]);
  const [change] = entries.flatMap((entry, at) =>
    (opened[at] ?? []).flatMap((part) => changesIn(crypto, { entry }, part).map(({ change }) => change.bytes)),
  );
  if (change === undefined) return expect.fail("what Alice wrote");
  // Chains above hers and below, in the order in which they are read.
  for (const name of ["one", "two", "three", "four", "five"]) {
    const copy = await mallory.author(name);
    await alice.receive(await copy.write([copy.part(documentOf(id), change)]));
  }
  await hear(alice, cut);
  expect(await textOn(alice, id)).toBe("note good");
});

test("D12 what found no room in other documents is not gone through for each that is built anew", async () => {
  const lab = await Lab.begin("gone through");
  const alice = await lab.device("alice");
  const mallory = await lab.author("mallory");
  await alice.hear(...lab.world.placed);
  const entries = Array.from({ length: heldLimits.changes + 50 }, (_, at) => {
    const place = placeOf(`document ${at}`);
    const orphan = { actor: mallory.actor(place), deps: ["ee".repeat(32)], startOp: 2, ops: [{ value: 1 }] };
    return [mallory.part(place, handMade(orphan).bytes)];
  });
  for (let at = 0; at < entries.length; at += 500)
    await alice.receive(await mallory.write(...entries.slice(at, at + 500)));
  const looks = vi.spyOn(HeldChanges.prototype, "dropped");
  try {
    await alice.hear(revoked(lab, "mallory"));
    expect(looks.mock.calls.length).toBeLessThan(20);
  } finally {
    looks.mockRestore();
  }
});

test("D12 what waits is gone through as often for forty documents as for one", async () => {
  const { alice, bob, mallory, cut } = await begin("as often");
  const ids = await bob.database.createDocuments(Array.from({ length: 40 }, () => ({ text: "one" })));
  await mallory.receive(...(await bob.runs()));
  for (const id of ids) await insert(mallory, id, 3, " bad");
  await alice.receive(...(await bob.runs()), ...(await mallory.runs()));
  for (const id of ids) await insert(alice, id, 7, " good");
  await settle(alice);
  const looks = vi.spyOn(HeldChanges.prototype, "spans");
  try {
    await hear(alice, cut);
    alice.tick();
    expect(alice.reissued.length).toBe(41); // one was there already
    expect(looks.mock.calls.length).toBeLessThan(20);
  } finally {
    looks.mockRestore();
  }
});
