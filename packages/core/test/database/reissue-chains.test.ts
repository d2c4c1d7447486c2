// What a device wrote into several chains, one after the other, some of which end.
import { expect, test } from "vitest";
import type { DocId } from "../../src/document/doc-id.ts";
import { begin, changed, hear, insert, settle, textOn, tipOf, writtenBy } from "./built-on.ts";
import type { Device } from "./lab.ts";

/** Carol's [1] is known to whoever changes her rights; what she wrote later is not. */
async function carols(seed: string) {
  const story = await begin(seed, "carol");
  const { lab, id, ofBob } = story;
  const [carol = expect.fail()] = story.others;
  await carol.receive(...ofBob);
  await append(carol, id, "[1]");
  await settle(carol);
  const known = tipOf(await writtenBy(carol, ofBob));
  const change = () => changed(lab, "carol", "editor", known);
  return { ...story, carol, change };
}

/** Behind the words there are. */
async function append(device: Device, id: DocId, word: string): Promise<void> {
  const text = (await textOn(device, id)) ?? expect.fail();
  await insert(device, id, text.includes("]") ? text.lastIndexOf("]") + 1 : "note".length, word);
}

test("D9 what a device sealed into an earlier chain is made anew with what it wrote since, in that order, where its rights end both", async () => {
  const { id, bob, cut, carol, change } = await carols("earlier");
  await append(carol, id, "[2]");
  await append(carol, id, "[3]");
  await settle(carol);
  await append(carol, id, "[4]");
  carol.crash();
  await carol.open();
  await append(carol, id, "[5]");
  const less = change();
  await hear(carol, less);
  expect(await textOn(carol, id)).toBe("note[1][2][3][4][5]");
  const again = await carol.reopened();
  expect(await textOn(again, id)).toBe("note[1][2][3][4][5]");
  await bob.hear(less, cut);
  await bob.receive(...(await carol.runs()));
  expect(await textOn(bob, id)).toBe("note[1][2][3][4][5]");
});

test("D9 the same, where nothing was written since, and the database is opened after its rights changed", async () => {
  const { id, carol, change } = await carols("since");
  await append(carol, id, "[2]");
  await settle(carol);
  carol.crash();
  const less = change();
  carol.known = [...(carol.known ?? []), less];
  await carol.open();
  await settle(carol);
  expect(await textOn(carol, id)).toBe("note[1][2]");
  await carol.close();
  await carol.open();
  expect(await textOn(carol, id)).toBe("note[1][2]");
});

test("D9 what was made anew once is made anew once more, and stands there once, where the next change of rights ends that chain too", async () => {
  const { id, bob, carol, change } = await carols("once more");
  await append(carol, id, "[2]");
  await settle(carol);
  const [first, second, third] = [change(), change(), change()];
  for (const one of [first, second, third]) {
    await hear(carol, one);
    expect(await textOn(carol, id)).toBe("note[1][2]");
  }
  carol.crash();
  await carol.open();
  expect(await textOn(carol, id)).toBe("note[1][2]");
  await bob.hear(first, second, third);
  await bob.receive(...(await carol.runs()));
  expect(await textOn(bob, id)).toBe("note[1][2]");
});

test.each(["before", "after", "with"])(
  "D9 what lies behind a revoked member's words too, who is cut off %s the change of rights",
  async (when) => {
    const { id, ofMallory, cut, carol, change } = await carols(`behind, ${when}`);
    await append(carol, id, "[2]");
    await append(carol, id, "[3]");
    await carol.receive(...ofMallory);
    await append(carol, id, "[4]");
    await settle(carol);
    const less = change();
    if (when === "with") await carol.hear(less, cut);
    for (const one of when === "before" ? [cut, less] : when === "after" ? [less, cut] : []) await hear(carol, one);
    await settle(carol);
    expect(await textOn(carol, id)).toBe("note[1][2][3][4]");
    expect(await textOn(await carol.reopened(), id)).toBe("note[1][2][3][4]");
  },
);

test("D9 a deletion of which nothing was left, and which no entry holds, counts when what it deleted does again", async () => {
  const { id, alice, carol, ofMallory, cut, readmit } = await carols("nothing left");
  await carol.receive(...ofMallory);
  const text = (await textOn(carol, id)) ?? expect.fail();
  const doc = await carol.database.getDocument(id);
  await carol.database.changeDoc(doc, (draft) => draft.text(["text"]).splice(text.indexOf(" bad"), 4));
  await hear(carol, cut);
  await hear(carol, readmit);
  expect(await textOn(carol, id)).toBe("note[1]");
  expect(await textOn(await carol.reopened(), id)).toBe("note[1]");
  await hear(alice, cut);
  await hear(alice, readmit);
  await alice.receive(...(await carol.runs()));
  expect(await textOn(alice, id)).not.toContain("bad");
});
