// A relay that damages, swaps or leaves out the permits by which a new device gets its keys.

import type { Alarm } from "@selkie/core";
import {
  adoptOwnRun,
  type EntryId,
  holeOf,
  identifyEntry,
  type Part,
  partKind,
  toHex,
  type VerifiedEntry,
  type VerifiedRun,
} from "@selkie/entry";
import { nativeVerifier } from "@selkie/entry/native";
import type { MemoryDisk } from "@selkie/store";
import { expect, test } from "vitest";
import { maliciousRelay } from "../../src/malicious-relay.ts";
import type { SimDevice } from "../../src/sim-device.ts";
import { relayWith, setRelayBack } from "../support/disks.ts";
import { HostileMember } from "../support/hostile-member.ts";
import { runsOf } from "../support/lies.ts";
import { codeOf, Scene } from "../support/scene.ts";

/** The type of frames that carry entries. */
const ENTRIES = 8;

/** Dave was approved: what that added to the directory, and the relay as it was before. */
async function approved(scene: Scene): Promise<{ readonly dave: SimDevice; readonly before: MemoryDisk }> {
  const { alice, world } = scene;
  const dave = world.device("dave");
  await dave.setUp();
  await scene.run(alice.database.createDocument({ title: "to be read" }));
  await world.settle();
  const before = world.relay.disk.copy();
  const approval = await scene.run(
    alice.tenant.directory.approveJoinRequest(await scene.run(dave.ask()), { role: "editor" }),
  );
  await world.settle();
  await scene.run(dave.join(approval.toString()));
  return { dave, before };
}

async function expectHonestRelayHelps(scene: Scene, dave: SimDevice): Promise<void> {
  const line = await scene.run(dave.connectRelay(scene.world.relay));
  await scene.run(dave.openDatabase());
  await scene.run(line.synced());
  expect((await scene.show(dave)).join()).toContain("to be read");
}

const versionsOf = (device: SimDevice): readonly string[] =>
  (device.life?.host.bag.keyBag.tenants() ?? []).flatMap(({ tenant }) =>
    (device.life?.host.bag.keyBag.keyVersions(tenant) ?? []).map(({ version }) => toHex(version)),
  );

function isPermit({ kind }: Part): boolean {
  return kind === partKind.permit;
}

/** The entry with other parts, under the signature that it had. */
function altered(entry: VerifiedEntry, parts: readonly Part[]): VerifiedRun {
  const { header, table, signature } = entry;
  if (signature === null) throw new RangeError("a signed entry");
  return adoptOwnRun([identifyEntry(nativeVerifier, { header, table, parts, signature })], signature);
}

test("A1 P-5 a byte flipped anywhere in what brings a permit gives no key, and no other one: then the genuine one comes", async () => {
  const scene = await Scene.begin("A1 flipped");
  const { world } = scene;
  const { dave } = await approved(scene);
  const [disk, file] = [dave.disk.copy(), dave.keyBagFile];
  const genuine = new Set(versionsOf(scene.alice));
  await dave.close();
  let flipped = 0;
  for (let attack = 0; attack < 40; attack += 1) {
    const victim = world.device(`dave ${attack}`);
    victim.disk = disk.copy();
    victim.keyBagFile = file;
    await scene.run(victim.start()).catch(() => undefined); // no directory yet, and so no database
    const flip = (frame: Uint8Array): readonly Uint8Array[] => {
      if (frame[0] !== ENTRIES) return [frame];
      const at = 1 + Math.floor(((frame.length - 1) * attack) / 40);
      frame[at] = (frame[at] ?? 0) ^ (1 << (attack % 8));
      flipped += 1;
      return [frame];
    };
    const connecting = victim.connectRelay(world.relay, maliciousRelay(world.relay.accept, { fromRelay: flip }));
    connecting.catch(() => undefined); // refused or broken off: both are fine
    await world.clock.advance(2_000);
    for (const version of versionsOf(victim)) expect(genuine).toContain(version);
    expect(victim.noticed.filter(({ type }) => type === "report")).toEqual([]);
    victim.crash();
  }
  expect(flipped).toBeGreaterThan(40);
  await scene.run(dave.start()).catch(() => undefined);
  await expectHonestRelayHelps(scene, dave);
});

/** A relay that puts its own version of what the approval added to the directory in the place of what everybody sent it. */
interface Rewound {
  /** Of the directory: all entries, and those that the approval added. */
  readonly genuine: readonly VerifiedEntry[];
  readonly fresh: readonly VerifiedEntry[];
  put(entry: VerifiedEntry, parts: readonly Part[]): Promise<void>;
  /** From now on it is honest, and that helps. */
  giveBack(dave: SimDevice): Promise<void>;
}

async function rewind(scene: Scene, before: MemoryDisk): Promise<Rewound> {
  const { directory } = (await HostileMember.of(scene.alice)).record;
  const genuine = (await runsOf(scene.relayEntries(directory))).flatMap(({ entries }) => entries);
  const honest = scene.world.relay.disk.copy();
  await relayWith(scene, before);
  const held = await scene.relayEntries(directory).vector();
  return {
    genuine,
    fresh: genuine.filter(({ header }) => header.seq > (held.get(toHex(header.writer))?.seq ?? -1)),
    put: async (entry, parts) => void (await scene.relayEntries(directory).append([altered(entry, parts)])),
    giveBack: async (dave) => {
      await scene.run(dave.disconnect());
      setRelayBack(scene, honest);
      await expectHonestRelayHelps(scene, dave);
    },
  };
}

/** Whoever connects gets no key, and cannot work. */
async function expectNothingTaken({ world }: Scene, dave: SimDevice): Promise<void> {
  const connecting = dave.connectRelay(world.relay);
  connecting.catch(() => undefined);
  await world.clock.advance(20_000);
  expect(versionsOf(dave)).toEqual([]);
  expect(await codeOf(dave.tenant.openDB("things"))).toBe("DIRECTORY_UNKNOWN");
}

/** What a relay makes of the entry that admits Dave; null where it gives the entry as it is, with other parts. */
const SWAPS: Record<string, (entry: VerifiedEntry, other: VerifiedEntry) => readonly Part[]> = {
  "two permits in each other's place": ({ parts }) => {
    const permits = parts.flatMap((part, at) => (isPermit(part) ? [at] : []));
    const [first = 0, second = 0] = permits;
    return parts.map((part, at) => parts[at === first ? second : at === second ? first : at] ?? part);
  },
  "a permit of another entry, for other users and versions": ({ parts }, other) => {
    const foreign = other.parts.find(isPermit);
    return parts.map((part) => (isPermit(part) ? (foreign ?? part) : part));
  },
  "a permit with its last byte changed": ({ parts }) =>
    parts.map((part) => {
      if (!isPermit(part) || part.type !== "sealed") return part;
      const ciphertext = part.ciphertext.slice();
      ciphertext[ciphertext.length - 1] = (ciphertext.at(-1) ?? 0) ^ 1;
      return { ...part, ciphertext: ciphertext as typeof part.ciphertext };
    }),
};

for (const [what, swap] of Object.entries(SWAPS))
  test(`A1 P-5 ${what}: the entry is refused, no key is taken and none is made in its place`, async () => {
    const scene = await Scene.begin(`A1 ${what}`);
    const { dave, before } = await approved(scene);
    const { fresh, genuine, put, giveBack } = await rewind(scene, before);
    const target = fresh.find(({ parts, signature }) => parts.some(isPermit) && signature !== null);
    const other = genuine.find(({ id, parts }) => !same(id, target?.id) && parts.some(isPermit));
    if (target === undefined || other === undefined) throw new RangeError("an entry with permits");
    await put(target, swap(target, other));
    await expectNothingTaken(scene, dave);
    expect(dave.noticed.filter(({ type }) => type === "report")).toEqual([]);
    await giveBack(dave);
  });

const same = (id: EntryId, other: EntryId | undefined): boolean => other !== undefined && toHex(id) === toHex(other);

test("A1 P-5 K-8 a permit that a relay leaves out gives no key, and does not keep the genuine one from coming later", async () => {
  const scene = await Scene.begin("A1 hole");
  const { dave, before } = await approved(scene);
  const { fresh, put, giveBack } = await rewind(scene, before);
  for (const entry of fresh)
    await put(
      entry,
      entry.parts.map((part) => (isPermit(part) ? holeOf(nativeVerifier, part) : part)),
    );
  const alarms: Alarm[] = [];
  dave.tenant.on("alarm", (alarm) => alarms.push(alarm));
  await expectNothingTaken(scene, dave);
  const named = alarms.filter(({ code }) => code === "PART_MISSING").map(({ entryId }) => entryId);
  expect(named.length).toBeGreaterThan(0);
  expect(new Set(named).size).toBe(named.length);
  await giveBack(dave);
});
