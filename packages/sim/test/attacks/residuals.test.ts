// What a relay learns and what nobody can prevent: attacks that succeed, so that nobody takes them for held.
import { entryType, equalBytes, fromHex, parseEntryId, partKind, recipientTag, tableIndex } from "@selkie/entry";
import { nativeVerifier } from "@selkie/entry/native";
import { expect, test } from "vitest";
import { databaseIdOf } from "../../../core/src/directory/database-id.ts";
import { decodeStatement } from "../../../core/src/directory/statement-codec.ts";
import { decodeMessage } from "../../../sync-protocol/src/message/codec.ts";
import { HeldKeys } from "../support/held-keys.ts";
import { changeBy } from "../support/hostile-change.ts";
import { HostileMember } from "../support/hostile-member.ts";
import { hex, runsOf } from "../support/lies.ts";
import { Observer } from "../support/observer.ts";
import { codeOf, Scene } from "../support/scene.ts";

const entriesOf = async (scene: Scene) => (await runsOf(scene.relayEntries())).flatMap(({ entries }) => entries);

test("R1 a relay sees which parts share a key version: one tag for all that everybody writes into a database", async () => {
  const scene = await Scene.begin("R1");
  for (const { database, name } of scene.everybody) await scene.run(database.createDocument({ by: name }));
  await scene.world.settle();
  const tags = (await entriesOf(scene)).map(({ table, parts }) =>
    hex(table[parts.at(-1)?.table ?? 0] ?? new Uint8Array()),
  );
  expect(tags).toHaveLength(3);
  expect(new Set(tags).size).toBe(1);
});

test("R2 a relay sees how many documents an entry touches, and how large each is to within the padding", async () => {
  const scene = await Scene.begin("R2");
  const rows = [1, 1, 2_000, 1, 15_000, 1, 1].map((length) => ({ text: "x".repeat(length) }));
  await scene.run(scene.alice.database.createDocuments(rows));
  await scene.world.settle();
  const [entry] = await entriesOf(scene);
  const changes = (entry?.parts ?? []).filter(({ kind }) => kind === partKind.change);
  const sizes = changes.map((part) => (part.type === "sealed" ? part.ciphertext.length : 0));
  expect(sizes).toHaveLength(rows.length);
  expect(sizes.map((size) => (size > 15_000 ? "large" : size > 2_000 ? "middle" : "small"))).toEqual([
    "small",
    "small",
    "middle",
    "small",
    "large",
    "small",
    "small",
  ]);
});

test("R3 a relay sees which permits are for which login, for it is told whom a device wants permits for", async () => {
  const scene = await Scene.begin("R3");
  const { alice, bob, carol } = scene;
  const observer = new Observer(scene);
  await scene.reconnect();
  const directory = async () => (await runsOf(scene.relayEntries(scene.directory))).flatMap(({ entries }) => entries);
  const before = new Set((await directory()).map(({ id }) => hex(id)));
  await scene.run(alice.tenant.directory.createKey("board", { share: ["CN=bob/O=acme"] }));
  await scene.world.settle();
  const last = (await directory()).find(
    ({ id, parts }) => !before.has(hex(id)) && parts.some(({ table }) => table === tableIndex.hpke),
  );
  if (last === undefined) throw new RangeError("the permit for Bob");
  const isFor = (name: string): boolean => {
    const tags = [...namedBy(observer, `${name}>relay`)].map((recipient) =>
      hex(recipientTag(nativeVerifier, fromHex(recipient), last.header.salt)),
    );
    return last.parts.some((part) => part.type === "sealed" && tags.includes(hex(part.ciphertext.subarray(0, 16))));
  };
  // Who was given the key: those two, and no third.
  expect([alice, bob, carol].map(({ name }) => isFor(name))).toEqual([true, true, false]);

  // Who wants everything names nobody.
  await scene.run(carol.close());
  carol.parts = "all";
  await scene.run(carol.start());
  const again = new Observer(scene);
  await scene.run(carol.connectRelay(scene.world.relay));
  await scene.world.settle();
  expect(namedBy(again, "carol>relay").size).toBe(0);
});

test("R3 a relay sees which key tags a device holds whose app wants only what it can read", async () => {
  const scene = await Scene.begin("R3 tags");
  const { alice, bob, carol, world } = scene;
  await scene.run(alice.tenant.directory.createKey("board", { share: ["CN=bob/O=acme"] }));
  await scene.run(alice.database.createDocument({ title: "for the board" }, { key: "board" }));
  await world.settle();
  const [tag] = (await entriesOf(scene)).map(({ table, parts }) =>
    hex(table[parts.at(-1)?.table ?? 0] ?? new Uint8Array()),
  );
  const names: boolean[] = [];
  for (const device of [bob, carol]) {
    await scene.run(device.close());
    device.parts = "readable";
    await scene.run(device.start());
    const observer = new Observer(scene);
    await scene.run(device.connectRelay(world.relay));
    await world.settle();
    names.push(tag !== undefined && tagsNamedBy(observer, `${device.name}>relay`).has(tag));
  }
  expect(names).toEqual([true, false]);
});

/** The key tags that a device named to the relay, in hexadecimal. */
function tagsNamedBy({ frames }: Observer, lane: string): ReadonlySet<string> {
  const messages = frames
    .filter((item) => item.lane === lane && (item.frame[0] === OPEN || item.frame[0] === WANT))
    .map(({ frame }) => decodeMessage(frame));
  const wanted = messages.flatMap((message) => {
    if (message.type === "open") return message.items.map((item) => item.wanted);
    return message.type === "want" ? [message.wanted] : [];
  });
  return new Set(wanted.flatMap((each) => each?.tags.map(hex) ?? []));
}

/** The recipients that a device named to the relay, in hexadecimal. */
function namedBy({ frames }: Observer, lane: string): ReadonlySet<string> {
  const messages = frames
    .filter((item) => item.lane === lane && item.frame[0] === OPEN)
    .map(({ frame }) => decodeMessage(frame));
  const items = messages.flatMap((message) => (message.type === "open" ? message.items : []));
  return new Set(items.flatMap(({ wanted }) => wanted?.recipients.map(hex) ?? []));
}

/** The types of frames that open databases, and that say what is wanted of them. */
const [OPEN, WANT] = [5, 19];

test("R4 a relay counts the devices that write into a database, by their writer keys", async () => {
  const scene = await Scene.begin("R4");
  for (const { database, name } of scene.everybody) await scene.run(database.createDocument({ by: name }));
  await scene.world.settle();
  expect(await scene.writers()).toHaveLength(scene.everybody.length);
});

test("R5 a relay sees when a device writes, to within the flush window", async () => {
  const scene = await Scene.begin("R5");
  const { alice, world } = scene;
  await scene.run(alice.database.createDocument({ at: 0 })); // the first in a database names it in the directory, too
  await world.settle();
  const observer = new Observer(scene);
  const wrote: number[] = [];
  for (const pause of [5_000, 12_000, 3_000]) {
    await world.clock.advance(pause);
    wrote.push(world.clock.now);
    await scene.run(alice.database.createDocument({ at: pause }));
    await world.clock.advance(1_000);
  }
  const seen = observer.frames
    .filter(({ lane, frame }) => lane === "alice>relay" && frame.length > 180)
    .map(({ at }) => at);
  expect(seen).toHaveLength(wrote.length);
  for (const [index, at] of wrote.entries()) expect(Math.abs((seen[index] ?? 0) - at)).toBeLessThanOrEqual(330);
});

test("R6 who obtains a key version reads everything that was ever sealed under it", async () => {
  const scene = await Scene.begin("R6");
  for (const { database, name } of scene.everybody) await scene.run(database.createDocument({ secret: `of ${name}` }));
  await scene.world.settle();
  const keys = await HeldKeys.of(scene, scene.carol, ["default"]);
  expect(await keys.open(scene.database, "change")).toHaveLength(scene.everybody.length);
});

test("R8 a removed member who controls a relay tests guesses of the names of databases made since", async () => {
  const scene = await Scene.begin("R8");
  const { alice, bob, world } = scene;
  const { crypto } = (bob.life ?? expect.fail("Bob is running")).host.platform;
  const keys = await HeldKeys.of(scene, bob, ["directory"]);

  await scene.run(bob.disconnect());
  await scene.run(alice.tenant.directory.revokeUser("CN=bob/O=acme"));
  const layoffs = await scene.run(alice.tenant.openDB("layoffs 2027"));
  await scene.run(layoffs.createDocument({ title: "who goes" }));
  await world.settle();

  // The founding entry names the secret that database ids derive from, for ever.
  const statements = (await keys.open(scene.directory, "statement")).map((part) => decodeStatement(part.plaintext));
  const found = statements.find((statement) => statement.type === "found");
  if (found === undefined) throw new RangeError("no founding statement");
  const held = (await world.relay.store?.databases(scene.tenant))?.map(hex);
  const hit = async (guess: string) => held?.includes(hex(await databaseIdOf(crypto, found.tenantSecret, guess)));
  expect([await hit("layoffs 2027"), await hit("layoffs 2026"), await hit("picnic")]).toEqual([true, false, false]);
});

/** Bob names an entry of the directory that nobody has, in a chain of his in this database. */
async function nameNothing(scene: Scene, database = scene.database): Promise<void> {
  const member = await HostileMember.of(scene.bob);
  const isDirectory = equalBytes(database, member.record.directory);
  const chain = await member.chain(database, isDirectory ? entryType.statement : entryType.change);
  chain.frontier = [parseEntryId(chain.member.crypto.randomBytes(32))];
  const change = changeBy(chain, 1, { ops: [{ value: "by Bob" }] });
  const parts = isDirectory ? [] : [chain.change({ counter: 1 }, change, { kind: "create" })];
  await scene.plant([await chain.write(parts)], database);
}

test("R11 a member who names a directory entry that nobody has holds up what others write there, until an admin removes it", async () => {
  const scene = await Scene.begin("R11");
  const { alice, bob, carol, world } = scene;
  await nameNothing(scene);
  expect((await scene.show(carol)).join()).toContain("by Bob"); // what came is held back by nothing
  await scene.run(carol.database.createDocument({ title: "waits" }));
  await world.clock.advance(400_000);
  const [line] = carol.life?.connections ?? [];
  expect(await scene.run(codeOf(line?.synced() ?? Promise.resolve()))).toBe("DIRECTORY_STALE");
  expect(scene.alarms(carol)).toContain("DIRECTORY_STALE");
  expect((await scene.show(alice)).join()).not.toContain("waits");

  await scene.run(bob.disconnect());
  await scene.run(alice.tenant.directory.revokeUser("CN=bob/O=acme"));
  await world.clock.advance(10_000);
  expect((await scene.show(alice)).join()).toContain("waits");
});

test("R11 in the directory it holds up every database; but nobody longer than the tenant's limit, with alarms that name the member", async () => {
  const scene = await Scene.begin("R11 limit", { history: "from-now" });
  const { alice, bob, carol, world } = scene;
  const LIMIT_S = 3_600;
  await scene.run(alice.tenant.settings.change({ directoryStaleAfter: LIMIT_S }));
  await world.settle();
  const blamed: (string | undefined)[] = [];
  carol.tenant.on("alarm", ({ code, user }) => void (code === "DIRECTORY_STALE" && blamed.push(user)));
  const { record } = await HostileMember.of(bob);
  await nameNothing(scene, record.directory);
  await scene.run(carol.database.createDocument({ title: "waits" }));
  await world.clock.advance(400_000);
  const [his] = (await carol.tenant.directory.users()).filter(({ name }) => name === "CN=bob/O=acme");
  expect(blamed).toEqual([his?.id]);
  expect((await scene.show(alice)).join()).not.toContain("waits");

  // Meanwhile an admin lets others in, though in such a tenant what it wrote is to be sealed before.
  await scene.run(alice.database.createDocument({ title: "of Alice" }));
  const dave = world.device("dave");
  await dave.setUp();
  const request = await scene.run(dave.ask());
  const response = await scene.run(alice.tenant.directory.approveJoinRequest(request, { role: "editor" }));
  await scene.run(dave.join(response.toString()));
  await scene.run(alice.tenant.directory.createKey("board"));
  await scene.run(alice.tenant.directory.shareKey("board", ["CN=carol/O=acme"]));

  await world.clock.advance(LIMIT_S * 1_000);
  expect((await scene.show(alice)).join()).toContain("waits");
  expect((await scene.show(carol)).join()).toContain("of Alice");
  expect(blamed).toEqual([his?.id, his?.id]);
  await nameNothing(scene);
  await scene.run(carol.database.createDocument({ title: "waits no more" }));
  await world.settle();
  expect((await scene.show(alice)).join()).toContain("waits no more");
});
