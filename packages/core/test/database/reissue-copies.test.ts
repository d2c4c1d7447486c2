// What somebody wrote in a copy under another key, made by a member whose work counts no more.
import { expect, test } from "vitest";
import { copyToKey } from "../../src/database/copy-to-key.ts";
import { hear, insert, revoked, settle, textOn, writtenBy } from "./built-on.ts";
import { Lab } from "./lab.ts";

test("D9 is made anew there, without what the copy brought along", async () => {
  const lab = await Lab.begin("copies", ["default", "other"]);
  const [bob, mallory, alice, carol] = [
    await lab.device("bob"),
    await lab.device("mallory"),
    await lab.device("alice"),
    await lab.device("carol"),
  ];
  const setup = [...lab.world.placed];
  for (const device of [bob, mallory, alice, carol]) await device.hear(...setup);
  const { id } = await bob.database.createDocument({ text: "note" });
  const ofBob = await bob.runs();
  await mallory.receive(...ofBob);
  const copy = await copyToKey(mallory.database, id, { key: "other" });
  await settle(mallory);
  const ofMallory = await writtenBy(mallory, ofBob);
  await alice.receive(...ofBob, ...ofMallory);
  await insert(alice, copy.id, 4, " good");
  await settle(alice);
  const cut = revoked(lab, "mallory");
  await hear(alice, cut);
  alice.tick();
  expect(alice.reissued).toEqual([`${copy.id} 1`]);
  expect(alice.waiting).toEqual([]);
  await carol.receive(...ofBob, ...ofMallory, ...(await alice.runs()));
  await hear(carol, cut);
  for (const device of [alice, carol, await alice.reopened(), await carol.reopened()]) {
    expect(await textOn(device, copy.id)).toBe(" good");
    expect(await textOn(device, id)).toBe("note");
  }
  expect(await carol.heads(copy.id)).toEqual(await alice.heads(copy.id));
});
