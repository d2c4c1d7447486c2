// What of the directory a relay gives to whom: each device gets the permits for its own keys, and works with that.
import { tableIndex, type VerifiedEntry } from "@selkie/entry";
import type { EntryStore } from "@selkie/store";
import { expect, test } from "vitest";
import type { SimDevice } from "../src/sim-device.ts";
import { relayWith } from "./support/disks.ts";
import { runsOf } from "./support/lies.ts";
import { codeOf, Scene } from "./support/scene.ts";

function storeOf(scene: Scene, device: SimDevice, database = scene.directory): EntryStore {
  const store = device.life?.store;
  if (store === undefined) throw new RangeError("a device that runs");
  return store.entries(scene.tenant, database);
}

const entriesOf = async (store: EntryStore): Promise<readonly VerifiedEntry[]> =>
  (await runsOf(store)).flatMap(({ entries }) => entries);

interface Held {
  readonly permits: number;
  readonly holes: number;
  /** Bytes of all parts that are there. */
  readonly bytes: number;
}

async function held(store: EntryStore): Promise<Held> {
  const parts = (await entriesOf(store)).flatMap((entry) => entry.parts);
  const sealed = parts.flatMap((part) => (part.type === "sealed" ? [part] : []));
  return {
    permits: sealed.filter(({ table }) => table === tableIndex.hpke).length,
    holes: parts.length - sealed.length,
    bytes: sealed.reduce((sum, { ciphertext }) => sum + ciphertext.length, 0),
  };
}

const relayHolds = (scene: Scene): Promise<Held> => held(scene.relayEntries(scene.directory));

async function expectNoAlarms(scene: Scene, devices: readonly SimDevice[] = scene.everybody): Promise<void> {
  for (const device of devices) {
    expect(scene.alarms(device)).toEqual([]);
    expect(device.noticed.filter(({ type }) => type === "report")).toEqual([]);
  }
}

/** Somebody new, admitted by Alice, who has read what there is. */
async function arrive(scene: Scene, name: string, connect = true): Promise<SimDevice> {
  const { alice, world } = scene;
  const device = world.device(name);
  await device.setUp();
  const request = await scene.run(device.ask());
  const response = await scene.run(alice.tenant.directory.approveJoinRequest(request, { role: "editor" }));
  await world.settle();
  await scene.run(device.join(response.toString()));
  if (connect) await enter(scene, device);
  return device;
}

async function enter(scene: Scene, device: SimDevice): Promise<void> {
  const line = await scene.run(device.connectRelay(scene.world.relay));
  await scene.run(device.openDatabase());
  await scene.run(line.synced());
}

async function expectSees(scene: Scene, device: SimDevice, title: string): Promise<void> {
  await scene.world.settle();
  const [line] = device.life?.connections ?? [];
  if (line !== undefined) await scene.run(line.synced());
  expect((await scene.show(device)).join()).toContain(title);
}

test("a device holds the permits for itself and its person, and reads and writes with them; the relay holds all", async () => {
  const scene = await Scene.begin("own permits");
  const { alice, bob, carol, world } = scene;
  await scene.run(alice.tenant.directory.createKey("board", { share: ["CN=bob/O=acme"] }));
  await scene.run(alice.database.createDocument({ title: "for Bob" }, { key: "board" }));
  await scene.run(alice.database.createDocument({ title: "for all" }));
  await world.settle();

  const all = await relayHolds(scene);
  expect(all.holes).toBe(0);
  expect((await held(storeOf(scene, alice))).holes).toBe(0); // she wrote them
  for (const device of [bob, carol]) {
    const own = await held(storeOf(scene, device));
    expect(own.holes).toBeGreaterThan(0);
    expect(own.permits).toBeLessThan(all.permits);
  }
  expect((await scene.show(bob)).join()).toContain("for Bob");
  expect((await scene.show(carol)).join()).not.toContain("for Bob");
  expect((await scene.show(carol)).join()).toContain("for all");

  // Cold start, on what is there.
  await scene.run(bob.close());
  await scene.run(bob.start());
  expect((await scene.show(bob)).join()).toContain("for Bob");
  await enter(scene, bob);
  await scene.run(bob.database.createDocument({ title: "by Bob" }));
  await expectSees(scene, carol, "by Bob");
  await expectNoAlarms(scene);
});

test("keys that are turned reach everybody who is left, with a permit each", async () => {
  const scene = await Scene.begin("own permits revoked");
  const { alice, bob, carol, world } = scene;
  const dave = await arrive(scene, "dave");
  await scene.run(bob.disconnect());
  await scene.run(alice.tenant.directory.revokeUser("CN=bob/O=acme"));
  await world.settle();
  await scene.run(alice.database.createDocument({ title: "without Bob" }));
  await expectSees(scene, carol, "without Bob");
  await expectSees(scene, dave, "without Bob");
  expect((await scene.show(bob)).join()).not.toContain("without Bob");
  await scene.run(dave.database.createDocument({ title: "by Dave" }));
  await expectSees(scene, dave, "by Dave");
  await expectSees(scene, carol, "by Dave");
  for (const device of [carol, dave]) expect((await held(storeOf(scene, device))).holes).toBeGreaterThan(0);
  await expectNoAlarms(scene, [alice, carol, dave]);
});

test("a further device gets its person's keys by a permit for itself, and then what is for the person", async () => {
  const scene = await Scene.begin("own permits device");
  const { alice, bob, world } = scene;
  const phone = world.device("phone");
  await phone.setUp("bob");
  const request = await scene.run(phone.ask({ device: true }));
  const response = await scene.run(bob.tenant.directory.approveJoinRequest(request));
  await world.settle();
  await scene.run(phone.join(response.toString()));
  await enter(scene, phone);
  await scene.run(alice.tenant.directory.createKey("board", { share: ["CN=bob/O=acme"] }));
  await scene.run(alice.database.createDocument({ title: "for Bob" }, { key: "board" }));
  await expectSees(scene, phone, "for Bob");

  // Bob's laptop is lost: the phone makes the next user key, and everything goes on with that.
  const laptop = (await bob.tenant.directory.devices("CN=bob/O=acme")).find(({ isThis }) => isThis);
  await scene.run(bob.disconnect());
  await scene.run(alice.tenant.directory.revokeDevice(laptop?.id ?? ""));
  await world.settle();
  await scene.run(alice.database.createDocument({ title: "for the phone" }, { key: "board" }));
  await expectSees(scene, phone, "for the phone");
  expect((await held(storeOf(scene, phone))).holes).toBeGreaterThan(0);
  await expectNoAlarms(scene, [alice, phone]);
});

test("a person's next user key, made on another device while this one is connected, brings what is permitted to it", async () => {
  const scene = await Scene.begin("own permits next key");
  const { alice, bob, world } = scene;
  const devices: SimDevice[] = [];
  for (const name of ["phone", "tablet"]) {
    const device = world.device(name);
    await device.setUp("bob");
    const response = await scene.run(
      bob.tenant.directory.approveJoinRequest(await scene.run(device.ask({ device: true }))),
    );
    await world.settle();
    await scene.run(device.join(response.toString()));
    await enter(scene, device);
    devices.push(device);
  }
  const [phone, tablet] = devices;
  if (phone === undefined || tablet === undefined) throw new RangeError("two devices");
  await scene.run(alice.tenant.directory.createKey("board", { share: ["CN=bob/O=acme"] }));
  const laptop = (await bob.tenant.directory.devices("CN=bob/O=acme")).find(({ isThis }) => isThis);
  await scene.run(bob.disconnect());
  await scene.run(alice.tenant.directory.revokeDevice(laptop?.id ?? ""));
  await world.settle();
  await scene.run(alice.tenant.directory.rotateKey("board")); // permitted to the next user key, which one of the two has made
  await world.settle();
  await scene.run(alice.database.createDocument({ title: "to the next key" }, { key: "board" }));
  for (const device of devices) await expectSees(scene, device, "to the next key");
  await expectNoAlarms(scene, [alice, phone, tablet]);
});

test("who meets a device that holds only its own permits gets its own from the relay later", async () => {
  const scene = await Scene.begin("own permits peer");
  const { bob, alice, world } = scene;
  await scene.run(alice.database.createDocument({ title: "at last" }));
  const erin = await arrive(scene, "erin", false);
  const meeting = erin.meet(bob);
  meeting.catch(() => undefined); // the directory came, and cannot be read: who waits for it waits until the connection ends
  await world.clock.advance(20_000);
  expect(await codeOf(erin.tenant.openDB("things"))).toBe("DIRECTORY_UNKNOWN");
  await scene.run(bob.disconnect());
  await world.clock.advance(1_000);
  await enter(scene, erin);
  await expectSees(scene, erin, "at last");
  expect((await held(storeOf(scene, erin))).holes).toBeLessThan((await held(storeOf(scene, bob))).holes);
});

test("B6 a relay that was set back is healed by devices that hold only their own permits, each of which brings its own", async () => {
  const scene = await Scene.begin("own permits healed");
  const { alice, bob, carol, world } = scene;
  const backup = world.relay.disk.copy();
  await scene.run(alice.tenant.directory.createKey("board", { share: ["CN=bob/O=acme", "CN=carol/O=acme"] }));
  await scene.run(alice.database.createDocument({ title: "on the board" }, { key: "board" }));
  await world.settle();
  const before = await relayHolds(scene);
  await relayWith(scene, backup);
  // Not the one who wrote them all first.
  for (const device of [carol, bob]) await scene.run(device.connectRelay(world.relay));
  await world.settle();
  expect((await relayHolds(scene)).holes).toBeGreaterThan(0);
  await scene.run(alice.connectRelay(world.relay));
  await world.settle();
  await world.settle();
  expect(await relayHolds(scene)).toEqual(before);
});

/** The device starts again, and wants other parts. */
async function restartWith(scene: Scene, device: SimDevice, parts: SimDevice["parts"]): Promise<void> {
  await scene.run(device.close());
  device.parts = parts;
  await scene.run(device.start());
  await enter(scene, device);
}

test("a device that wants everything is given all permits, those too that were left out before", async () => {
  const scene = await Scene.begin("own permits all");
  const { alice, bob } = scene;
  expect((await held(storeOf(scene, bob))).holes).toBeGreaterThan(0);
  await restartWith(scene, bob, "all");
  expect(await held(storeOf(scene, bob))).toEqual(await relayHolds(scene));
  await scene.run(alice.tenant.directory.createKey("board", { share: ["CN=carol/O=acme"] }));
  await scene.world.settle();
  expect(await held(storeOf(scene, bob))).toEqual(await relayHolds(scene));
  await expectNoAlarms(scene);
});

test("a device that wants what it can read is sent no parts of documents under other keys, and gets them with the key", async () => {
  const scene = await Scene.begin("own permits readable");
  const { alice, carol, world } = scene;
  await restartWith(scene, carol, "readable");
  await scene.run(alice.tenant.directory.createKey("board", { share: ["CN=bob/O=acme"] }));
  const john = await scene.run(alice.database.createDocument({ title: "on the board" }, { key: "board" }));
  await scene.run(alice.database.createDocument({ title: "for all" }));
  await expectSees(scene, carol, "for all");
  const { database } = scene;
  const before = await held(storeOf(scene, carol, database));
  expect(before.holes).toBe(1);
  expect(await scene.run(carol.database.findDocument(john.id))).toBeUndefined();
  expect((await storeOf(scene, carol, database).vector()).size).toBe((await scene.relayEntries().vector()).size);

  // Restarted, it is as before; shared with her, it comes, in the same session.
  await restartWith(scene, carol, "readable");
  expect(await held(storeOf(scene, carol, database))).toEqual(before);
  await scene.run(alice.tenant.directory.shareKey("board", ["CN=carol/O=acme"]));
  await expectSees(scene, carol, "on the board");
  expect((await held(storeOf(scene, carol, database))).holes).toBe(0);
  await scene.run(
    alice.database.changeDoc(john, (draft) => {
      draft.getData()["title"] = "changed on the board";
    }),
  );
  await expectSees(scene, carol, "changed on the board");
  await expectNoAlarms(scene);
  expect(world.relay.isUp).toBe(true);
});

test("a device that wants everything again gets what it had left out", async () => {
  const scene = await Scene.begin("own permits whole again");
  const { alice, carol, world } = scene;
  await restartWith(scene, carol, "readable");
  await scene.run(alice.tenant.directory.createKey("board", { share: ["CN=bob/O=acme"] }));
  await scene.run(alice.database.createDocument({ title: "on the board" }, { key: "board" }));
  await world.settle();
  expect((await held(storeOf(scene, carol, scene.database))).holes).toBe(1);
  await restartWith(scene, carol, "own-permits");
  expect((await held(storeOf(scene, carol, scene.database))).holes).toBe(0);
});

test("what one device leaves out it gives to nobody, and others get it from who has it", async () => {
  const scene = await Scene.begin("own permits readable peer");
  const { alice, bob, carol, world } = scene;
  await restartWith(scene, carol, "readable");
  await scene.run(alice.tenant.directory.createKey("board", { share: ["CN=bob/O=acme"] }));
  await scene.run(bob.disconnect());
  await scene.run(alice.database.createDocument({ title: "on the board" }, { key: "board" }));
  await world.settle();
  await scene.run(carol.meet(bob));
  await world.settle();
  expect((await scene.show(bob)).join()).not.toContain("on the board");
  for (const device of [bob, carol]) await scene.run(device.disconnect());
  await enter(scene, bob);
  await expectSees(scene, bob, "on the board");
});

/** HPKE's encapsulated key, the sealed secret and the recipient's tag: what a permit costs, and what a hole in its place does. */
const PERMIT_BYTES = 1_186;
const HOLE_BYTES = 40;

/** Alice turns the default key a few times while these devices are away; gives what each is sent when it is back, and of which permits. */
async function sentAfterRotations(scene: Scene, devices: readonly SimDevice[]) {
  const { alice, world } = scene;
  for (const device of devices) await scene.run(device.disconnect());
  const before = await Promise.all([relayHolds(scene), ...devices.map((device) => held(storeOf(scene, device)))]);
  for (let turn = 0; turn < 4; turn += 1) await scene.run(alice.tenant.directory.rotateKey("default"));
  await world.settle();
  const bytes = new Map<string, number>();
  world.network.tap = (lane, frame) => void bytes.set(lane, (bytes.get(lane) ?? 0) + frame.length);
  for (const device of devices) await enter(scene, device);
  await world.settle();
  const after = await Promise.all([relayHolds(scene), ...devices.map((device) => held(storeOf(scene, device)))]);
  const [all = 0, ...own] = after.map(({ permits }, at) => permits - (before[at]?.permits ?? 0));
  return {
    all,
    sent: devices.map(({ name }, at) => ({ bytes: bytes.get(`relay>${name}`) ?? 0, permits: own[at] ?? 0 })),
  };
}

test("of many permits two devices are sent their own alone over the wire, and for each of the others a hole", async () => {
  const scene = await Scene.begin("own permits on the wire");
  const { alice, bob, carol, world } = scene;
  for (let n = 0; n < 9; n += 1) {
    const device = world.device(`member ${n}`);
    await device.setUp();
    const request = await scene.run(device.ask());
    await scene.run(alice.tenant.directory.approveJoinRequest(request, { role: "editor" })); // never connects
  }
  await world.settle();
  const { all, sent } = await sentAfterRotations(scene, [bob, carol]);
  expect(all).toBeGreaterThanOrEqual(4 * 11);
  for (const { bytes, permits } of sent) {
    expect(permits).toBe(4);
    expect(bytes).toBeLessThan((all * PERMIT_BYTES) / 4);
  }

  // The same, of which one device wants everything: the difference is what stands in the place of permits for others.
  await restartWith(scene, carol, "all");
  const again = await sentAfterRotations(scene, [bob, carol]);
  const [own, whole] = again.sent;
  if (own === undefined || whole === undefined) throw new RangeError("two devices");
  expect([own.permits, whole.permits]).toEqual([4, again.all]);
  const foreign = again.all - own.permits;
  expect(whole.bytes - own.bytes).toBeGreaterThan(foreign * (PERMIT_BYTES - HOLE_BYTES));
  await expectNoAlarms(scene);
});
