import { describe, expect, test } from "vitest";
import { addDevice, deviceOf, found, join, meet, type Person, restart } from "./support/company.ts";

interface Note {
  text: string;
}

const notesOf = ({ tenant }: Person) => tenant.openDB<Note>("notes");
const write = async (person: Person, text: string) => (await (await notesOf(person)).createDocument({ text })).id;
const reads = async (person: Person) => {
  const notes = await notesOf(person);
  const ids = await notes.getAllDocumentIds();
  return (await Promise.all(ids.map(async (id) => (await notes.getDocument(id)).getData().text))).sort();
};
describe("a further device", () => {
  test("is admitted by a device of its user, with no admin in reach, and reads and writes as that user", async () => {
    await using alice = await found();
    await using bob = await join(alice, "bob", "editor");
    await alice.tenant.directory.createKey("board", { share: [bob.name] });
    const secret = await (await notesOf(alice)).createDocument({ text: "for the board" }, { key: "board" });
    await write(alice, "by Alice");
    await notesOf(bob);
    await meet(alice, bob);

    await using phone = await addDevice(bob);
    expect(phone.tenant.user).toBe("CN=bob/O=acme");
    await notesOf(phone);
    await meet(bob, phone);
    expect(await reads(phone)).toEqual(["by Alice", "for the board"]);
    await write(phone, "from the phone");
    const notes = await notesOf(phone);
    await notes.changeDoc(await notes.getDocument(secret.id), (draft) => {
      draft.getData().text = "seen by Bob";
    });
    await meet(alice, bob); // who tells her of the phone
    await meet(alice, phone);
    expect(await reads(alice)).toEqual(["by Alice", "from the phone", "seen by Bob"]);

    const { directory } = alice.tenant;
    expect(await directory.users()).toHaveLength(2);
    const devices = await directory.devices(bob.name);
    expect(devices).toHaveLength(2);
    expect(new Set(devices.map(({ fingerprint }) => fingerprint)).size).toBe(2);
    for (const { words } of devices) expect(words.split(" ")).toHaveLength(12);
  });

  test("adds a further one itself, and gets what is shared with its user", async () => {
    await using alice = await found();
    await using bob = await join(alice, "bob", "editor");
    await using phone = await addDevice(bob);
    await using tablet = await addDevice(phone);
    await alice.tenant.directory.createKey("board", { share: [bob.name] });
    await (await notesOf(alice)).createDocument({ text: "for the board" }, { key: "board" });
    await notesOf(tablet);
    await meet(phone, bob);
    await meet(bob, alice);
    await meet(alice, tablet);
    expect(await reads(tablet)).toEqual(["for the board"]);
    expect(await tablet.tenant.directory.devices(bob.name)).toHaveLength(3);
  });

  test("A8 may be invited: no fingerprint is compared, and neither kind of invitation does for the other", async () => {
    await using alice = await found();
    await using bob = await join(alice, "bob", "editor");
    const { directory } = bob.tenant;
    await expect(directory.createInvitation()).rejects.toMatchObject({ code: "NOT_ADMIN" });
    const invitation = await directory.createInvitation({ device: true });
    await using phone = await addDevice(bob, { invitation });
    expect(await directory.invitations()).toEqual([]);
    expect(await phone.tenant.directory.devices(bob.name)).toHaveLength(2);

    const forSomebody = await alice.tenant.directory.createInvitation();
    const forDevice = await alice.tenant.directory.createInvitation({ device: true });
    const wrong = [
      await phone.client.createJoinRequest(alice.name, { invitation: forSomebody, device: true }),
      await phone.client.createJoinRequest("CN=eve/O=acme", { invitation: forDevice }),
    ];
    for (const request of wrong) {
      expect((await alice.tenant.directory.readJoinRequest(request)).invitedBy).toBe("unknown");
      for (const options of [{}, { role: "editor" as const }])
        await expect(alice.tenant.directory.approveJoinRequest(request, options)).rejects.toMatchObject({
          code: "INVITATION_UNKNOWN",
        });
    }
  });

  test("A2 is added by nobody else, an admin neither; a role and a device do not go together", async () => {
    await using alice = await found();
    await using bob = await join(alice, "bob", "editor");
    const asDevice = await bob.client.createJoinRequest(bob.name, { device: true });
    const asAlice = await bob.client.createJoinRequest(alice.name, { device: true });
    const asUser = await bob.client.createJoinRequest("CN=carol/O=acme");
    const { directory } = alice.tenant;
    expect((await directory.readJoinRequest(asDevice)).kind).toBe("device");
    expect((await directory.readJoinRequest(asUser)).kind).toBe("user");
    await expect(directory.approveJoinRequest(asDevice)).rejects.toMatchObject({ code: "DEVICE_OF_OTHER" });
    await expect(directory.approveJoinRequest(asAlice, { role: "reader" })).rejects.toMatchObject({
      code: "JOIN_KIND_OTHER",
    });
    await expect(directory.approveJoinRequest(asUser)).rejects.toMatchObject({ code: "JOIN_KIND_OTHER" });
    expect(await directory.devices()).toHaveLength(2);
  });
});

describe("a revoked device", () => {
  test("A3 of two is out, though it held the user's key: the other goes on, under the next one", async () => {
    await using alice = await found();
    await using bob = await join(alice, "bob", "editor");
    await using phone = await addDevice(bob);
    for (const person of [alice, bob, phone]) await notesOf(person);
    const lost = await deviceOf(phone);
    await write(phone, "in time");
    await meet(bob, phone);
    await bob.tenant.directory.revokeDevice(lost); // the user's own older device, with no admin
    await write(bob, "after the phone");
    await meet(alice, bob);
    await alice.tenant.directory.rotateKey("default");
    await write(alice, "under the next user key");
    await meet(alice, bob);
    const left = ["after the phone", "in time", "under the next user key"];
    expect(await reads(bob)).toEqual(left);
    expect(await reads(alice)).toEqual(left);
    expect((await alice.tenant.directory.devices(bob.name)).map(({ revoked }) => revoked).sort()).toEqual([
      false,
      true,
    ]);
    expect(await alice.tenant.directory.users()).toEqual(
      expect.arrayContaining([expect.objectContaining({ name: bob.name, role: "editor", revoked: false })]),
    );

    // It gets everything that was written, by whatever way, and can open nothing of it.
    const [ofPhone, ofBob] = [await notesOf(phone), await notesOf(bob)];
    await ofPhone.pullChangesFrom(ofBob.getStore());
    expect(await reads(phone)).toEqual(["in time"]);
    await expect(meet(phone, alice)).rejects.toMatchObject({ code: "CONNECTION_REFUSED" });
  });

  test("may be the user's first one, by an admin: the second goes on", async () => {
    await using alice = await found();
    await using bob = await join(alice, "bob", "editor");
    await using phone = await addDevice(bob);
    for (const person of [alice, bob, phone]) await notesOf(person);
    await meet(alice, bob);
    await alice.tenant.directory.revokeDevice(await deviceOf(bob));
    await write(alice, "after the first");
    await meet(alice, phone);
    expect(await reads(phone)).toEqual(["after the first"]);
    await write(phone, "by the second");
    await meet(alice, phone);
    expect(await reads(alice)).toEqual(["after the first", "by the second"]);
    await using tablet = await addDevice(phone);
    await notesOf(tablet);
    await meet(alice, phone);
    await meet(alice, tablet);
    expect(await reads(tablet)).toEqual(["after the first", "by the second"]);
  });

  test("A3 is not an older one by a younger one's word", async () => {
    await using alice = await found();
    await using bob = await join(alice, "bob", "editor");
    const older = await deviceOf(bob);
    await using phone = await addDevice(bob);
    await expect(phone.tenant.directory.revokeDevice(older)).rejects.toMatchObject({ code: "NOT_PERMITTED" });
    expect((await phone.tenant.directory.devices(bob.name)).some(({ revoked }) => revoked)).toBe(false);
  });

  test("comes back under no request with its old keys", async () => {
    await using alice = await found();
    await using bob = await join(alice, "bob", "editor");
    await using phone = await addDevice(bob);
    await bob.tenant.directory.revokeDevice(await deviceOf(phone));
    const again = await phone.client.createJoinRequest(bob.name, { device: true });
    await expect(bob.tenant.directory.approveJoinRequest(again)).rejects.toMatchObject({ code: "DEVICE_REVOKED" });
  });
});

test("devices, the next user key and what was written survive a restart of everybody", async () => {
  await using alice = await found();
  await using bob = await join(alice, "bob", "editor");
  await using phone = await addDevice(bob);
  await using tablet = await addDevice(bob);
  for (const person of [alice, bob, phone, tablet]) await notesOf(person);
  await write(phone, "before");
  await meet(bob, phone);
  await meet(alice, bob);
  await alice.tenant.directory.revokeDevice(await deviceOf(phone));
  await write(alice, "after");
  await meet(alice, bob);
  await meet(bob, tablet);

  await using aliceAgain = await restart(alice);
  await using bobAgain = await restart(bob);
  await using tabletAgain = await restart(tablet);
  await using phoneAgain = await restart(phone);
  for (const person of [aliceAgain, bobAgain, tabletAgain]) await notesOf(person);
  await aliceAgain.tenant.directory.rotateKey("default");
  await write(aliceAgain, "restarted");
  await meet(aliceAgain, bobAgain);
  await meet(bobAgain, tabletAgain);
  for (const person of [aliceAgain, bobAgain, tabletAgain])
    expect(await reads(person)).toEqual(["after", "before", "restarted"]);
  await expect(meet(phoneAgain, tabletAgain)).rejects.toMatchObject({ code: "CONNECTION_REFUSED" });
});
