// When a device tries again to make anew what it could not: when something came that may help, and not else.
import { expect, test, vi } from "vitest";
import { Reissue } from "../../src/database/reissue.ts";
import { testDatabase } from "../fixture.ts";
import { begin, changed, hear, insert, settle, textOn, tipOf, withoutDisk, writtenBy } from "./built-on.ts";
import type { Device } from "./lab.ts";

/** How often it is tried while others write about other things. */
async function triesWhile(device: Device, other: Device): Promise<number> {
  const tries = vi.spyOn(Reissue.prototype, "run");
  try {
    for (let at = 0; at < 4; at++) {
      const before = await other.runs();
      await other.database.createDocument({ text: `other ${at}` });
      await settle(other);
      await device.receive(...(await writtenBy(other, before)), ...(await other.runs()));
      await settle(device);
    }
    return tries.mock.calls.length;
  } finally {
    tries.mockRestore();
  }
}

test("D12 while nothing comes that it lacks, it is not tried", async () => {
  const { alice, bob, others, ofBob, ofMallory, cut } = await begin("lacks", "carol");
  await settle(alice);
  const own = await writtenBy(alice, [...ofBob, ...ofMallory]);
  const again = await withoutDisk(alice, cut);
  await again.receive(...ofBob, ...own);
  await settle(again);
  expect([others.length, await triesWhile(again, bob)]).toEqual([1, 0]);
});

test("D12 where nothing is left to be done, and the chain that was cut counts in part, it is not tried again", async () => {
  const { lab, id, alice, bob, mallory, ofBob, ofMallory, cut } = await begin("nothing left");
  const tip = tipOf(ofMallory);
  await settle(alice);
  await mallory.receive(...(await writtenBy(alice, [])));
  await insert(mallory, id, 13, " worse");
  await settle(mallory);
  await alice.receive(...(await writtenBy(mallory, [])));
  await alice.database.changeDoc(await alice.database.getDocument(id), (draft) => draft.text(["text"]).splice(13, 6));
  await settle(alice);
  const cuts = [{ database: testDatabase, cuts: [tip] }];
  if (cut.statement.type !== "revoke") return expect.fail("a cut");
  await hear(alice, lab.world.say(lab.world.root, { ...cut.statement, cuts }));
  expect(await textOn(alice, id)).toBe("note bad good");
  await bob.receive(...ofBob);
  expect(await triesWhile(alice, bob)).toBe(0);
});

test("D9 what it lacks may come and wait itself", async () => {
  const { id, alice, others, ofBob, ofMallory, cut } = await begin("waits itself", "nick");
  const [nick] = others;
  if (nick === undefined) return expect.fail("Nick");
  await nick.receive(...ofBob, ...ofMallory);
  await insert(nick, id, 8, " nix");
  await settle(nick);
  const ofNick = await writtenBy(nick, [...ofBob, ...ofMallory]);
  await alice.receive(...ofNick);
  await insert(alice, id, (await textOn(alice, id))?.length ?? 0, " more");
  await settle(alice);
  const own = await writtenBy(alice, [...ofBob, ...ofMallory, ...ofNick]);
  const again = await withoutDisk(alice, cut);
  for (const runs of [ofBob, own, ofMallory, ofNick]) {
    await again.receive(...runs);
    await settle(again);
  }
  expect((await textOn(again, id))?.split(" ").toSorted()).toEqual(["good", "more", "note"]);
});

test.each(["open", "opened again"])(
  "D9 who only reads while the cut comes makes it anew as soon as it may write again (%s)",
  async (how) => {
    const { lab, id, alice, ofBob, ofMallory, cut } = await begin(`reads ${how}`);
    await settle(alice);
    const tip = tipOf(await writtenBy(alice, [...ofBob, ...ofMallory]));
    await hear(alice, changed(lab, "alice", "reader", tip));
    await hear(alice, cut);
    if (how === "opened again") {
      await alice.close();
      await alice.open();
    }
    expect(await textOn(alice, id)).toBe("note");
    await hear(alice, changed(lab, "alice", "editor", tip));
    expect(await textOn(alice, id)).toBe("note good");
    alice.tick();
    expect(alice.reissued).toEqual([`${id} 1`]);
  },
);
