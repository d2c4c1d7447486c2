import { toHex } from "@selkie/entry";
import fc from "fast-check";
import { expect, test } from "vitest";
import { isSafe, keyFitness } from "../../src/directory/key-fitness.ts";
import { recipientsOf } from "../../src/directory/key-recipients.ts";
import type { KeyVersion } from "../../src/keys/key-version.ts";
import { openEntries } from "../../src/sealing/open-entry.ts";
import { sealEntry } from "../../src/sealing/seal-entry.ts";
import { isFit } from "../../src/tenant/key-care.ts";
import { repeatableCrypto, say, testPlace, trusted } from "../fixture.ts";
import { canSeal, type Device, KeyWorld } from "./key-world.ts";

/** A step of a history; `who` and `at` choose among what there is then. */
const step = fc.record({
  what: fc.constantFrom(
    "rotate",
    "rotate",
    "rotate for some",
    "rotate for nobody",
    "revoke",
    "revoke late",
    "device",
    "user",
    "user key",
    "read",
    "read",
  ),
  who: fc.nat(100),
  at: fc.nat(100),
});

const pick = <Item>(items: readonly Item[], at: number): Item | undefined => items[at % Math.max(items.length, 1)];

type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

/**
 * A device adds another before it has read of the user key that it was given itself. Its statement can't list that key, so it must not give
 * it: else the next version is for that key, and who was added, and is out since, opens it.
 */
const addedUnread: readonly Step[] = [
  { what: "user key", who: 0, at: 0 },
  { what: "device", who: 0, at: 0 },
  { what: "device", who: 27, at: 0 },
  { what: "rotate", who: 0, at: 0 },
  { what: "revoke late", who: 29, at: 0 },
  { what: "rotate", who: 0, at: 0 },
];

async function live(world: KeyWorld, steps: readonly Step[]): Promise<void> {
  const founder = await world.grant(null);
  await world.grant(founder);
  await world.addDevice(founder);
  for (const device of world.devices) await world.read(device);
  for (const { what, who, at } of steps) {
    const isLive = (device: Device) => world.rules(null).membership.isLive(device.member.id);
    const alive = world.devices.filter(isLive);
    const device = pick(alive, who);
    if (device === undefined) return;
    // A revoked device that has not heard of it goes on; so does one that has, if it is hostile.
    const anybody = pick(world.devices, who) ?? device;
    if (what === "rotate") await world.rotate(anybody);
    if (what === "rotate for some") await world.rotate(anybody, (nth) => ((at >> nth) & 1) === 1);
    if (what === "rotate for nobody") await world.rotate(anybody, () => false);
    if (what === "user key") await world.publishUserKey(anybody);
    if (what === "device" && world.devices.length < 7)
      await world.addDevice(anybody.ring.current(world.keyId) ? anybody : device);
    if (what === "user" && world.devices.length < 7) await world.grant(device);
    if (what === "read") await world.read(anybody);
    if (what.startsWith("revoke") && alive.length > 1) {
      world.end([device], what === "revoke" ? world.events.length : at % (world.events.length + 1));
    }
  }
}

async function sealedUnder(world: KeyWorld, key: KeyVersion) {
  return trusted(
    await sealEntry(world.crypto, await testPlace(world.crypto), [{ kind: "change", key, plaintext: say("secret") }]),
  );
}

async function opens(world: KeyWorld, device: Device, key: KeyVersion): Promise<boolean> {
  const [[part] = []] = await openEntries(world.crypto, device.ring, [await sealedUnder(world, key)]);
  return part?.type === "opened";
}

test("D10 no history of concurrent rotations, whomever they were given to, of revocations and void statements locks a tenant out, or leaks to an ended device", async () => {
  let nth = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 14 }), async (steps) => {
      const world = new KeyWorld(repeatableCrypto(`history ${nth++}`));
      await live(world, steps);
      for (const device of world.devices) await world.read(device);

      // What the directory says about who holds and can open what is what the devices hold and the rings can open, no more and no less.
      const before = world.rules(null);
      for (const [name, { key }] of world.devices.flatMap(({ userKeys }) => [...userKeys])) {
        const holders = world.devices.filter(({ userKeys }) => userKeys.has(name));
        const keepers = holders.map(({ member }) => before.openers.keeperOf(member));
        expect(before.openers.holdersOf(key.publicKey)).toEqual(new Set(keepers));
      }
      for (const device of world.devices) {
        const held = new Set(device.ring.confirmed().map(({ version }) => toHex(version)));
        for (const version of before.key.versions) {
          expect(
            before.openers.depths(world.keyId, version)(before.openers.keeperOf(device.member)) !== undefined,
          ).toBe(held.has(toHex(version)));
        }
      }
      expect(before.key.current.length).toBeGreaterThan(0);

      // Whoever is left comes to write, whatever it could open before. The first who finds the key unfit turns it, and it is fit for all.
      const alive = world.devices.filter(({ member }) => before.membership.isLive(member.id));
      const writing = pick(alive, steps.length);
      if (writing === undefined) return;
      const fits = (device: Device): boolean => {
        const rules = world.rules(device);
        const view = {
          isSafe: (keyId: Uint8Array) => isSafe(rules, keyId),
          keyFitness: keyFitness(rules),
          recipients: (keyId: Uint8Array) => recipientsOf(rules, keyId),
        };
        return isFit({ view, ring: device.ring }, world.keyId);
      };
      if (!fits(writing)) await world.rotate(writing);
      for (const device of world.devices) await world.read(device);
      expect(alive.map(fits)).toEqual(alive.map(() => true));
      const after = world.rules(null);
      expect(isSafe(after, world.keyId)).toBe(true);
      const current = writing.ring.current(world.keyId);
      if (current === undefined) return expect.fail("a current version");
      for (const device of world.devices) {
        const isLive = after.membership.isLive(device.member.id);
        expect(canSeal(after, device.member, world.keyId)).toBe(isLive);
        expect(await opens(world, device, current)).toBe(isLive);
      }
    }),
    { numRuns: 61, examples: [[[...addedUnread]]] },
  );
}, 60_000);

test("P-11 nothing is led to from a version that who is out made, or was given with its history", async () => {
  const world = new KeyWorld(repeatableCrypto("led back"));
  const founder = await world.grant(null);
  const bob = await world.grant(founder);
  for (const device of world.devices) await world.read(device);
  const byBob = await world.rotate(bob); // he has not heard that he is out
  world.end([bob], world.events.length);
  founder.known = world.events.length; // the revocation, not the version
  const [first] = founder.ring.confirmed();
  const byFounder = await world.rotate(founder);
  const { mayLeadBack } = keyFitness(world.rules(null));
  expect([byFounder, byBob, first].map((key) => mayLeadBack(world.keyId, key?.version ?? world.keyId))).toEqual([
    true,
    false,
    false,
  ]);
});
