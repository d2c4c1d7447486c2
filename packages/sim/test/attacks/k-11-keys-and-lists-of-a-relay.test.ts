import { entryType } from "@selkie/entry";
import { expect, test } from "vitest";
import { userKemOf } from "../../../core/src/directory/identity.ts";
import { encodeStatement } from "../../../core/src/directory/statement-codec.ts";
import { placeKeysOf } from "../../../core/src/keys/key-version.ts";
import { draftPermits } from "../../../core/src/keys/permit.ts";
import type { PartDraft } from "../../../core/src/sealing/seal-entry.ts";
import { maliciousRelay } from "../../src/malicious-relay.ts";
import { SeededRandom } from "../../src/seeded-random.ts";
import type { SimDevice } from "../../src/sim-device.ts";
import { expectWorkGoesOn } from "../support/hostile-change.ts";
import { HostileMember } from "../support/hostile-member.ts";
import { hex, runsOf } from "../support/lies.ts";
import { everyByteOf, found } from "../support/look-for.ts";
import { Scene } from "../support/scene.ts";

const versionsOf = (device: SimDevice): readonly string[] => {
  const bag = device.life?.host.bag.keyBag;
  return (bag?.tenants() ?? [])
    .flatMap(({ tenant }) => bag?.keyVersions(tenant) ?? [])
    .map(({ version }) => hex(version));
};

test("K-11 P-2 a key that a relay wraps for a member, and lists and statements it makes, are adopted by nobody", async () => {
  const scene = await Scene.begin("K-11 keys");
  const member = await HostileMember.of(scene.bob);
  const liar = await member.stranger();
  const before = scene.everybody.map(versionsOf);
  const users = await scene.alice.tenant.directory.users();

  const chain = await liar.chain(member.record.directory, entryType.statement);
  const recipients = await Promise.all(
    scene.everybody.map(async ({ life }) => {
      const [identity] = life?.host.bag.keyBag.identities() ?? [];
      if (identity === undefined) throw new RangeError("no identity");
      return { kem: (await userKemOf(liar.crypto, identity)).publicKey };
    }),
  );
  const keys = [liar.directoryKey, liar.defaultKey];
  const statement = (plaintext: PartDraft & { kind: "statement" }) => plaintext;
  const permit = statement({
    kind: "statement",
    key: liar.directoryKey,
    plaintext: encodeStatement({
      type: "permit",
      history: "full",
      versions: keys.map(({ keyId, version }) => ({ keyId, version })),
      to: [{ type: "part", index: 1 }],
    }),
  });
  const list = statement({
    kind: "statement",
    key: liar.directoryKey,
    plaintext: encodeStatement({ type: "accessList", list: liar.crypto.randomBytes(200) }),
  });
  await scene.plant(
    [await chain.write([permit, list, ...draftPermits(liar.crypto, recipients, keys, "full")])],
    member.record.directory,
  );

  expect(scene.everybody.map(versionsOf)).toEqual(before);
  expect(await scene.alice.tenant.directory.users()).toEqual(users);
  for (const device of scene.everybody) expect(scene.alarms(device)).toContain("KEY_UNAUTHENTIC");
  await expectWorkGoesOn(scene);
  const tag = hex((await placeKeysOf(liar.crypto, liar.defaultKey, scene.database)).tag);
  const tags = (await runsOf(scene.relayEntries())).flatMap(({ entries }) =>
    entries.flatMap(({ table }) => table.map(hex)),
  );
  expect(tags.length).toBeGreaterThan(0);
  expect(tags).not.toContain(tag);
});

test("K-11 whatever a relay answers or breaks off, not a byte of plaintext, name or key leaves a device", async () => {
  const scene = await Scene.begin("K-11 failures");
  const { alice, world } = scene;
  const sent: Uint8Array[] = [];
  world.network.tap = (lane, frame) => void (lane.startsWith("alice>") && sent.push(frame));
  const { id } = await scene.run(alice.database.createDocument({ title: "canary zero" }));
  for (let attack = 0; attack < 16; attack += 1) {
    await scene.run(alice.disconnect());
    await scene.run(
      alice.database.changeDoc(await alice.database.getDocument(id), (draft) => {
        draft.getData()[`canary field ${attack}`] = `canary value ${attack}`;
      }),
    );
    const random = new SeededRandom(`attack ${attack}`);
    const answer = (frame: Uint8Array, index: number): readonly Uint8Array[] => {
      if (index < attack % 8) return [frame];
      if (attack % 3 === 0) return [];
      return attack % 3 === 1 ? [random.bytes(frame.length)] : [frame, frame];
    };
    const connecting = alice.connectRelay(world.relay, maliciousRelay(world.relay.accept, { fromRelay: answer }));
    connecting.catch(() => undefined); // refused, or still waiting: what counts is what was sent
    await world.clock.advance(15_000);
  }
  const [identity] = alice.life?.host.bag.keyBag.identities() ?? [];
  const [record] = alice.life?.host.bag.keyBag.tenants() ?? [];
  const secrets = Object.entries({ ...identity, rootSeed: record?.rootSeed }).flatMap(([name, value]) =>
    value instanceof Uint8Array && /seed|secret/i.test(name) ? [[name, value] as const] : [],
  );
  expect(secrets.length).toBeGreaterThan(4);
  const needles = {
    ...Object.fromEntries(secrets),
    canary: "canary",
    name: "CN=alice",
    tenant: "acme",
    database: "things",
    id,
  };
  expect(sent.length).toBeGreaterThan(30);
  expect(found(everyByteOf(sent), needles)).toEqual([]);
  await scene.reconnect();
  expect(JSON.stringify(await scene.shared())).toContain("canary value 15");
});
