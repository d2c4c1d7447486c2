// A relay that shows an older directory than there is: in it somebody who was removed still has rights, and keys that he knows are current.
import { type DatabaseId, entryType, toHex, type VerifiedRun } from "@selkie/entry";
import { expect, test } from "vitest";
import type { SimDevice } from "../../src/sim-device.ts";
import { statementPart } from "../support/directory-lies.ts";
import { setRelayBack } from "../support/disks.ts";
import { HeldKeys } from "../support/held-keys.ts";
import { type HostileChain, HostileMember } from "../support/hostile-member.ts";
import { runsOf } from "../support/lies.ts";
import { codeOf, Scene } from "../support/scene.ts";

const BOB = "CN=bob/O=acme";
const DAY = 86_400_000;
/** The type of frames that carry entries. */
const ENTRIES = 8;

const isRevoked = async (device: SimDevice): Promise<boolean> =>
  (await device.tenant.directory.users()).some(({ name, revoked }) => name === BOB && revoked);

/** What somebody can read who was removed: of all that the relay has, with the keys that he kept. */
const readableBy = async (scene: Scene, device: SimDevice, database?: DatabaseId): Promise<string> =>
  (await HeldKeys.of(scene, device)).read(database);

test("A4 a relay that serves the directory of before a revocation is found out by who knew better, who does not go back", async () => {
  const scene = await Scene.begin("A4 old client");
  const { alice, bob, carol, world } = scene;
  await scene.run(alice.database.createDocument({ title: "before" }));
  await world.settle();
  const backup = world.relay.disk.copy();
  await scene.run(bob.disconnect());
  await scene.run(alice.tenant.directory.revokeUser(BOB));
  await scene.run(carol.database.createDocument({ title: "after" }));
  await world.settle();
  expect(await isRevoked(carol)).toBe(true);

  await scene.run(alice.disconnect());
  await scene.run(carol.disconnect());
  setRelayBack(scene, backup);
  await scene.run(carol.connectRelay(world.relay));
  await world.settle();
  expect(scene.alarms(carol)).toContain("RELAY_ROLLBACK");
  expect(await isRevoked(carol)).toBe(true);
  await scene.run(carol.database.createDocument({ title: "secret" }));
  await world.settle();
  expect(await readableBy(scene, bob)).not.toContain("secret");
});

/** A device joins, and is shown the directory of before Bob was removed, and what one person has written since. */
async function shownAnOlder(scene: Scene, by: "alice" | "carol" = "alice") {
  const { alice, bob, carol, world } = scene;
  await scene.run(alice.database.createDocument({ title: "before" }));
  await world.settle();
  const ofAlice = new Set(await scene.writers());
  await scene.run(carol.database.createDocument({ title: "before" }));
  const dave = world.device("dave");
  await dave.setUp();
  const response = await scene.run(
    alice.tenant.directory.approveJoinRequest(await scene.run(dave.ask()), { role: "editor" }),
  );
  await world.settle();
  const backup = world.relay.disk.copy();

  await scene.run(bob.disconnect());
  await scene.run(alice.tenant.directory.revokeUser(BOB));
  await world.settle();
  await scene.run(scene[by].database.createDocument({ title: "after" }));
  await world.settle();
  const all: readonly VerifiedRun[] = await runsOf(scene.relayEntries());
  const newest = by === "alice" ? all : all.filter(({ writer }) => !ofAlice.has(toHex(writer)));
  await scene.run(alice.disconnect());
  await scene.run(carol.disconnect());

  setRelayBack(scene, backup);
  await scene.relayEntries().append(newest);
  await scene.run(dave.join(response.toString()));
  const line = await scene.run(dave.connectRelay(world.relay));
  await scene.run(dave.openDatabase());
  await scene.run(line.synced().catch(() => undefined));
  expect(await isRevoked(dave)).toBe(false);
  return { dave, line };
}

test("A4 who is to be removed, and forks chains of its own in the directory before, helps no relay to show an older one", async () => {
  const scene = await Scene.begin("A4 forks");
  const { alice, bob, carol, world } = scene;
  const hostile = await HostileMember.of(bob);
  const { directory } = hostile.record;
  const say = (of: HostileChain, name: string): Promise<VerifiedRun> =>
    of.write([statementPart(hostile, { type: "database", name })]);
  for (const device of [alice, bob, carol]) await scene.run(device.disconnect());
  for (let chains = 0; chains < 3; chains += 1) {
    const chain = await hostile.chain(directory, entryType.statement);
    const first = await say(chain, "first");
    const branch = chain.fork();
    await alice.life?.store.entries(scene.tenant, directory).append([first, await say(chain, "left")]);
    await carol.life?.store.entries(scene.tenant, directory).append([first, await say(branch, "right")]);
  }
  for (const device of [alice, carol]) await scene.run(device.close());
  for (const device of [alice, carol]) await scene.run(device.start());
  await scene.reconnect();
  await world.settle();

  const { dave, line } = await shownAnOlder(scene);
  const writers = await scene.writers();
  await scene.run(dave.database.createDocument({ title: "secret of Dave" }));
  await world.clock.advance(400_000);
  expect(await scene.run(codeOf(line.synced()))).toBe("DIRECTORY_STALE");
  expect(await scene.writers()).toEqual(writers);
});

test("A4 K-10 a new device that is shown an older directory seals nothing once an entry names what it lacks, and says so", async () => {
  const scene = await Scene.begin("A4 new client");
  const { bob, carol, database, world } = scene;
  const { dave, line } = await shownAnOlder(scene);

  const writers = await scene.writers();
  const { id } = await scene.run(dave.database.createDocument({ title: "secret of Dave" }));
  await scene.run(dave.database.createDocuments([{ title: "secret one" }, { title: "secret two" }]));
  await world.clock.advance(400_000);
  expect(await scene.run(codeOf(line.synced()))).toBe("DIRECTORY_STALE");
  expect(scene.alarms(dave)).toEqual(["DIRECTORY_STALE"]);
  expect(await scene.writers()).toEqual(writers);
  expect((await dave.database.getDocument(id)).getData()).toEqual({ title: "secret of Dave" });
  expect((await scene.show(dave)).join()).toContain("before");

  // It may be closed meanwhile. Whoever brings the rest of the directory lets it go on, under keys that the removed one does not have.
  await scene.run(dave.close());
  await scene.run(dave.start());
  const again = await scene.run(dave.connectRelay(world.relay));
  expect(await scene.run(codeOf(again.synced()))).toBe("DIRECTORY_STALE");
  await scene.run(carol.connectRelay(world.relay));
  await world.clock.advance(60_000);
  await scene.run(again.synced());
  expect(await isRevoked(dave)).toBe(true);
  await world.settle();
  expect((await scene.show(carol)).join()).toContain("secret of Dave");
  expect((await scene.show(carol)).join()).toContain("secret two");
  const shown = await readableBy(scene, bob, database);
  expect(shown).toContain("before");
  expect(shown).not.toContain("secret");
});

test("R11 a relay that hides a revocation has a device seal again after the limit, though one member's word is against it: the removed one reads that; the device alarms each day, until somebody brings it the revocation", async () => {
  const scene = await Scene.begin("R11 hidden");
  const { bob, carol, alice, database, world } = scene;
  const { dave, line } = await shownAnOlder(scene, "carol");
  const blamed: (string | undefined)[] = [];
  dave.tenant.on("alarm", ({ code, user }) => void (code === "DIRECTORY_STALE" && blamed.push(user)));
  const { id } = await scene.run(dave.database.createDocument({ title: "secret of Dave" }));
  await world.clock.advance(400_000);
  expect(await scene.run(codeOf(line.synced()))).toBe("DIRECTORY_STALE");
  const [her] = (await dave.tenant.directory.users()).filter(({ name }) => name === "CN=carol/O=acme");
  expect(blamed).toEqual([her?.id]);
  for (let day = 1; day < 7; day += 1) await world.clock.advance(DAY);
  expect(await readableBy(scene, bob, database)).not.toContain("secret");

  await world.clock.advance(2 * DAY);
  expect(await readableBy(scene, bob, database)).toContain("secret of Dave");
  expect(await isRevoked(dave)).toBe(false);
  expect(blamed.length).toBeGreaterThan(7);
  expect(new Set(blamed)).toEqual(new Set([her?.id]));

  await scene.run(dave.database.createDocument({ title: "seen by Bob too" }));
  await world.clock.advance(60_000);
  expect(await readableBy(scene, bob, database)).toContain("seen by Bob too");
  await scene.run(dave.meet(carol));
  await world.clock.advance(60_000);
  expect(await isRevoked(dave)).toBe(true);
  await scene.run(
    dave.database.changeDoc(await dave.database.getDocument(id), (draft) => {
      draft.getData()["title"] = "without Bob";
    }),
  );
  await scene.run(alice.connectRelay(world.relay));
  await world.clock.advance(60_000);
  expect((await scene.show(alice)).join()).toContain("without Bob");
  expect(await readableBy(scene, bob, database)).not.toContain("without Bob");
});

test("A4 after a week without contact a device warns, works on, and sends nothing before it has read the directory", async () => {
  const scene = await Scene.begin("A4 a week");
  const { alice, bob, carol, world } = scene;
  await scene.run(carol.database.createDocument({ title: "before" }));
  await world.settle();
  await scene.run(carol.disconnect());
  await scene.run(bob.disconnect());
  await scene.run(carol.database.createDocument({ title: "sealed in time" }));
  await scene.run(alice.tenant.directory.revokeUser(BOB));
  await world.settle();
  await scene.run(alice.disconnect());

  await scene.run(carol.close());
  await world.clock.advance(6 * DAY);
  await scene.run(carol.start());
  expect(scene.alarms(carol)).toEqual([]);
  await scene.run(carol.close());
  await world.clock.advance(2 * DAY);
  await scene.run(carol.start());
  const { id } = await scene.run(carol.database.createDocument({ title: "secret" }));
  expect(scene.alarms(carol)).toEqual(["DIRECTORY_STALE"]);
  expect((await carol.database.getDocument(id)).getData()).toEqual({ title: "secret" });
  expect(await codeOf(alice.database.pullChangesFrom(carol.database.getStore()))).toBe("DIRECTORY_STALE");

  let hasRead = false;
  const sent: boolean[] = [];
  carol.tenant.on("directory", () => {
    hasRead = true;
  });
  world.network.tap = (lane, frame) => void (lane === "carol>relay" && frame[0] === ENTRIES && sent.push(hasRead));
  const line = await scene.run(carol.connectRelay(world.relay));
  await scene.run(line.synced());
  expect(await isRevoked(carol)).toBe(true);
  expect(sent.length).toBeGreaterThan(0);
  expect(sent).not.toContain(false);
  expect(await readableBy(scene, bob)).not.toContain("secret");
  await scene.run(alice.connectRelay(world.relay));
  await world.settle();
  expect((await scene.show(alice)).join()).toContain("secret");
});
