import { expect, test } from "vitest";
import { addDevice, deviceOf, found, join, meet, type Person } from "./support/company.ts";

const notesOf = ({ tenant }: Person) => tenant.openDB<{ text: string }>("notes");

/** What somebody's directory says of a person. */
async function lineOf({ tenant }: Person, name: string) {
  const [line, ...others] = (await tenant.directory.users()).filter((user) => user.name === name);
  expect(others).toEqual([]);
  return line ?? expect.fail(`${name} was let in`);
}

/** Alice and Bob, admins, change Carol's rights before they hear of each other. */
async function changedAtOnce() {
  const alice = await found();
  const bob = await join(alice, "bob", "admin");
  const carol = await join(alice, "carol", "editor");
  await alice.tenant.directory.createKey("board", { share: [carol.name] });
  for (const each of [alice, bob, carol]) await notesOf(each);
  await meet(alice, bob);
  await meet(alice, carol);
  await alice.tenant.directory.changeUser(carol.name, { role: "reader" });
  await bob.tenant.directory.changeUser(carol.name, { unshare: ["board"] });
  return { alice, bob, carol };
}

test("P-11 of two changes at once both hold: the person reads, without the key, and writes nothing under either", async () => {
  const { alice, bob, carol } = await changedAtOnce();
  await using _alice = alice;
  await using _bob = bob;
  await using _carol = carol;
  const ofCarol = await notesOf(carol);
  await meet(bob, carol); // who hears of one only writes on
  const late = await ofCarol.createDocument({ text: "while one admin says that she may" });
  await meet(bob, carol);
  expect(await (await notesOf(bob)).findDocument(late.id)).toBeDefined();
  await meet(alice, bob);
  await meet(alice, carol);
  await meet(bob, carol);
  for (const each of [alice, bob, carol]) {
    expect(await lineOf(each, carol.name)).toMatchObject({ role: "reader", revoked: false });
    expect(await (await notesOf(each)).findDocument(late.id)).toBeUndefined();
  }
  await expect(ofCarol.createDocument({ text: "as a reader" })).rejects.toMatchObject({ code: "WRITE_NOT_ALLOWED" });
  const secret = await (await notesOf(alice)).createDocument({ text: "for the board" }, { key: "board" });
  const open = await (await notesOf(alice)).createDocument({ text: "for all" });
  await meet(alice, carol);
  expect(await ofCarol.findDocument(secret.id)).toBeUndefined();
  expect((await ofCarol.getDocument(open.id)).getData()).toEqual({ text: "for all" });
});

test("P-11 who was changed twice at once is changed again, and revoked, by name", async () => {
  const { alice, bob, carol } = await changedAtOnce();
  await using _alice = alice;
  await using _bob = bob;
  await using _carol = carol;
  const ofCarol = await notesOf(carol);
  await meet(alice, bob);
  await bob.tenant.directory.changeUser(carol.name, { role: "editor" });
  await meet(bob, carol);
  const again = await ofCarol.createDocument({ text: "an editor again" });
  await meet(bob, carol);
  await meet(alice, bob);
  expect(await (await notesOf(alice)).findDocument(again.id)).toBeDefined();
  await alice.tenant.directory.shareKey("board", [carol.name]);
  const secret = await (await notesOf(alice)).createDocument({ text: "for the board" }, { key: "board" });
  await meet(alice, carol);
  expect((await ofCarol.getDocument(secret.id)).getData()).toEqual({ text: "for the board" });

  await alice.tenant.directory.revokeUser(carol.name);
  expect(await lineOf(alice, carol.name)).toMatchObject({ role: "editor", revoked: true });
  await expect(meet(alice, carol)).rejects.toMatchObject({ code: "CONNECTION_REFUSED" });
});

test("D10 whom an admin let in who turns out to be none any more reads nothing that is written afterwards, and is told", async () => {
  await using alice = await found();
  await using bob = await join(alice, "bob", "admin");
  await using carol = await join(bob, "carol", "admin");
  await meet(alice, bob);
  await bob.tenant.directory.changeUser(carol.name, { role: "admin" });
  await alice.tenant.directory.changeUser(carol.name, { role: "editor" });
  await meet(bob, carol); // who hears of one only is an admin
  await using dan = await join(carol, "dan", "editor");
  await meet(bob, carol);
  const [ofBob, ofCarol, ofDan] = [await notesOf(bob), await notesOf(carol), await notesOf(dan)];
  const early = await ofBob.createDocument({ text: "while Dan is in" });
  await meet(bob, dan);
  expect((await ofDan.getDocument(early.id)).getData()).toEqual({ text: "while Dan is in" });

  await meet(alice, bob);
  expect((await lineOf(bob, carol.name)).role).toBe("editor");
  expect(await lineOf(bob, dan.name)).toMatchObject({ revoked: true });
  const late = await ofBob.createDocument({ text: "after Dan" });
  await meet(bob, carol);
  expect((await ofCarol.getDocument(late.id)).getData()).toEqual({ text: "after Dan" });
  await ofDan.pullChangesFrom(ofBob.getStore());
  expect(await ofDan.findDocument(late.id)).toBeUndefined();
  const refusal = { code: "CONNECTION_REFUSED", cause: { reason: "DEVICE_REVOKED" } };
  await expect(meet(bob, dan)).rejects.toMatchObject(refusal);
});

test("D10 who an admin let in under somebody's name is told apart, and revoked by id or fingerprint", async () => {
  await using alice = await found();
  await using bob = await join(alice, "bob", "editor");
  await using rogue = await join(alice, "BOB", "editor");
  await using another = await join(alice, "Bob", "reader");
  const { directory } = alice.tenant;
  await expect(directory.revokeUser(bob.name)).rejects.toMatchObject({ code: "USER_AMBIGUOUS" });
  await expect(directory.changeUser(bob.name, { role: "reader" })).rejects.toMatchObject({ code: "USER_AMBIGUOUS" });
  const [first, second] = [await lineOf(alice, rogue.name), await lineOf(alice, another.name)];
  expect((await rogue.client.createUserId(rogue.name)).fingerprint).toBe(first.fingerprint);
  await directory.revokeUser(first.fingerprint);
  await directory.revokeUser(second.id);
  expect(await lineOf(alice, bob.name)).toMatchObject({ revoked: false });
  expect((await directory.users()).filter(({ revoked }) => revoked).map(({ id }) => id)).toHaveLength(2);
  await directory.changeUser(bob.name, { role: "reader" });
  await expect(directory.revokeUser(first.id)).rejects.toMatchObject({ code: "USER_UNKNOWN" });
});

test("where no admin is left, people still end their own devices", async () => {
  await using alice = await found();
  await using bob = await join(alice, "bob", "editor");
  await using stolen = await addDevice(bob);
  await meet(alice, bob);
  await alice.tenant.directory.changeUser(alice.name, { role: "editor", evenLastAdmin: true });
  await meet(alice, bob);
  const device = await deviceOf(stolen);
  await bob.tenant.directory.revokeDevice(device);
  const devices = await bob.tenant.directory.devices(bob.name);
  expect(devices.find(({ id }) => id === device)).toMatchObject({ revoked: true });
});

test("the last admin stays one, unless it says that it means it; the root, or another admin, may end one all the same", async () => {
  await using alice = await found();
  await using bob = await join(alice, "bob", "editor");
  const { directory } = alice.tenant;
  const [own] = await directory.devices(alice.name);
  if (own === undefined) return expect.fail("a device");
  const leave = [
    (meant: object) => directory.revokeUser(alice.name, meant),
    (meant: object) => directory.revokeDevice(own.id, meant),
    (meant: object) => directory.changeUser(alice.name, { role: "editor", ...meant }),
  ];
  for (const each of leave) await expect(each({})).rejects.toMatchObject({ code: "LAST_ADMIN" });
  expect(await lineOf(alice, alice.name)).toMatchObject({ role: "admin", revoked: false });
  await directory.changeUser(alice.name, { name: "CN=alice.b/O=acme" }); // a name takes nothing away
  await directory.changeUser(bob.name, { role: "admin" });
  await meet(alice, bob);
  await expect(directory.changeUser(bob.name, { role: "editor" })).resolves.toBeDefined();
  await expect(
    directory.changeUser("CN=alice.b/O=acme", { role: "editor", evenLastAdmin: true }),
  ).resolves.toBeDefined();
  expect(await lineOf(alice, "CN=alice.b/O=acme")).toMatchObject({ role: "editor" });
  await expect(directory.createInvitation()).rejects.toMatchObject({ code: "NOT_ADMIN" });
});
