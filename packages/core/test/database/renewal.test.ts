// Whose rights became less: what happens to what this device had not sent.
import { compareBytes } from "@selkie/entry";
import { expect, test } from "vitest";
import { isMember } from "../../src/directory/admission.ts";
import type { KeyVersion } from "../../src/keys/key-version.ts";
import { testDatabase } from "../fixture.ts";
import { type Device, Lab } from "./lab.ts";

/** Bob's device with one document that was sent, changed since, and one that nobody has seen; and the statement that makes him a reader. */
async function begin(seed: string) {
  const lab = await Lab.begin(seed);
  const bob = await lab.device("bob");
  const { database } = bob;
  const sent = await database.createDocument({ text: "sent" });
  const [run] = await bob.runs();
  const tip = run?.entries.at(-1);
  if (run === undefined || tip?.signature == null) return expect.fail("an entry");
  const { signature } = tip;
  const cut = { writer: run.writer, seq: tip.header.seq, id: tip.id, signature };
  await database.changeDoc(sent, (draft) => {
    Object.assign(draft.getData(), { text: "not sent" });
  });
  const unseen = await database.createDocument({ text: "not sent either" });
  const [member] = lab.world.view().devices().filter(isMember);
  if (member === undefined) return expect.fail("Bob was let in");
  const change = (role: "reader" | "editor", keys: readonly KeyVersion[]) =>
    lab.world.say(lab.world.root, {
      ...{ type: "change", targets: [member.id], identityKeys: [], wipe: null },
      ...{
        cuts: [{ database: testDatabase, cuts: [cut] }],
        name: member.name,
        role,
        keys: keys.map(({ keyId }) => keyId).sort(compareBytes),
      },
      devices: [member.id],
    });
  const demote = () => change("reader", []);
  const check = async (device: Device) => {
    expect((await device.database.getDocument(sent.id)).getData()).toEqual({ text: "sent" });
    expect(await device.database.findDocument(unseen.id)).toBeUndefined();
    expect(await device.runs()).toHaveLength(1);
  };
  return { bob, lab, change, demote, check, lost: [`${sent.id} 1`, `${unseen.id} 1`].sort() };
}

const tick = (device: Device): void => {
  for (const run of device.timers.splice(0)) run();
};

test("D11 who becomes a reader is told of each document with changes that nobody has seen, and keeps none of them", async () => {
  const { bob, demote, check, lost } = await begin("reader");
  demote();
  await bob.assembled.reconsider();
  await bob.assembled.replica.flush(); // after what the change brought about
  tick(bob);
  expect(bob.unsent.toSorted()).toEqual(lost);
  await check(bob);
  bob.crash();
  await bob.open();
  tick(bob);
  expect(bob.unsent).toHaveLength(2);
  await check(bob);
});

test("D11 the same when it opens the database and learns of it then", async () => {
  const { bob, demote, check, lost } = await begin("reader later");
  bob.crash();
  demote();
  await bob.open();
  tick(bob);
  expect(bob.unsent.toSorted()).toEqual(lost);
  await check(bob);
});

test("D11 what a device had not sent when its chain ended others take from the next one", async () => {
  const { bob, lab, change } = await begin("another chain");
  change("editor", lab.keys);
  await bob.assembled.reconsider();
  await bob.assembled.flush();
  await bob.database.createDocument({ text: "written since" });
  const carol = await lab.device("carol");
  await carol.receive(...(await bob.runs()));
  expect(carol.quarantined()).toEqual([]);
  const ids = await bob.database.getAllDocumentIds();
  expect(ids).toHaveLength(3);
  expect(await carol.show(ids)).toEqual(await bob.show(ids));
});
