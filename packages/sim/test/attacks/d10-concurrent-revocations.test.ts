// Admins who do not hear of each other take each other's rights away, and let people in meanwhile: real devices, a real relay.
import { describe, expect, test } from "vitest";
import type { SimDevice } from "../../src/sim-device.ts";
import { warmUp } from "../../src/warm-up.ts";
import { World } from "../../src/world.ts";
import { codeOf } from "../support/scene.ts";

const nameOf = (device: SimDevice): string => `CN=${device.name}/O=acme`;

/** Alice founds, and lets Carol in as an admin; Carol lets Bob in as an admin, and Bob lets Dave in. Erin is a witness, whom Alice let in. */
class Company {
  readonly world: World;
  readonly alice: SimDevice;
  readonly bob: SimDevice;
  readonly carol: SimDevice;
  readonly dave: SimDevice;
  readonly erin: SimDevice;

  private constructor(world: World) {
    this.world = world;
    const [alice, bob, carol, dave, erin] = world.devices;
    if (!alice || !bob || !carol || !dave || !erin) throw new RangeError("five people");
    this.alice = alice;
    this.bob = bob;
    this.carol = carol;
    this.dave = dave;
    this.erin = erin;
  }

  static async begin(seed: string): Promise<Company> {
    await warmUp();
    const world = new World(seed, 5);
    const company = new Company(world);
    const { alice, bob, carol, dave, erin } = company;
    for (const device of world.devices) await device.setUp();
    world.relay.start();
    await company.run(alice.found());
    await company.run(alice.openDatabase());
    await company.run(alice.connectRelay(world.relay));
    await company.admit(carol, alice, "admin");
    await company.admit(bob, carol, "admin");
    await company.admit(dave, bob, "editor");
    await company.admit(erin, alice, "editor");
    await world.settle();
    return company;
  }

  run<Result>(work: Promise<Result>): Promise<Result> {
    return this.world.clock.until(work);
  }

  async admit(device: SimDevice, by: SimDevice, role: "admin" | "editor"): Promise<void> {
    const response = await this.run(by.tenant.directory.approveJoinRequest(await device.ask(), { role }));
    await this.run(device.join(response.toString()));
    await this.run(device.connectRelay(this.world.relay));
    await this.run(device.openDatabase());
    await this.world.settle();
  }

  /** Comes back, and everybody who is let in exchanges. */
  async back(device: SimDevice): Promise<void> {
    await this.run(device.connectRelay(this.world.relay).catch(() => undefined)); // who is out is not let in
    await this.world.clock.advance(30_000);
  }

  /** Who has rights, on one device, in order. */
  async users(device: SimDevice): Promise<readonly string[]> {
    const users = await device.tenant.directory.users();
    return users.flatMap(({ name, role, revoked }) => (revoked ? [] : [`${name} ${role}`])).sort();
  }
}

/** What happens on three devices that do not hear of each other. */
async function apart(company: Company): Promise<void> {
  const { alice, bob, carol, dave, world } = company;
  for (const device of [alice, bob, carol]) await company.run(device.disconnect());
  // Up the line nobody ends anybody.
  expect(await codeOf(company.run(bob.tenant.directory.revokeUser(nameOf(carol))))).not.toBeNull();
  expect(await codeOf(company.run(carol.tenant.directory.revokeUser(nameOf(alice))))).not.toBeNull();
  await company.run(alice.tenant.directory.revokeUser(nameOf(carol)));
  await company.run(carol.tenant.directory.revokeUser(nameOf(bob)));
  await company.run(bob.tenant.directory.revokeUser(nameOf(dave)));
  const frank = world.device("frank");
  const grace = world.device("grace");
  for (const device of [frank, grace]) await device.setUp();
  await company.run(bob.tenant.directory.approveJoinRequest(await frank.ask(), { role: "admin" }));
  await company.run(carol.tenant.directory.approveJoinRequest(await grace.ask(), { role: "admin" }));
}

const ORDERS = [
  ["alice", "bob", "carol"],
  ["alice", "carol", "bob"],
  ["bob", "alice", "carol"],
  ["bob", "carol", "alice"],
  ["carol", "alice", "bob"],
  ["carol", "bob", "alice"],
] as const;

describe("admins who revoke at once, each who let the next one in,", () => {
  for (const order of ORDERS)
    test(`D10 end alike for everybody, whoever is heard first: ${order.join(", ")}`, async () => {
      const company = await Company.begin("D10 at once");
      const { alice, bob, carol, dave, erin } = company;
      await apart(company);
      for (const name of order) await company.back({ alice, bob, carol }[name]);
      for (const device of [alice, bob, carol, erin]) await company.back(device);
      // Carol is out by Alice's word. What she said afterwards, that Bob is out and Grace an admin, counts for nothing; what Bob said does.
      const expected = [
        "CN=alice/O=acme admin",
        "CN=bob/O=acme admin",
        "CN=erin/O=acme editor",
        "CN=frank/O=acme admin",
      ];
      for (const device of [alice, bob, erin]) expect(await company.users(device)).toEqual(expected);
      expect(await codeOf(company.run(carol.connectRelay(company.world.relay)))).toBe("DEVICE_REVOKED");
      // And those who are in go on together; those who are out read nothing of it.
      const { id } = await company.run(bob.database.createDocument({ title: "since" }));
      await company.back(bob);
      for (const device of [alice, erin])
        expect((await device.database.getDocument(id)).getData()).toEqual({ title: "since" });
      for (const device of [carol, dave]) expect(await device.database.findDocument(id)).toBeUndefined();
    });
});

test("D10 an admin who is out lets itself in by nothing it says: under its own name, another's, or whom it let in afterwards", async () => {
  const company = await Company.begin("D10 back in");
  const { alice, carol, bob, erin, world } = company;
  await company.run(carol.disconnect());
  await company.run(alice.tenant.directory.revokeUser(nameOf(carol)));
  await company.back(bob);
  // She knows nothing of it and has all of her keys: grants for new keys, in her own name and in another's, and further devices of hers.
  const names: string[] = [];
  for (const person of ["carol", "olivia", "erin"]) {
    const device = world.device(`${person} again`);
    await device.setUp(person);
    await company.run(carol.tenant.directory.approveJoinRequest(await device.ask(), { role: "admin" }));
    names.push(`CN=${person}/O=acme`);
  }
  expect(await company.users(carol)).toEqual(expect.arrayContaining(names.map((name) => `${name} admin`)));
  // What she said reaches the others, with a device that was never shut out, from store to store.
  await company.run(erin.disconnect());
  await company.run(erin.database.pullChangesFrom(carol.database.getStore()));
  await company.back(erin);
  await company.back(alice);
  const before = ["CN=alice/O=acme admin", "CN=bob/O=acme admin", "CN=dave/O=acme editor", "CN=erin/O=acme editor"];
  for (const device of [alice, bob, erin]) expect(await company.users(device)).toEqual(before);
});
