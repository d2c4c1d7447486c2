// Who may write under a key: judged by the admission that a chain names, whatever arrives when.
import { toHex, type VerifiedRun } from "@selkie/entry";
import { expect, test } from "vitest";
import { type Admission, isMember } from "../../src/directory/admission.ts";
import { docIdOf } from "../../src/document/doc-id.ts";
import { CoreError } from "../../src/errors.ts";
import { handMade } from "../automerge/hand-made-change.ts";
import { pattern, testDatabase } from "../fixture.ts";
import { permutations } from "../permutations.ts";
import { Author, type Device, Lab, placeOf } from "./lab.ts";

const titles = ["early", "late", "open"];

/** Mallory, who keeps a key that a change takes away; Alice, who shares it again, until the root revokes her. */
async function begin(seed: string) {
  const lab = await Lab.begin(seed, ["default", "board"]);
  const { world } = lab;
  const [common, board] = lab.keys;
  if (common === undefined || board === undefined) return expect.fail("two keys");
  const write = (author: Author, title: string, key = board): Promise<VerifiedRun> => {
    const place = placeOf(title, key.name);
    const { bytes } = handMade({ actor: author.actor(place), ops: [{ key: { text: "title" }, value: title }] });
    return author.write([author.part(place, bytes, { kind: "create" })]);
  };
  const mallory = await lab.author("mallory");
  const early = await write(mallory, "early");
  const alice = await world.grant(world.root, "alice", "admin");
  const empty = await lab.device("replica");
  const setup = [...world.placed];
  const tip = early.entries.at(-1);
  if (tip?.signature == null) return expect.fail("a signed entry");
  const cut = { writer: mallory.writer, seq: tip.header.seq, id: tip.id, signature: tip.signature };
  const unshared = world.say(world.root, {
    ...{ type: "change", targets: [mallory.admission], identityKeys: [], wipe: null, name: "CN=mallory/O=acme" },
    ...{ cuts: [{ database: testDatabase, cuts: [cut] }], role: "editor", keys: [common.keyId] },
    devices: [mallory.admission],
  });
  const key = await lab.crypto.importSigningKey(pattern("later writer", 32));
  const later = new Author(lab, { key, device: await lab.deviceKey("mallory"), admission: unshared.id });
  const [late, open] = [await write(later, "late"), await write(later, "open", common)];
  const share = world.say(alice, { type: "share", keyId: board.keyId, to: [unshared.id], history: "full" });
  const id = alice.certificate?.certificate.admission ?? expect.fail("Alice was let in");
  const undo = world.say(world.root, { type: "revoke", targets: [id], identityKeys: [], cuts: [], wipe: null });
  const events = {
    early: (device: Device) => device.receive(early),
    later: (device: Device) => device.receive(late, open),
    unshared: (device: Device) => device.hear(unshared),
    share: (device: Device) => device.hear(share),
    undo: (device: Device) => device.hear(undo),
  };
  return { events, empty, setup, late };
}

const ids = titles.flatMap((title) => ["default", "board"].map((key) => docIdOf(placeOf(title, key))));

async function stateOf(device: Device): Promise<string> {
  return JSON.stringify([await device.show(ids), device.quarantined()]);
}

const titlesOf = async (device: Device): Promise<readonly string[]> =>
  (await device.show(ids)).flatMap((line) => /"title":"(.*)"/.exec(line)?.[1] ?? []);

test.each([
  ["counts nowhere", ["early", "later", "unshared"], ["early", "open"]],
  ["counts once it is shared again", ["early", "later", "unshared", "share"], ["early", "late", "open"]],
  ["counts no more once the share does not", ["early", "later", "unshared", "share", "undo"], ["early", "open"]],
] as const)(
  "D11 what is written under a key that was taken away %s, in every order of arrival",
  async (_, names, expected) => {
    const { events, empty, setup, late } = await begin(`rights ${names.length}`);
    const states = new Set<string>();
    for (const order of permutations(names)) {
      const device = await empty.reopened();
      device.known = setup;
      for (const name of order) await events[name](device);
      expect(await titlesOf(device), order.join()).toEqual(expected);
      states.add(await stateOf(device));
      states.add(await stateOf(await device.reopened()));
      const refused = device.quarantined();
      const [first] = late.entries;
      expect(refused).toEqual(expected.length === 3 ? [] : [`${toHex(first?.id ?? late.writer)} WRITE_NOT_ENTITLED`]);
    }
    expect(states.size).toBe(1);
  },
  60_000,
);

/** Bob's device, which has not sent a document under a key that he loses, nor one under another. */
async function beginWithBob(seed: string) {
  const lab = await Lab.begin(seed, ["default", "board"]);
  const { world } = lab;
  const bob = await lab.device("bob");
  const { database } = bob;
  const secret = await database.createDocument({ text: "for the board" }, { key: "board" });
  const open = await database.createDocument({ text: "for all" });
  const [common, board] = lab.keys;
  const member: Admission | undefined = world.view().devices().find(isMember);
  if (common === undefined || board === undefined || member === undefined || member.id === "root")
    return expect.fail("Bob was let in");
  const unshared = world.say(world.root, {
    ...{ type: "change", targets: [member.id], identityKeys: [], wipe: null, name: member.name },
    ...{ cuts: [], role: "editor", keys: [common.keyId], devices: [member.id] },
  });
  const share = () => world.say(world.root, { type: "share", keyId: board.keyId, to: [unshared.id], history: "full" });
  const waits = () =>
    bob.reports.filter((error) => error instanceof CoreError && error.code === "JOURNAL_WAITING").length;
  return { lab, bob, secret: secret.id, open: open.id, share, waits };
}

const sealedBy = async (device: Device): Promise<number> =>
  (await device.runs()).flatMap(({ entries }) => entries).flatMap(({ parts }) => parts).length;

test("D11 what this device had not sealed under a key that it lost waits, says so, and is sealed when the key is shared again", async () => {
  const { lab, bob, secret, open, share, waits } = await beginWithBob("own");
  await bob.assembled.reconsider();
  await bob.assembled.replica.flush();
  expect(waits()).toBe(1);
  expect(await bob.database.findDocument(secret)).toBeUndefined();
  expect((await bob.database.getDocument(open)).getData()).toEqual({ text: "for all" });
  expect(await sealedBy(bob)).toBe(2); // the certificate and what is for all
  await expect(bob.database.createDocument({ text: "more" }, { key: "board" })).rejects.toMatchObject({
    code: "NOT_ENTITLED",
  });
  await expect(bob.database.createDocuments([{ text: "more" }], { key: "board" })).rejects.toMatchObject({
    code: "NOT_ENTITLED",
  });
  bob.crash();
  await bob.open();
  expect([waits(), await sealedBy(bob)]).toEqual([2, 2]);

  share();
  bob.crash();
  await bob.open();
  const other = await lab.device("other");
  await other.receive(...(await bob.runs()));
  for (const device of [bob, other]) {
    expect((await device.database.getDocument(secret)).getData()).toEqual({ text: "for the board" });
    expect((await device.database.getDocument(open)).getData()).toEqual({ text: "for all" });
    expect(device.quarantined()).toEqual([]);
  }
});

test("D11 the same when it opens the database and learns of it then, and edits go on in other documents", async () => {
  const { bob, secret, open, share, waits } = await beginWithBob("own later");
  bob.crash();
  await bob.open();
  expect(waits()).toBe(1);
  await bob.database.changeDoc(await bob.database.getDocument(open), (draft) => {
    Object.assign(draft.getData(), { text: "changed" });
  });
  share();
  await bob.assembled.reconsider();
  await bob.database.createDocument({ text: "another" }, { key: "board" });
  bob.crash();
  await bob.open();
  expect((await bob.database.getDocument(secret)).getData()).toEqual({ text: "for the board" });
  expect((await bob.database.getDocument(open)).getData()).toEqual({ text: "changed" });
  expect(await bob.database.getAllDocumentIds()).toHaveLength(3);
  const sealed = await sealedBy(bob);
  expect(sealed).toBe(4);
  expect(await sealedBy(await bob.reopened())).toBe(sealed);
});
