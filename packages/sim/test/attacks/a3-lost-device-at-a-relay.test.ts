// One of a user's devices is lost, with whole clients at a relay: the others go on without an admin, under a slot key that the lost one lacks.
import { entryType, fromHex } from "@selkie/entry";
import { describe, expect, test } from "vitest";
import { encodeStatement } from "../../../core/src/directory/statement-codec.ts";
import type { SimDevice } from "../../src/sim-device.ts";
import { HostileMember } from "../support/hostile-member.ts";
import { codeOf, Scene } from "../support/scene.ts";
import { Thief } from "../support/thief.ts";

const PAPER = "a password for the paper in the safe";

/** A further device of Bob's, or of another's, which nobody but the relay talks to. */
async function addDevice(scene: Scene, name: string, of: "alice" | "bob" = "bob"): Promise<SimDevice> {
  const added = scene.world.device(name);
  await added.setUp(of);
  const request = await scene.run(added.ask({ device: true }));
  await scene.run(added.join(`${await scene.run(scene[of].tenant.directory.approveJoinRequest(request))}`));
  await scene.run(added.connectRelay(scene.world.relay));
  await scene.run(added.openDatabase());
  await scene.world.settle();
  return added;
}

/** What a device that the world does not know has to say reaches everybody. */
async function sync(scene: Scene, device: SimDevice): Promise<void> {
  await scene.run(Promise.all([...(device.life?.connections ?? [])].map((line) => line.synced())));
  await scene.world.settle();
}

/** Carol adds a device with these keys of Bob's to her own. */
async function copyKeys(scene: Scene, device: string, kem: Uint8Array | "a KEM key of hers"): Promise<void> {
  const hostile = await HostileMember.of(scene.carol);
  const { crypto, record, directoryKey: key } = hostile;
  const deviceKem = typeof kem === "string" ? (await crypto.importKemKey(crypto.randomBytes(32))).publicKey : kem;
  const chain = await hostile.chain(record.directory, entryType.statement);
  const plaintext = encodeStatement({ type: "addDevice", deviceSign: fromHex(device), deviceKem, userKeys: [] });
  await scene.plant([await chain.write([{ kind: "statement", key, plaintext }])], record.directory);
}

async function idOf(device: SimDevice): Promise<string> {
  const own = (await device.tenant.directory.devices()).find(({ isThis }) => isThis);
  return own?.id ?? "";
}

/** A relay ends the sessions of a user whose slot another takes the place of; they come back by themselves. */
async function calm({ world }: Scene): Promise<void> {
  for (let tries = 0; tries < 5; tries += 1) {
    const code = await codeOf(world.settle());
    if (code === null) return;
    expect(code).toBe("PEER_FAILED");
    await world.clock.advance(30_000);
  }
  expect.fail("no rest");
}

const titles = async (device: SimDevice): Promise<readonly string[]> => {
  const docs = await Promise.all(
    (await device.database.getAllDocumentIds()).map((id) => device.database.getDocument(id)),
  );
  return docs.map((doc) => String(doc.getData()["title"])).sort();
};

describe("a further device", () => {
  test("gets in at a relay by the word of its user's own device, and writes", async () => {
    const scene = await Scene.begin("further device");
    const phone = await addDevice(scene, "phone");
    await scene.run(phone.database.createDocument({ title: "from the phone" }));
    await scene.run(phone.disconnect());
    await scene.run(phone.connectRelay(scene.world.relay)); // by its user's slot key now
    await sync(scene, phone);
    expect(await titles(scene.carol)).toContain("from the phone");
  });

  test("A3 D10 that is lost is revoked by its user's other device, though somebody else named its keys as a device's of theirs", async () => {
    const scene = await Scene.begin("copied device");
    const { bob, world } = scene;
    const phone = await addDevice(scene, "phone");
    const lost = await idOf(phone);
    await copyKeys(scene, lost, "a KEM key of hers");
    await scene.run(phone.disconnect());
    await scene.run(bob.tenant.directory.revokeDevice(lost));
    await calm(scene);
    await expect(scene.run(phone.connectRelay(world.relay))).rejects.toMatchObject({ code: "DEVICE_REVOKED" });
  });

  test("A3 D10 the first device of a user revokes itself, though somebody else named all of its keys; hers is another row", async () => {
    const scene = await Scene.begin("copied first device");
    const { alice, bob, carol } = scene;
    const phone = await addDevice(scene, "phone");
    const [identity] = bob.life?.host.bag.keyBag.identities() ?? [];
    const own = await idOf(bob);
    if (identity === undefined) return expect.fail("an identity");
    const { publicKey } = await (await HostileMember.of(bob)).crypto.importKemKey(identity.deviceKemSeed);
    await copyKeys(scene, own, publicKey);
    const rows = async () =>
      (await alice.tenant.directory.devices())
        .filter(({ id }) => id === own)
        .map(({ user, revoked }) => `${user} ${revoked}`)
        .sort();
    expect(await rows()).toEqual(["CN=bob/O=acme false", "CN=carol/O=acme false"]);
    const isThis = (await bob.tenant.directory.devices()).filter((device) => device.isThis);
    expect(isThis.map(({ id, user }) => [id, user])).toEqual([[own, "CN=bob/O=acme"]]);
    await scene.run(bob.tenant.directory.revokeDevice(own));
    await calm(scene);
    expect(await rows()).toEqual(["CN=bob/O=acme true", "CN=carol/O=acme false"]);
    await scene.run(phone.database.createDocument({ title: "from the phone" }));
    await sync(scene, phone);
    expect(await titles(carol)).toContain("from the phone");
  });

  test("D10 is its person's: an admin says whose is meant where somebody else named its keys, and ends that one alone", async () => {
    const scene = await Scene.begin("copied device, revoked by an admin");
    const { alice, bob, carol, world } = scene;
    const phone = await addDevice(scene, "phone");
    const lost = await idOf(phone);
    await copyKeys(scene, lost, "a KEM key of hers");
    const rows = async () =>
      (await alice.tenant.directory.devices())
        .filter(({ id }) => id === lost)
        .map(({ user, revoked }) => `${user} ${revoked}`)
        .sort();
    const { directory } = alice.tenant;
    expect(await codeOf(scene.run(directory.revokeDevice(lost)))).toBe("USER_AMBIGUOUS");
    expect(await codeOf(scene.run(directory.revokeDevice(lost, { user: "CN=alice/O=acme" })))).toBe("DEVICE_UNKNOWN");
    await scene.run(directory.revokeDevice(lost, { user: "CN=carol/O=acme" }));
    await calm(scene);
    expect(await rows()).toEqual(["CN=bob/O=acme false", "CN=carol/O=acme true"]);
    await scene.run(phone.database.createDocument({ title: "from the phone" }));
    await sync(scene, phone);
    expect(await titles(carol)).toContain("from the phone");
    await scene.run(phone.disconnect());
    await scene.run(directory.revokeDevice(lost)); // nobody else's any more
    await calm(scene);
    expect(await rows()).toEqual(["CN=bob/O=acme true", "CN=carol/O=acme true"]);
    await expect(scene.run(phone.connectRelay(world.relay))).rejects.toMatchObject({ code: "DEVICE_REVOKED" });
    await scene.run(bob.database.createDocument({ title: "from Bob" }));
  });

  test("A3 that is lost is shut out at the relay by its user's other device, which goes on, as do those added later", async () => {
    const scene = await Scene.begin("lost device");
    const { bob, carol, world } = scene;
    const phone = await addDevice(scene, "phone");
    await scene.run(phone.disconnect());
    await scene.run(bob.tenant.directory.revokeDevice(await idOf(phone)));
    await scene.run(bob.database.createDocument({ title: "without the phone" }));
    await calm(scene);
    expect(await titles(carol)).toContain("without the phone");
    await expect(scene.run(phone.connectRelay(world.relay))).rejects.toMatchObject({ code: "DEVICE_REVOKED" });
    expect(await titles(phone)).not.toContain("without the phone");

    await scene.reconnect([bob]);
    const tablet = await addDevice(scene, "tablet");
    expect(await titles(tablet)).toContain("without the phone");
    await scene.run(tablet.database.createDocument({ title: "from the tablet" }));
    await scene.reconnect([tablet]);
    await sync(scene, tablet);
    expect(await titles(carol)).toContain("from the tablet");
  });
});

describe("A3 a lost device that names the next key of its user's slot first", () => {
  test("keeps its user out at the relay, until an admin that heard of it has put another slot there", async () => {
    const scene = await Scene.begin("first to succeed");
    const { alice, bob, carol, world } = scene;
    const phone = await addDevice(scene, "phone");
    const thief = await Thief.of(scene, phone);
    const phoneId = await idOf(phone);
    await scene.run(phone.disconnect());
    await scene.run(bob.disconnect());
    expect(await thief.login(await thief.succession())).toMatchObject({ pull: true, push: true });
    expect((await scene.run(bob.connectRelay(world.relay))).status).toBe("offline");
    await scene.run(bob.disconnect());

    await scene.run(bob.tenant.directory.revokeDevice(phoneId));
    expect(await thief.login(await thief.succession())).toMatchObject({ pull: true, push: true }); // who would say so?
    await scene.run(bob.meet(alice));
    await calm(scene);
    expect(await thief.login(await thief.succession())).toMatchObject({ push: false, directoryOnly: true });
    await scene.reconnect([alice, bob]);
    await scene.run(bob.database.createDocument({ title: "from Bob, again" }));
    await calm(scene);
    expect(await titles(carol)).toContain("from Bob, again");
    await thief.leave();
  });
});

describe("a stolen device of an admin", () => {
  test("A3 D10 signs no list for relays once it is out, with the key that the admin's devices had in common", async () => {
    const scene = await Scene.begin("stolen admin");
    const { alice, bob, carol } = scene;
    const phone = await addDevice(scene, "phone", "alice");
    const thief = await Thief.of(scene, phone);
    const only = { slot: thief.keys.person.requireSlot().publicKey, role: "admin" } as const;
    const phoneId = await idOf(phone);
    await scene.run(phone.disconnect());
    await scene.run(alice.tenant.directory.revokeDevice(phoneId));
    await calm(scene);
    const list = await thief.list([only], { epoch: 0, height: 1_000_000 });
    const rights = await thief.login([list, ...(await thief.succession())]);
    expect(rights).toMatchObject({ push: false, directoryOnly: true });
    await scene.reconnect([alice, bob, carol]);
    await scene.run(bob.database.createDocument({ title: "nobody is out but the thief" }));
    await calm(scene);
    expect(await titles(carol)).toContain("nobody is out but the thief");
    await thief.leave();
  });

  test("A3 D10 R17 takes a tenant at a relay, and cannot keep it: what the root says outranks its lists, and it signs none after that", async () => {
    const scene = await Scene.begin("stolen tenant");
    const { alice, bob, carol, world } = scene;
    const exported = await alice.tenant.exportRootKey(PAPER);
    const phone = await addDevice(scene, "phone", "alice");
    const thief = await Thief.of(scene, phone);
    const only = { slot: thief.keys.person.requireSlot().publicKey, role: "admin" } as const;
    const phoneId = await idOf(phone);
    for (const device of [phone, alice, bob, carol]) await scene.run(device.disconnect());
    const list = await thief.list([only], { epoch: 0, height: 2 ** 40 });
    expect(await thief.login([list, ...(await thief.succession())])).toMatchObject({ push: true });
    expect((await scene.run(alice.connectRelay(world.relay))).status).toBe("offline");
    await scene.run(alice.disconnect());
    expect(await codeOf(scene.run(bob.connectRelay(world.relay)))).toBe("CONNECTION_REFUSED");

    {
      await using root = await alice.tenant.asRoot(exported, PAPER);
      await scene.run(root.revokeDevice(phoneId));
    }
    await scene.run(alice.connectRelay(world.relay));
    await scene.reconnect([bob, carol]);
    for (const epoch of [0, 1, 2]) {
      const again = await thief.list([only], { epoch, height: 2 ** 41 });
      expect(await thief.login([again, ...(await thief.succession())])).toMatchObject({ push: false });
    }
    await scene.run(alice.database.createDocument({ title: "the tenant's own again" }));
    await calm(scene);
    expect(await titles(carol)).toContain("the tenant's own again");
    // Alice's next list is heard, though the key that signed the lists before is the thief's too.
    await scene.run(bob.disconnect());
    await scene.run(alice.tenant.directory.revokeUser("CN=bob/O=acme"));
    await world.settle();
    expect(await codeOf(scene.run(bob.connectRelay(world.relay)))).toBe("DEVICE_REVOKED");
    await thief.leave();
  });
});
