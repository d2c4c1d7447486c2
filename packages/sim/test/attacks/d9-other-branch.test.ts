// A removed member shows others another branch of what he wrote while he was in: whole clients, a relay and a directory.
import { entryType, toHex, type VerifiedRun } from "@selkie/entry";
import { expect, test } from "vitest";
import { newIdentity } from "../../../core/src/directory/identity.ts";
import { encodeStatement } from "../../../core/src/directory/statement-codec.ts";
import { handMade } from "../../../core/test/automerge/hand-made-change.ts";
import { seededCrypto } from "../../src/seeded-crypto.ts";
import { SeededRandom } from "../../src/seeded-random.ts";
import type { SimDevice } from "../../src/sim-device.ts";
import { type HostileChain, HostileMember } from "../support/hostile-member.ts";
import { hex, replicaOf } from "../support/lies.ts";
import { Scene } from "../support/scene.ts";

const BOB = "CN=bob/O=acme";
const SLICE = { entries: 100, bytes: 1_000_000 };

interface Cast {
  readonly scene: Scene;
  readonly chain: HostileChain;
  readonly first: VerifiedRun;
  /** What everybody honest has seen, each entry signed. */
  readonly honest: readonly VerifiedRun[];
  /** Goes on from the first entry otherwise, and further. */
  readonly other: readonly VerifiedRun[];
}

async function begin(seed: string): Promise<Cast> {
  const scene = await Scene.begin(seed);
  const chain = await (await HostileMember.of(scene.bob)).chain(scene.database);
  const write = (of: HostileChain, counter: number, value: string): Promise<VerifiedRun> => {
    const document = { counter };
    const { bytes } = handMade({ actor: hex(of.actor(document)), ops: [{ key: { text: "k" }, value }] });
    return of.write([of.change(document, bytes, { kind: "create" })]);
  };
  const first = await write(chain, 0, "first");
  const branch = chain.fork();
  const honest = [await write(chain, 1, "honest 1"), await write(chain, 2, "honest 2")];
  await scene.run(scene.bob.disconnect());
  const other: VerifiedRun[] = [];
  for (const counter of [11, 12, 13, 14]) other.push(await write(branch, counter, `other ${counter}`));
  return { scene, chain, first, honest, other };
}

const give = async ({ scene }: Cast, device: SimDevice, runs: readonly VerifiedRun[]): Promise<void> => {
  for (const run of runs) await scene.run(device.database.pullChangesFrom(replicaOf(scene, [run])));
};

const revoke = ({ scene }: Cast) => scene.run(scene.alice.tenant.directory.revokeUser(BOB));

/** The ids of what a device, or the relay, holds of the chain. */
async function held({ scene, chain }: Cast, device: SimDevice | "relay"): Promise<readonly string[]> {
  const entries = device === "relay" ? scene.relayEntries() : device.database.getStore();
  const ids: string[] = [];
  for (;;) {
    const run = await entries.read(chain.writer, ids.length, SLICE);
    if (run === null) return ids;
    ids.push(...run.entries.map(({ id }) => toHex(id)));
  }
}

const idsOf = (...runs: readonly VerifiedRun[]) => runs.flatMap(({ entries }) => entries.map(({ id }) => toHex(id)));

/** Everybody who is still in holds, shows and quarantines the same: the branch that was there when Bob was revoked. */
async function expectHealed(cast: Cast, known: readonly VerifiedRun[]): Promise<void> {
  const { scene } = cast;
  const values: (readonly string[])[] = [];
  for (const device of [scene.alice, scene.carol]) {
    const shown = await scene.show(device);
    values.push(shown.flatMap((text) => /"k":"(.*)"/.exec(text)?.[1] ?? []).sort());
    expect(await held(cast, device), device.name).toEqual(idsOf(...known));
  }
  const expected = ["first", ...known.slice(1).map((_, at) => `honest ${at + 1}`)];
  expect(values).toEqual([expected, expected]);
  expect(await held(cast, "relay")).toEqual(idsOf(...known));
}

test("D9 a branch that only one device was given gives way to the one that the revocation names", async () => {
  const cast = await begin("D9 one victim");
  const { scene, first, honest, other } = cast;
  await scene.run(scene.carol.disconnect());
  await give(cast, scene.alice, [first, ...honest]);
  await give(cast, scene.carol, [first, ...other]);
  expect((await scene.show(scene.carol)).join()).toContain("other 14");
  await scene.world.settle();
  await revoke(cast);
  await scene.reconnect([scene.alice, scene.carol]);
  await scene.world.settle();
  await expectHealed(cast, [first, ...honest]);
  expect(scene.alarms(scene.carol)).toContain("EQUIVOCATION");
});

test("D9 a relay that was given the other branch first gets the right one from an admin, and passes it on", async () => {
  const cast = await begin("D9 relay");
  const { scene, first, honest, other } = cast;
  await scene.run(scene.alice.disconnect());
  await give(cast, scene.alice, [first, ...honest]);
  await scene.relayEntries().append([first, ...other]);
  await scene.reconnect([scene.carol]);
  expect((await scene.show(scene.carol)).join()).toContain("other 14");
  await revoke(cast);
  await scene.reconnect([scene.alice, scene.carol]);
  await scene.world.settle();
  await expectHealed(cast, [first, ...honest]);
  expect(scene.alarms(scene.carol)).toContain("EQUIVOCATION");
});

test("D9 what comes after the revocation, by whatever way, changes nothing, and stays away after everybody started again", async () => {
  const cast = await begin("D9 later");
  const { scene, first, honest, other } = cast;
  await give(cast, scene.alice, [first, ...honest.slice(0, 1)]);
  await scene.world.settle();
  await revoke(cast);
  await scene.reconnect([scene.alice, scene.carol]);
  const known = [first, ...honest.slice(0, 1)];
  await expectHealed(cast, known);
  await give(cast, scene.carol, [first, ...other]);
  await give(cast, scene.alice, [first, ...other]);
  await scene.reconnect([scene.alice, scene.carol]);
  await expectHealed(cast, known);
  for (const device of [scene.alice, scene.carol]) await scene.run(device.close());
  for (const device of [scene.alice, scene.carol]) await scene.run(device.start());
  await scene.reconnect([scene.alice, scene.carol]);
  await expectHealed(cast, known);
});

/** What the directory says to a device, and what is stored of a chain of it. */
async function directoryOf(scene: Scene, device: SimDevice, chain: HostileChain): Promise<string> {
  const ids: string[] = [];
  const entries = device.life?.store.entries(scene.tenant, chain.database);
  for (let run = await entries?.read(chain.writer, 0, SLICE); run != null; ) {
    ids.push(...idsOf(run));
    run = await entries?.read(chain.writer, ids.length, SLICE);
  }
  const { directory } = device.tenant;
  const devices = (await directory.devices()).map(({ id, user, revoked }) => `${id} ${user} ${revoked}`).sort();
  return JSON.stringify([ids, devices, await directory.users()]);
}

test("D9 of a forked chain of the directory everybody hears the branch that the revocation names, whichever came first", async () => {
  const scene = await Scene.begin("D9 directory");
  const { alice, bob, carol } = scene;
  const hostile = await HostileMember.of(bob);
  const { directory } = hostile.record;
  const chain = await hostile.chain(directory, entryType.statement);
  const add = async (of: HostileChain, name: string): Promise<VerifiedRun> => {
    const identity = newIdentity(seededCrypto(new SeededRandom(name)), BOB);
    const { publicKey: deviceSign } = await hostile.crypto.importSigningKey(identity.deviceSignSeed);
    const { publicKey: deviceKem } = await hostile.crypto.importKemKey(identity.deviceKemSeed);
    const plaintext = encodeStatement({ type: "addDevice", deviceSign, deviceKem, userKeys: [] });
    return of.write([{ kind: "statement", key: hostile.directoryKey, plaintext }]);
  };
  const first = await add(chain, "first");
  const branch = chain.fork();
  const honest = [await add(chain, "honest 1"), await add(chain, "honest 2")];
  const other = [await add(branch, "other 1"), await add(branch, "other 2"), await add(branch, "other 3")];
  for (const device of [alice, bob, carol]) await scene.run(device.disconnect());
  await alice.life?.store.entries(scene.tenant, directory).append([first, ...honest]);
  await carol.life?.store.entries(scene.tenant, directory).append([first, ...other]);
  await scene.relayEntries(directory).append([first, ...other]);
  for (const device of [alice, carol]) await scene.run(device.close());
  for (const device of [alice, carol]) await scene.run(device.start());
  expect(await directoryOf(scene, alice, chain)).not.toBe(await directoryOf(scene, carol, chain));
  await scene.run(alice.tenant.directory.revokeUser(BOB));
  await scene.reconnect([alice, carol]);
  const healed = await directoryOf(scene, alice, chain);
  expect(JSON.parse(healed)[0]).toEqual(idsOf(first, ...honest));
  expect(await directoryOf(scene, carol, chain)).toBe(healed);
  for (const device of [alice, carol]) await scene.run(device.close());
  for (const device of [alice, carol]) await scene.run(device.start());
  for (const device of [alice, carol]) expect(await directoryOf(scene, device, chain)).toBe(healed);
});
