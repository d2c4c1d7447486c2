// Nothing is ever encrypted to a key that a relay supplied, whatever it answers. The relay here has what it could not have: the directory
// key, out of a member's pocket. So what is refused is refused for who said it.
import { toHex } from "@selkie/entry";
import { describe, expect, test } from "vitest";
import type { Statement } from "../../../core/src/directory/statement.ts";
import { KeyRing } from "../../../core/src/keys/key-ring.ts";
import { openPermits } from "../../../core/src/keys/permit.ts";
import { openEntries } from "../../../core/src/sealing/open-entry.ts";
import { deviceNamed, keysOf } from "../../../core/test/directory/world.ts";
import { pattern } from "../../../core/test/fixture.ts";
import { maliciousRelay } from "../../src/malicious-relay.ts";
import {
  grantOfMallory,
  MALLORY,
  namesKnownTo,
  sayInDirectory,
  sayUnsigned,
  statementPart,
} from "../support/directory-lies.ts";
import { HostileMember } from "../support/hostile-member.ts";
import { runsOf } from "../support/lies.ts";
import { Scene } from "../support/scene.ts";
import { WrapWatch } from "../support/wrap-watch.ts";

const BOB = "CN=bob/O=acme";

/** Says something in a scene, as an attacker; gives the rejections that honest devices are to announce. */
type Attack = (scene: Scene, parties: Parties) => Promise<readonly string[]>;

interface Parties {
  readonly admin: HostileMember;
  readonly member: HostileMember;
  /** Keys of its own, and the directory key. */
  readonly relay: HostileMember;
}

async function partiesOf(scene: Scene): Promise<Parties> {
  const [admin, member] = [await HostileMember.of(scene.alice), await HostileMember.of(scene.bob)];
  const relay = Object.assign(await member.stranger(), { directoryKey: member.directoryKey });
  return { admin, member, relay };
}

/** Somebody whose certificate names another's admission. */
const posingAs = (relay: HostileMember, { record }: HostileMember): HostileMember => Object.assign(relay, { record });

const userKeyOfMallory = async (): Promise<Statement> => {
  const { user, slot } = await keysOf(MALLORY);
  return { type: "userKey", kem: user, slot, over: [], to: [] };
};

const ATTACKS: Record<string, Attack> = {
  "a grant that nobody signed": async (scene, { admin }) => {
    await sayUnsigned(scene, admin, admin.crypto.randomBytes(64), await grantOfMallory(admin));
    return [];
  },
  "a grant that the relay signed": async (scene, { relay }) => {
    await sayInDirectory(scene, relay, await grantOfMallory(relay));
    return ["AUTHOR_REFUSED"];
  },
  "a grant that the relay signed in an admin's name": async (scene, { relay, admin }) => {
    await sayInDirectory(scene, posingAs(relay, admin), await grantOfMallory(relay));
    return ["AUTHOR_REFUSED"];
  },
  "a grant that a plain member signed": async (scene, { member }) => {
    await sayInDirectory(scene, member, await grantOfMallory(member));
    return ["NOT_ADMIN"];
  },
  "a device that the relay adds to the admin": async (scene, { relay, admin }) => {
    const device = await deviceNamed(MALLORY);
    await sayInDirectory(scene, posingAs(relay, admin), statementPart(relay, device));
    return ["AUTHOR_REFUSED"];
  },
  "a user key that the relay makes for the admin": async (scene, { relay, admin }) => {
    await sayInDirectory(scene, posingAs(relay, admin), statementPart(relay, await userKeyOfMallory()));
    return ["AUTHOR_REFUSED"];
  },
  "a recovery recipient: another root, that the relay names": async (scene, { relay, admin }) => {
    const key = (await keysOf(MALLORY)).sign;
    await sayInDirectory(scene, posingAs(relay, admin), statementPart(relay, { type: "replaceRoot", key, cuts: [] }));
    return ["AUTHOR_REFUSED"];
  },
  "a recovery recipient: another root, that an admin names": async (scene, { admin }) => {
    const key = (await keysOf(MALLORY)).sign;
    await sayInDirectory(scene, admin, statementPart(admin, { type: "replaceRoot", key, cuts: [] }));
    return ["NOT_ROOT"];
  },
  "settings, of a relay and of a member, that name who is to get keys": async (scene, { relay, member }) => {
    const values = [["recovery", toHex((await keysOf(MALLORY)).user.subarray(0, 64))]] as const;
    const settings: Statement = { type: "settings", over: [], values: new Map(values) };
    await sayInDirectory(scene, relay, statementPart(relay, settings));
    await sayInDirectory(scene, member, statementPart(member, settings));
    return ["AUTHOR_REFUSED", "NOT_ADMIN"];
  },
  "a permit's recipient that no statement of the directory names": async (scene, { relay }) => {
    const { keyId, version } = relay.defaultKey;
    const permit: Statement = {
      type: "permit",
      history: "full",
      versions: [{ keyId, version }],
      to: [{ type: "part", index: 1 }],
    };
    await sayInDirectory(scene, relay, statementPart(relay, permit), statementPart(relay, await userKeyOfMallory()));
    return ["AUTHOR_REFUSED"];
  },
};

/** Everything that makes honest devices seal secrets: keys are made, shared, turned and given. */
async function workOfEveryKind(scene: Scene): Promise<void> {
  const { alice, bob, carol, world } = scene;
  const dave = world.device("dave");
  await dave.setUp();
  await scene.run(alice.tenant.directory.createKey("board", { share: [BOB] }));
  await scene.run(alice.tenant.directory.rotateKey("default"));
  const request = await scene.run(dave.ask());
  await scene.run(alice.tenant.directory.approveJoinRequest(request, { role: "editor" }));
  await world.settle();
  await scene.run(carol.tenant.directory.rotateKey("default"));
  for (const { database, name } of [alice, bob, carol]) await scene.run(database.createDocument({ by: name }));
  await world.settle();
  await scene.run(bob.disconnect());
  await scene.run(alice.tenant.directory.revokeUser(BOB));
  for (const { database, name } of [alice, carol]) await scene.run(database.createDocument({ later: name }));
  await world.settle();
}

/** How many parts and permits at the relay, in any database, open with keys of the attacker's, leaving out what it wrote itself. */
async function opensFor(scene: Scene, { relay }: Parties, own: ReadonlySet<string>): Promise<number> {
  const { crypto, record } = relay;
  const ring = new KeyRing(crypto, record.directory);
  ring.add(relay.defaultKey);
  const kems = await Promise.all(
    ["user KEM", "device KEM"].map((kind) => crypto.importKemKey(pattern(`${kind} of ${MALLORY}`, 32))),
  );
  let count = 0;
  for (const database of (await scene.world.relay.store?.databases(scene.tenant)) ?? []) {
    const all = (await runsOf(scene.relayEntries(database))).flatMap(({ entries }) => entries);
    const entries = all.filter(({ header }) => !own.has(toHex(header.writer)));
    count += (await openEntries(crypto, ring, entries)).flat().filter(({ type }) => type === "opened").length;
    for (const entry of entries)
      for (const kem of kems) count += ((await openPermits(crypto, entry, kem)) ?? []).length;
  }
  return count;
}

describe("nothing is encrypted to a key that a relay supplied", () => {
  for (const [name, attack] of Object.entries(ATTACKS))
    test(`A2 A3 A7 P-3 ${name}: nobody is let in, no secret is sealed for its keys, and the refusal is announced`, async () => {
      const scene = await Scene.begin(name);
      const rejected = new Set<string>();
      scene.carol.tenant.on("rejected", ({ code }) => rejected.add(code));
      const parties = await partiesOf(scene);
      const before = await writersOf(scene);
      const expected = await attack(scene, parties);
      const own = new Set([...(await writersOf(scene))].filter((writer) => !before.has(writer)));
      expect([...rejected].sort()).toEqual([...expected].sort());
      for (const device of scene.everybody) expect(await namesKnownTo(device)).not.toContain(MALLORY);
      const watch = new WrapWatch(scene.everybody);
      await workOfEveryKind(scene);
      const { user, kem } = await keysOf(MALLORY);
      expect(watch.recipients.length).toBeGreaterThan(8);
      expect(watch.recipients).not.toContain(toHex(user));
      expect(watch.recipients).not.toContain(toHex(kem));
      expect(await opensFor(scene, parties, own)).toBe(0);
    });

  test("A2 whom an admin lets in does get keys: what the other tests look for would be found", async () => {
    const scene = await Scene.begin("A2 control");
    const parties = await partiesOf(scene);
    await sayInDirectory(scene, parties.admin, await grantOfMallory(parties.admin));
    const watch = new WrapWatch(scene.everybody);
    await workOfEveryKind(scene);
    expect(watch.recipients).toContain(toHex((await keysOf(MALLORY)).user));
    expect(await opensFor(scene, parties, new Set())).toBeGreaterThan(0);
  });

  test("A2 sharing with a name that only a relay's directory knows fails before anything is sealed", async () => {
    const scene = await Scene.begin("A2 share");
    const { member, relay } = await partiesOf(scene);
    await scene.run(scene.alice.tenant.directory.createKey("board"));
    await sayInDirectory(scene, relay, await grantOfMallory(relay));
    await sayInDirectory(scene, member, await grantOfMallory(member));
    const watch = new WrapWatch(scene.everybody);
    const sharing = scene.run(scene.alice.tenant.directory.shareKey("board", [MALLORY]));
    await expect(sharing).rejects.toMatchObject({ code: "USER_UNKNOWN" });
    expect(watch.recipients).toEqual([]);
  });

  test("A3 a member, device or login key that a relay announces in a frame of any type changes no recipient", async () => {
    const scene = await Scene.begin("A3 frames");
    const { alice, world } = scene;
    const { user, kem, sign, slot } = await keysOf(MALLORY);
    for (let type = 0; type < 32; type += 1) {
      await scene.run(alice.disconnect());
      const inject = (frame: Uint8Array, index: number): readonly Uint8Array[] =>
        index === 3 ? [Uint8Array.of(type, ...sign, ...slot, ...kem, ...user), frame] : [frame];
      const connecting = alice.connectRelay(world.relay, maliciousRelay(world.relay.accept, { fromRelay: inject }));
      connecting.catch(() => undefined); // refused or broken off: both are fine
      await world.clock.advance(1_500);
    }
    await scene.reconnect();
    const watch = new WrapWatch(scene.everybody);
    await workOfEveryKind(scene);
    expect(watch.recipients).not.toContain(toHex(user));
    expect(watch.recipients).not.toContain(toHex(kem));
    for (const device of [alice, scene.carol]) expect(await namesKnownTo(device)).not.toContain(MALLORY);
  });
});

/** Everybody who wrote at the relay, in hexadecimal. */
async function writersOf(scene: Scene): Promise<ReadonlySet<string>> {
  const writers = new Set<string>();
  for (const database of (await scene.world.relay.store?.databases(scene.tenant)) ?? [])
    for (const writer of (await scene.relayEntries(database).vector()).keys()) writers.add(writer);
  return writers;
}
