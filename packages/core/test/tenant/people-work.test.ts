// Which keys a revocation names.
import { nativeCrypto } from "@selkie/crypto/native";
import { parseStatementId, type StatementId, toHex } from "@selkie/entry";
import { expect, test } from "vitest";
import { identityKeyName } from "../../src/keys/identity-key.ts";
import { onlyTheirs } from "../../src/tenant/people-work.ts";
import { deviceNamed, grantTo, keysOf, type Voice, World } from "../directory/world.ts";

/** Revokes the user of this name, as an admin's device does. */
async function revoke(world: World, admin: Voice, name: string): Promise<readonly string[]> {
  const view = world.view();
  const user = view.users().find((other) => other.name === name) ?? expect.fail(name);
  const devices = view.allDevices().filter((device) => toHex(device.user) === toHex(user.id));
  const keys = [user.userKem, ...devices.flatMap(({ device, deviceKem }) => [device, deviceKem])];
  const named = onlyTheirs(view, devices, keys);
  world.say(admin, {
    type: "revoke",
    targets: [user.id],
    identityKeys: named.map((key) => identityKeyName(nativeCrypto, key)),
    cuts: [],
    wipe: 0,
  });
  return world.names();
}

const withAlice = async () => {
  const world = new World();
  const alice = await world.grant(world.root, "alice", "admin");
  const bob = await world.grant(alice, "bob", "editor");
  return { world, alice, bob };
};

test("D10 who added a device with another's keys takes nobody along", async () => {
  const { world, alice } = await withAlice();
  const mallory = await world.grant(alice, "mallory", "editor");
  world.say(mallory, await deviceNamed("bob"));
  expect(await revoke(world, alice, "mallory")).toEqual(["alice admin", "bob editor"]);
});

test("D10 who joined with another's user key takes nobody along", async () => {
  const { world, alice } = await withAlice();
  await world.grant(alice, "mallory", "editor", { userKem: (await keysOf("bob")).user });
  expect(await revoke(world, alice, "mallory")).toEqual(["alice admin", "bob editor"]);
});

test("K-1 the keys of who is out come back under no other grant", async () => {
  const { world, alice } = await withAlice();
  expect(await revoke(world, alice, "bob")).toEqual(["alice admin"]);
  await world.grant(alice, "bob", "editor");
  expect(world.names()).toEqual(["alice admin"]);
  const id: StatementId = parseStatementId(world.placed.at(-2)?.id ?? expect.fail("a revocation"));
  world.say(alice, await grantTo("bob", "editor", { after: [id] }));
  expect(world.names()).toEqual(["alice admin", "bob editor"]);
});
