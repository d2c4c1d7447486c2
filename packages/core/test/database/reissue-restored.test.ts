// What a device made anew because an admin ended its chain, when that admin's word counts no more and the first chain goes on.
import { compareBytes, parseSignature } from "@selkie/entry";
import { describe, expect, test } from "vitest";
import { isMember } from "../../src/directory/admission.ts";
import { directoryDatabase } from "../fixture.ts";
import { changed, hear, insert, revoked, settle, textOn, writtenBy } from "./built-on.ts";
import { Lab } from "./lab.ts";

/** Bob's note, Carol's words behind it. Erin, an admin, gives Carol other rights and keeps nothing of hers; Erin is revoked, and her word is void. */
async function begin(seed: string, text = " word") {
  const lab = await Lab.begin(seed);
  const { world, keys } = lab;
  const [bob, carol] = [await lab.device("bob"), await lab.device("carol")];
  const erin = await world.grant(world.root, "CN=erin/O=acme", "admin");
  const setup = [...world.placed];
  for (const device of [bob, carol]) await device.hear(...setup);
  const { id } = await bob.database.createDocument({ text: "note" });
  const ofBob = await bob.runs();
  await carol.receive(...ofBob);
  await insert(carol, id, 4, text);
  await bob.receive(...(await writtenBy(carol, ofBob)));
  const member = world
    .view()
    .devices()
    .filter(isMember)
    .find(({ name }) => name.includes("carol"));
  if (member === undefined) return expect.fail("Carol is in");
  const ending = world.say(erin, {
    ...{ type: "change", targets: [member.id], identityKeys: [], wipe: null, name: member.name, role: "editor" },
    ...{ keys: keys.map(({ keyId }) => keyId).sort(compareBytes), devices: [member.id], cuts: [] },
  });
  return { lab, id, bob, carol, ending, voiding: revoked(lab, "erin") };
}

/** Everybody has heard all of it, has all there is, and goes on; then everywhere, also where it is opened again, this stands there. */
async function meet({ id, bob, carol, ending, voiding }: Awaited<ReturnType<typeof begin>>, text: string) {
  const everybody = [bob, carol];
  for (let round = 0; round < 2; round++)
    for (const device of everybody) {
      const left = [ending, voiding].filter((one) => device.known?.includes(one) !== true);
      if (left.length > 0) await device.hear(...left);
      for (const other of everybody) if (other !== device) await device.receive(...(await other.runs()));
      await settle(device);
    }
  for (const device of [...everybody, await bob.reopened(), await carol.reopened()])
    expect(await textOn(device, id)).toBe(text);
}

describe("what counts again as it was", () => {
  test("D9 is not made anew from what stood for it: whoever went on from it sees it once", async () => {
    const all = await begin("once");
    const { id, bob, carol, ending, voiding } = all;
    await hear(carol, ending);
    expect(await textOn(carol, id)).toBe("note word");
    await hear(carol, voiding);
    carol.tick();
    expect(carol.reissued).toEqual([]); // she took her chain's words along, and they are where they were
    await insert(bob, id, 9, ", says Bob");
    await meet(all, "note word, says Bob");
  });

  test.each(["sealed", "in the journal"])("D9 takes on what its author went on with: %s", async (how) => {
    const all = await begin(`went on, ${how}`);
    const { id, bob, carol, ending, voiding } = all;
    await hear(carol, ending);
    await insert(carol, id, 9, " and more");
    await insert(carol, id, 5, "good ");
    await insert(carol, id, 4, ",");
    if (how === "sealed") await settle(carol);
    await hear(carol, voiding);
    expect(await textOn(carol, id)).toBe("note, good word and more");
    await insert(bob, id, 9, ", says Bob");
    await meet(all, "note, good word and more, says Bob");
  });

  test.each(["sealed", "in the journal"])("D9 is deleted by who deleted what stood for it: %s", async (how) => {
    const all = await begin(`deleted, ${how}`, " bad word");
    const { id, bob, carol, ending, voiding } = all;
    await hear(carol, ending);
    await carol.database.changeDoc(await carol.database.getDocument(id), (draft) => {
      draft.text(["text"]).splice(4, 4);
    });
    if (how === "sealed") await settle(carol);
    await hear(carol, voiding);
    expect(await textOn(carol, id)).toBe("note word");
    await insert(bob, id, 13, ", says Bob");
    await meet(all, "note word, says Bob");
  });

  test("D9 is made anew where its chain ends after all, once", async () => {
    const all = await begin("ends after all");
    const { lab, id, bob, carol, ending, voiding } = all;
    await hear(carol, ending);
    await insert(carol, id, 9, "s");
    await hear(carol, voiding);
    await insert(carol, id, 10, "!");
    await settle(carol);
    const again = changed(lab, "carol", "editor");
    await hear(carol, again);
    expect(await textOn(carol, id)).toBe("note words!");
    await bob.hear(again);
    await meet(all, "note words!");
  });

  test("D9 stands there once where the void word counts again, too", async () => {
    const all = await begin("counts again");
    const { lab, id, bob, carol, ending, voiding } = all;
    await hear(carol, ending);
    await insert(carol, id, 9, "s");
    await hear(carol, voiding);
    await insert(carol, id, 10, "!");
    await settle(carol);
    const { world } = lab;
    const { writer, seq, entry } = ending;
    const cuts = [{ writer, seq, id: entry, signature: parseSignature(new Uint8Array(64)) }];
    const readmit = world.say(world.root, {
      ...{ type: "readmit", lifts: [voiding.id], cuts: [{ database: directoryDatabase, cuts }] },
    });
    for (const device of [carol, bob]) await hear(device, readmit);
    await meet(all, "note words!");
  });

  test("D9 many changes, some of which do nothing, are found in their order", async () => {
    const all = await begin("many");
    const { id, bob, carol, ending, voiding } = all;
    for (const at of [9, 9, 9]) await insert(carol, id, at, "x");
    await settle(carol);
    await bob.receive(...(await carol.runs()));
    await hear(carol, ending);
    for (const at of [12, 13]) await insert(carol, id, at, "x");
    await hear(carol, voiding);
    await insert(bob, id, 12, "y");
    await meet(all, "note wordxxxyxx");
  });
});
