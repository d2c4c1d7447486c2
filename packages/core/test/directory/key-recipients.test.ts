import { toHex } from "@selkie/entry";
import { describe, expect, test } from "vitest";
import { isSafe } from "../../src/directory/key-fitness.ts";
import { readersGained, recipientsOf } from "../../src/directory/key-recipients.ts";
import { pattern, repeatableCrypto } from "../fixture.ts";
import { canSeal, type Device, KeyWorld } from "./key-world.ts";

async function world() {
  const made = new KeyWorld(repeatableCrypto("recipients"));
  const alice = await made.grant(null);
  const bob = await made.grant(alice);
  await made.read(bob);
  const phone = await made.addDevice(bob);
  for (const device of made.devices) await made.read(device);
  return { made, alice, bob, phone };
}
const recipients = (made: KeyWorld) => recipientsOf(made.rules(null), made.keyId).map(({ kem }) => toHex(kem));
const sorted = (...keys: readonly Uint8Array[]) => keys.map(toHex).sort();
const deviceKem = ({ kem }: Device) => kem.publicKey;
const userKem = ({ member }: Device) => member.userKem;

describe("recipients of a rotation", () => {
  test("are people, one key each, whatever number of devices they have", async () => {
    const { made, alice, bob } = await world();
    expect(recipients(made)).toEqual(sorted(userKem(alice), userKem(bob)));
  });

  test("are a person's live devices while an ended one holds the user key, and the next user key once it is there", async () => {
    const { made, alice, bob, phone } = await world();
    made.end([phone], made.events.length);
    expect(recipients(made)).toEqual(sorted(userKem(alice), deviceKem(bob)));
    await made.read(bob);
    await made.publishUserKey(bob);
    const [last] = made.events.slice(-1);
    const statement = last?.statements[0]?.statement;
    if (statement?.type !== "userKey") return expect.fail("a user key");
    expect(recipients(made)).toEqual(sorted(userKem(alice), statement.kem));
  });

  test("an ended device adds devices to no avail", async () => {
    const { made, bob, phone } = await world();
    made.end([phone], made.events.length);
    await made.read(bob);
    await made.publishUserKey(bob);
    const before = recipients(made);
    const ghost = await made.addDevice(phone);
    made.end([ghost], made.events.length);
    expect(recipients(made)).toEqual(before);
  });

  test("a device that was added since holds what the one that added it did, and gets its own permit where that did not", async () => {
    const { made, alice, bob, phone } = await world();
    const laptop = await made.addDevice(bob);
    await made.read(laptop);
    made.end([phone], made.events.length);
    await made.read(bob);
    await made.publishUserKey(bob);
    const tablet = await made.addDevice(laptop); // which has not heard of the next user key
    expect(recipients(made)).toContain(toHex(deviceKem(tablet)));
    expect(recipients(made).length).toBe(3);
    await made.addDevice(bob);
    expect(recipients(made).length).toBe(3);
    await made.read(bob);
    await made.publishUserKey(bob);
    expect(recipients(made).length).toBe(2);
    expect(recipients(made)).toContain(toHex(userKem(alice)));
  });

  test("are a person's live devices again when one is out that was given the user key when it was added", async () => {
    const { made, alice, bob, phone } = await world();
    made.end([phone], made.events.length);
    await made.read(bob);
    await made.publishUserKey(bob);
    const tablet = await made.addDevice(bob);
    made.end([tablet], made.events.length);
    expect(recipients(made)).toEqual(sorted(userKem(alice), deviceKem(bob)));
  });
});

describe("what is safe to seal under", () => {
  test("is nothing an ended device can open, and everything again after a rotation", async () => {
    const { made, alice, bob, phone } = await world();
    expect(isSafe(made.rules(null), made.keyId)).toBe(true);
    made.end([phone], made.events.length);
    expect(isSafe(made.rules(null), made.keyId)).toBe(false);
    for (const device of made.devices) await made.read(device);
    await made.rotate(alice);
    const rules = made.rules(null);
    expect(isSafe(rules, made.keyId)).toBe(true);
    expect(canSeal(rules, bob.member, made.keyId)).toBe(true);
    expect(canSeal(rules, phone.member, made.keyId)).toBe(false);
  });

  test("stays safe when an ended device claims to have given what it cannot open", async () => {
    const { made, alice, phone } = await world();
    made.end([phone], made.events.length);
    for (const device of made.devices) await made.read(device);
    const next = await made.rotate(alice);
    await made.claim(phone, next.version, phone);
    expect(isSafe(made.rules(null), made.keyId)).toBe(true);
    await made.claim(alice, next.version, phone);
    expect(isSafe(made.rules(null), made.keyId)).toBe(false);
  });
});

test("nobody gains what everybody reads, and everybody entitled gains what nobody could", async () => {
  const { made, alice, bob } = await world();
  const rules = made.rules(null);
  expect(readersGained(rules, made.keyId, made.keyId)).toEqual([]);
  const gained = readersGained(rules, pattern("a key nobody has", 16), made.keyId);
  expect(gained.map(({ user }) => toHex(user)).sort()).toEqual(
    [alice, bob].map(({ member }) => toHex(member.user)).sort(),
  );
});
