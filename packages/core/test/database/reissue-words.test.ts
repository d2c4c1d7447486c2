// What a device says that it made anew: how long that stands, and for what.
import { expect, test } from "vitest";
import { testDatabase } from "../fixture.ts";
import { begin, changed, hear, insert, settle, textOn, tipOf, writtenBy } from "./built-on.ts";

test("D9 what was made anew and not sent stands alone when the rest counts again, also where that is heard while the device is closed", async () => {
  const { id, alice, cut, readmit } = await begin("heard while closed");
  await settle(alice);
  for (const statement of [cut, readmit]) {
    alice.crash(); // the journal holds what was made anew
    alice.known = [...(alice.known ?? []), statement];
    await alice.open();
  }
  const text = await textOn(alice, id);
  expect(["note good bad", "note bad good"]).toContain(text); // neither was put behind the other
  await settle(alice);
  expect(await textOn(await alice.reopened(), id)).toBe(text);
});

test("D9 what was made anew and let go stands for nothing any more", async () => {
  const { lab, id, alice, cut, readmit, ofBob, ofMallory } = await begin("let go");
  await settle(alice);
  const tip = tipOf(await writtenBy(alice, [...ofBob, ...ofMallory]));
  alice.crash();
  alice.known = [...(alice.known ?? []), cut];
  await alice.open();
  expect(await textOn(alice, id)).toBe("note good");
  for (const statement of [changed(lab, "alice", "reader", tip), readmit]) await hear(alice, statement);
  for (const one of [alice, await alice.reopened()]) expect(await textOn(one, id)).toBe("note bad good");
});

test("D9 what goes on from beyond this device's own cut is not there twice when a readmit lets that count", async () => {
  const { lab, id, alice, others, ofBob, ofMallory } = await begin("beyond, and back", "carol");
  const [carol] = others;
  if (carol === undefined) return expect.fail("Carol");
  await settle(alice);
  const tip = tipOf(await writtenBy(alice, [...ofBob, ...ofMallory]));
  await insert(alice, id, 13, " more");
  await settle(alice);
  const whole = tipOf(await writtenBy(alice, [...ofBob, ...ofMallory]));
  const less = changed(lab, "alice", "editor", tip);
  await hear(alice, less);
  const cuts = [{ database: testDatabase, cuts: [whole] }];
  const back = lab.world.say(lab.world.root, { type: "readmit", lifts: [less.id], cuts });
  await hear(alice, back);
  await carol.hear(less, back);
  await carol.receive(...(await alice.runs()));
  for (const one of [alice, carol, await alice.reopened(), await carol.reopened()])
    expect(await textOn(one, id)).toBe("note bad good more");
});

/** Carol deletes Mallory's words, behind Alice's; Mallory is cut off, and readmitted. */
async function erased(seed: string) {
  const begun = await begin(seed, "carol");
  const { id, alice, others, ofBob, ofMallory } = begun;
  const [carol] = others;
  if (carol === undefined) return expect.fail("Carol");
  await carol.receive(...ofBob, ...ofMallory, ...(await writtenBy(alice, [...ofBob, ...ofMallory])));
  await carol.database.changeDoc(await carol.database.getDocument(id), (draft) => draft.text(["text"]).splice(4, 4));
  await settle(carol);
  return { ...begun, carol };
}

test("D9 a deletion of what counts no more keeps nobody's words there twice when that is readmitted", async () => {
  const { id, alice, carol, cut, readmit } = await erased("deleted, and made anew");
  for (const device of [alice, carol]) await hear(device, cut);
  const silent = await carol.runs();
  await settle(carol);
  await alice.receive(...silent, ...(await carol.runs()));
  await hear(alice, readmit);
  for (const one of [alice, await alice.reopened()]) expect(await textOn(one, id)).toBe("note good bad");
});

const ways = ["open", "closed", "stopped at once"].flatMap((how) => [
  { how, where: "before the end of its chain" },
  { how, where: "beyond it" },
]);

test.each(ways)(
  "D9 what had been deleted is deleted again by its own device when it is readmitted, which hears of that while $how, and deleted it $where",
  async ({ how, where }) => {
    const { lab, id, alice, carol, cut, readmit } = await erased(`deleted again, ${how}, ${where}`);
    for (const device of [alice, carol]) await hear(device, cut);
    if (where === "beyond it") {
      const ended = changed(lab, "carol", "editor");
      for (const device of [alice, carol]) await hear(device, ended);
    }
    await carol.receive(...(await alice.runs()));
    await alice.receive(...(await carol.runs()));
    if (how === "open") await hear(carol, readmit);
    else {
      if (how === "closed") await carol.close();
      else carol.crash();
      carol.known = [...(carol.known ?? []), readmit];
      await carol.open();
    }
    await settle(carol);
    const all = await carol.runs();
    await hear(alice, readmit);
    await alice.receive(...all);
    for (const one of [alice, carol, await alice.reopened(), await carol.reopened()])
      expect(await textOn(one, id)).toBe("note good");
    await hear(carol, readmit);
    expect(await carol.runs()).toEqual(all);
  },
);

test("D9 a deletion that no entry holds counts when what it deleted does again, also where its author wrote on", async () => {
  const { id, others, ofBob, ofMallory, cut, readmit } = await begin("deleted, and wrote on", "carol");
  const [carol] = others;
  if (carol === undefined) return expect.fail("Carol");
  await carol.receive(...ofBob, ...ofMallory);
  await carol.database.changeDoc(await carol.database.getDocument(id), (draft) => draft.text(["text"]).splice(4, 4));
  await insert(carol, id, 4, " good");
  for (const statement of [cut, readmit]) {
    await hear(carol, statement);
    for (const one of [carol, await carol.reopened()]) expect(await textOn(one, id)).toBe("note good");
  }
});

test("D9 what had been deleted is deleted again when it is readmitted, also where the deletion stands on what somebody else made anew", async () => {
  const { lab, id, bob, others, ofBob, ofMallory, cut, readmit } = await begin(
    "deleted on what was made anew",
    "carol",
  );
  const [carol] = others;
  if (carol === undefined) return expect.fail("Carol");
  await insert(bob, id, 4, " more");
  const later = await bob.runs();
  await carol.receive(...later, ...ofMallory);
  const text = await textOn(carol, id);
  const doc = await carol.database.getDocument(id);
  await carol.database.changeDoc(doc, (draft) => draft.text(["text"]).splice(text?.indexOf(" bad") ?? 0, 4));
  await settle(carol);
  const ended = changed(lab, "bob", "editor", tipOf(ofBob));
  for (const statement of [cut, ended]) for (const device of [bob, carol]) await hear(device, statement);
  await settle(bob);
  await carol.receive(...(await bob.runs()));
  await settle(carol);
  expect(await textOn(carol, id)).toBe("note more");
  await hear(carol, readmit);
  await settle(carol);
  for (const one of [carol, await carol.reopened()]) expect(await textOn(one, id)).toBe("note more");
});

const between = ["in a change between them", "in one of them", "in a change behind them"].flatMap((where) =>
  ["goes on", "is closed meanwhile"].map((how) => ({ where, how })),
);

test.each(between)(
  "D9 what had been deleted beside edits that are made anew, and in no entry, is deleted again when it is readmitted: $where, by a device that $how",
  async ({ where, how }) => {
    const { id, others, ofBob, ofMallory, cut, readmit } = await begin(`deleted ${where}, ${how}`, "carol");
    const [carol] = others;
    if (carol === undefined) return expect.fail("Carol");
    await carol.receive(...ofBob, ...ofMallory);
    const doc = await carol.database.getDocument(id);
    await insert(carol, id, 8, " one");
    if (where === "in one of them")
      await carol.database.changeDoc(doc, (draft) => {
        draft.text(["text"]).splice(4, 4);
        draft.text(["text"]).splice(8, 0, " two");
      });
    else {
      const erase = () => carol.database.changeDoc(doc, (draft) => draft.text(["text"]).splice(4, 4));
      if (where === "in a change between them") await erase();
      await insert(carol, id, where === "in a change between them" ? 8 : 12, " two");
      if (where === "in a change behind them") await erase();
    }
    await hear(carol, cut);
    if (how === "is closed meanwhile") {
      await carol.close();
      await carol.open();
    }
    expect(await textOn(carol, id)).toBe("note one two");
    await hear(carol, readmit);
    for (const one of [carol, await carol.reopened()]) expect(await textOn(one, id)).toBe("note one two");
    await hear(carol, cut);
    expect(await textOn(carol, id)).toBe("note one two");
  },
);

test("D9 what was made anew is not said to be gone when its author becomes a reader, though it deleted something of it beside", async () => {
  const { lab, id, others, ofBob, ofMallory, cut } = await begin("deleted, and a reader", "carol");
  const [carol] = others;
  if (carol === undefined) return expect.fail("Carol");
  await carol.receive(...ofBob, ...ofMallory);
  await carol.database.changeDoc(await carol.database.getDocument(id), (draft) => {
    draft.text(["text"]).splice(4, 4);
    draft.text(["text"]).splice(4, 0, " good");
  });
  await hear(carol, cut);
  await hear(carol, changed(lab, "carol", "reader", tipOf(await writtenBy(carol, [...ofBob, ...ofMallory]))));
  carol.tick();
  expect(carol.unsent).toEqual([]);
  for (const one of [carol, await carol.reopened()]) expect(await textOn(one, id)).toBe("note good");
});
