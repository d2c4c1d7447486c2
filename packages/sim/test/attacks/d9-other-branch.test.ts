// A removed member shows others another branch of what he wrote while he was in: whole clients, a relay and a directory.
import { entryType, type VerifiedRun } from "@selkie/entry";
import { expect, test } from "vitest";
import { newIdentity } from "../../../core/src/directory/identity.ts";
import { encodeStatement } from "../../../core/src/directory/statement-codec.ts";
import { seededCrypto } from "../../src/seeded-crypto.ts";
import { SeededRandom } from "../../src/seeded-random.ts";
import type { SimDevice } from "../../src/sim-device.ts";
import { give, idsHeld, idsOf, valuesIn, writeValue } from "../support/branches.ts";
import { type HostileChain, HostileMember } from "../support/hostile-member.ts";
import { Scene } from "../support/scene.ts";

const BOB = "CN=bob/O=acme";

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
  const first = await writeValue(chain, 0, "first");
  const branch = chain.fork();
  const honest = [await writeValue(chain, 1, "honest 1"), await writeValue(chain, 2, "honest 2")];
  await scene.run(scene.bob.disconnect());
  const other: VerifiedRun[] = [];
  for (const counter of [11, 12, 13, 14]) other.push(await writeValue(branch, counter, `other ${counter}`));
  return { scene, chain, first, honest, other };
}

const revoke = ({ scene }: Cast) => scene.run(scene.alice.tenant.directory.revokeUser(BOB));

/** Everybody who is still in holds, shows and quarantines the same: the branch that was there when Bob was revoked. */
async function expectHealed(cast: Cast, known: readonly VerifiedRun[]): Promise<void> {
  const { scene, chain } = cast;
  const values = ["first", ...known.slice(1).map((_, at) => `honest ${at + 1}`)];
  for (const device of [scene.alice, scene.carol]) {
    expect(valuesIn(await scene.show(device)), device.name).toEqual(values);
    expect(await idsHeld(device.database.getStore(), chain.writer), device.name).toEqual(idsOf(...known));
  }
  expect(await idsHeld(scene.relayEntries(), chain.writer)).toEqual(idsOf(...known));
}

/** Carol, who was shown the other branch, is told of it, and goes back to what Alice names. */
async function expectRevocationHeals(cast: Cast): Promise<void> {
  const { scene, first, honest } = cast;
  expect((await scene.show(scene.carol)).join()).toContain("other 14");
  await scene.world.settle();
  await revoke(cast);
  await scene.reconnect([scene.alice, scene.carol]);
  await scene.world.settle();
  await expectHealed(cast, [first, ...honest]);
  expect(scene.alarms(scene.carol)).toContain("EQUIVOCATION");
}

test("D9 a branch that only one device was given gives way to the one that the revocation names", async () => {
  const cast = await begin("D9 one victim");
  const { scene, first, honest, other } = cast;
  await scene.run(scene.carol.disconnect());
  await give(scene, scene.alice, [first, ...honest]);
  await give(scene, scene.carol, [first, ...other]);
  await expectRevocationHeals(cast);
});

test("D9 a relay that was given the other branch first gets the right one from an admin, and passes it on", async () => {
  const cast = await begin("D9 relay");
  const { scene, first, honest, other } = cast;
  await scene.run(scene.alice.disconnect());
  await give(scene, scene.alice, [first, ...honest]);
  await scene.relayEntries().append([first, ...other]);
  await scene.reconnect([scene.carol]);
  await expectRevocationHeals(cast);
});

test("D9 what comes after the revocation, by whatever way, changes nothing, and stays away after everybody started again", async () => {
  const cast = await begin("D9 later");
  const { scene, first, honest, other } = cast;
  await give(scene, scene.alice, [first, ...honest.slice(0, 1)]);
  await scene.world.settle();
  await revoke(cast);
  await scene.reconnect([scene.alice, scene.carol]);
  const known = [first, ...honest.slice(0, 1)];
  await expectHealed(cast, known);
  await give(scene, scene.carol, [first, ...other]);
  await give(scene, scene.alice, [first, ...other]);
  await scene.reconnect([scene.alice, scene.carol]);
  await expectHealed(cast, known);
  for (const device of [scene.alice, scene.carol]) await scene.run(device.close());
  for (const device of [scene.alice, scene.carol]) await scene.run(device.start());
  await scene.reconnect([scene.alice, scene.carol]);
  await expectHealed(cast, known);
});

/** What the directory says to a device, and what is stored of a chain of it. */
async function directoryOf(scene: Scene, device: SimDevice, chain: HostileChain): Promise<string> {
  const { store } = device.life ?? expect.fail("a running device");
  const ids = await idsHeld(store.entries(scene.tenant, chain.database), chain.writer);
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
