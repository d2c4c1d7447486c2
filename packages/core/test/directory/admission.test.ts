import { nativeCrypto } from "@selkie/crypto/native";
import { concatBytes, fromHex, parseStatementId, parseTenantId, parseWriterKey } from "@selkie/entry";
import { describe, expect, test } from "vitest";
import type { PlacedStatement } from "../../src/directory/admission.ts";
import { buildDirectory } from "../../src/directory/build-directory.ts";
import type { GrantStatement } from "../../src/directory/statement.ts";
import { directoryDatabase, otherDatabase, pattern, testTenant } from "../fixture.ts";
import { deviceNamed, found, grantTo, identity, keysOf, noStatement, rootKey, World } from "./world.ts";

describe("who is let in", () => {
  test("by the root, and by admins that it let in, and by admins that those let in", async () => {
    const world = new World();
    const alice = await world.grant(world.root, "alice", "admin");
    const bob = await world.grant(alice, "bob", "admin");
    await world.grant(bob, "carol", "reader");
    expect(world.names()).toEqual(["alice admin", "bob admin", "carol reader"]);
    expect(world.view().rejected).toEqual([]);
  });

  test("a user's further devices, by the user, with the user's name and role", async () => {
    const world = new World();
    const alice = await world.grant(world.root, "alice", "admin");
    const added = world.say(alice, await deviceNamed("alice's phone"));
    const phone = await world.voice("alice's phone", added.id);
    await world.grant(phone, "bob", "editor");
    const view = world.view();
    expect(world.names()).toEqual(["alice admin", "bob editor"]);
    const [user] = view.findUser("alice");
    expect(view.devices(user?.id).map(({ name, role }) => [name, role])).toEqual([
      ["alice", "admin"],
      ["alice", "admin"],
    ]);
    expect(view.admission(added.id)?.user).toEqual(user?.id);
  });
});

describe("who is not", () => {
  test.each(["editor", "reader"] as const)("A2 A3 lets nobody in whom an %s grants", async (role) => {
    const world = new World();
    const bob = await world.grant(world.root, "bob", role);
    const grant = world.say(bob, await grantTo("mallory", "admin"));
    expect(world.names()).toEqual([`bob ${role}`]);
    expect(world.rejection(grant)).toBe("NOT_ADMIN");
  });

  test("A2 A3 lets nobody in whom those grant that were granted by nobody entitled, however long the line", async () => {
    const world = new World();
    const bob = await world.grant(world.root, "bob", "editor");
    const mallory = await world.grant(bob, "mallory", "admin");
    const eve = await world.grant(mallory, "eve", "admin");
    const last = world.say(eve, await grantTo("oscar", "admin"));
    expect(world.names()).toEqual(["bob editor"]);
    // Mallory is not in, so what she says is refused; Eve's admission is void with it, and Oscar's with Eve's.
    expect(
      world
        .view()
        .rejected.map(({ code }) => code)
        .sort(),
    ).toEqual(["AUTHOR_REFUSED", "AUTHOR_REFUSED", "NOT_ADMIN"]);
    expect(world.rejection(last)).toBe("AUTHOR_REFUSED");
  });

  test("A2 A3 lets nobody in whom a writer without an admission grants", async () => {
    const world = new World();
    const relay = await world.voice("relay", noStatement);
    world.say(relay, await grantTo("ghost", "admin"));
    expect(world.names()).toEqual([]);
    expect(world.view().judge({ ...relay, database: directoryDatabase })).toEqual({ type: "held" });
  });

  test("A2 A3 lets nobody in whom a writer without a certificate grants, unless it is the root's", async () => {
    const world = new World();
    const grant = world.say(
      { name: "relay", writer: parseWriterKey(pattern("relay", 32)), certificate: null, seq: 0 },
      await grantTo("ghost", "admin"),
    );
    expect(world.names()).toEqual([]);
    expect(world.rejection(grant)).toBe("AUTHOR_REFUSED");
  });

  test("A2 A3 lets nobody in whom a device grants that certifies itself with another's admission", async () => {
    const world = new World();
    const alice = world.say(world.root, await grantTo("alice", "admin"));
    const thief = await world.voice("mallory", alice.id);
    const grant = world.say(thief, await grantTo("ghost", "admin"));
    expect(world.names()).toEqual(["alice admin"]);
    expect(world.rejection(grant)).toBe("AUTHOR_REFUSED");
  });

  test("A2 A3 lets nobody in whom a chain grants whose admission is a statement that admits nobody", async () => {
    const world = new World();
    const alice = await world.grant(world.root, "alice", "admin");
    const settings = world.say(alice, { type: "settings", over: [], values: new Map() });
    const grant = world.say(await world.voice("mallory", settings.id), await grantTo("ghost", "admin"));
    expect(world.rejection(grant)).toBe("AUTHOR_REFUSED");
    expect(world.names()).toEqual(["alice admin"]);
  });

  test("A2 A3 lets no device in that is added in the root's name: the root is nobody's user", async () => {
    const world = new World();
    const added = world.say(world.root, await deviceNamed("spare root"));
    expect(world.rejection(added)).toBe("ROOT_HAS_NO_DEVICES");
    expect(world.view().devices()).toEqual([]);
  });

  test("A2 A3 lets nobody in before the founding entry is here", async () => {
    const world = new World();
    const alice = await world.grant(world.root, "alice", "admin");
    const view = buildDirectory(nativeCrypto, { ...identity, root: null }, world.placed);
    expect(view.users()).toEqual([]);
    expect(view.judge({ ...alice, database: directoryDatabase })).toEqual({ type: "held" });
    expect(view.judge({ ...world.root, database: directoryDatabase })).toEqual({ type: "held" });
  });
});

describe("what is not known yet is held, not refused", () => {
  test("a grant whose author's own grant comes later counts then", async () => {
    const world = new World();
    const alice = await world.grant(world.root, "alice", "admin");
    const bob = await world.grant(alice, "bob", "editor");
    const withoutAlice = world.placed.filter(
      ({ statement }) => statement.type !== "grant" || statement.name !== "alice",
    );
    const early = world.view(withoutAlice);
    expect(early.users()).toEqual([]);
    expect(early.rejected).toEqual([]);
    expect(early.judge({ ...bob, database: directoryDatabase })).toEqual({ type: "held" });
    expect(world.view().judge({ ...bob, database: directoryDatabase }).type).toBe("admitted");
  });

  test("a chain admitted by a statement of a later version waits for an update", async () => {
    const world = new World();
    const alice = await world.grant(world.root, "alice", "admin");
    const later = world.say(alice, { type: "unknown", code: 9, bytes: Uint8Array.of(0x81, 9) });
    const bob = await world.voice("bob", later.id);
    const view = world.view();
    expect(view.judge({ ...bob, database: directoryDatabase })).toEqual({ type: "held" });
    expect(view.unknown).toBe(1);
  });
});

describe("the root", () => {
  test("writes its own chain in the directory without a certificate, and nowhere else", () => {
    const view = new World().view();
    expect(view.judge({ writer: rootKey, database: directoryDatabase, certificate: null })).toMatchObject({
      type: "admitted",
      admission: { id: "root", role: "admin" },
    });
    expect(view.judge({ writer: rootKey, database: otherDatabase, certificate: null })).toEqual({
      type: "refused",
      code: "CERTIFICATE_MISSING",
    });
  });

  test("begins another chain with a certificate that names the tenant, by the root key only", async () => {
    const world = new World();
    const tenantAsAdmission = parseStatementId(testTenant);
    const honest = await world.voice("root", tenantAsAdmission);
    const certificate = honest.certificate;
    if (certificate === null) return expect.fail("a certificate");
    const byRoot = { ...certificate, certificate: { ...certificate.certificate, device: rootKey } };
    const { judge } = world.view();
    expect(judge({ ...honest, certificate: byRoot, database: directoryDatabase })).toMatchObject({
      type: "admitted",
      admission: { id: "root" },
    });
    expect(judge({ ...honest, database: directoryDatabase })).toEqual({ type: "refused", code: "NOT_ADMITTED" });
  });
});

describe("a certificate counts where it was made for", () => {
  test.each([
    ["another tenant", { tenant: parseTenantId(pattern("other tenant", 32)) }],
    ["another database", { database: otherDatabase }],
    ["another writer", { writer: parseWriterKey(pattern("other writer", 32)) }],
  ])("K-7 a certificate does not count in %s", async (_, change) => {
    const world = new World();
    const alice = await world.grant(world.root, "alice", "admin");
    if (alice.certificate === null) return expect.fail("a certificate");
    const chain = { writer: alice.writer, database: directoryDatabase };
    const { judge } = world.view();
    expect(judge({ ...chain, certificate: alice.certificate }).type).toBe("admitted");
    expect(judge({ ...chain, certificate: { ...alice.certificate, ...change } })).toEqual({
      type: "refused",
      code: "CERTIFICATE_ELSEWHERE",
    });
  });
});

describe("keys that no honest device makes are not admitted", () => {
  const tailored = (first: string, last: string) => fromHex(first + "f".repeat(60) + last);
  const bad: readonly [string, Uint8Array][] = [
    // The eight points of small order and their other encodings.
    ["small order: the identity", fromHex(`01${"00".repeat(31)}`)],
    ["small order: y = -1", tailored("ec", "7f")],
    ["small order: y = 0", new Uint8Array(32)],
    ["small order: y = 0, sign set", fromHex(`${"00".repeat(31)}80`)],
    ["small order: order 8", fromHex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")],
    ["small order: order 8, sign set", fromHex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa")],
    ["small order: order 8, the other", fromHex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")],
    ["small order: the other, sign set", fromHex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85")],
    ["not canonical: identity, sign set", fromHex(`01${"00".repeat(30)}80`)],
    ["not canonical: y = p", tailored("ed", "7f")],
    ["not canonical: y = p + 1", tailored("ee", "7f")],
    ["not canonical: y = p + 3", tailored("f0", "7f")],
    // An honest key plus a point of order 8, and plus the point of order 2.
    ["mixed order", fromHex("1f4f580e73ac208f06760190e9edc6f5916775dabd9c1cdca393175c2d6d1083")],
    ["mixed order, order 2", fromHex("03b5939c1d63adf5410aaf84ecd13a066ab889514141846dbde11596ebb92dd3")],
    ["no point at all", fromHex(`02${"00".repeat(31)}`)],
  ];

  test.each(bad)("A12 admits no device key of %s", async (_, deviceSign) => {
    const world = new World();
    const grant = world.say(world.root, await grantTo("mallory", "editor", { deviceSign }));
    const alice = await world.grant(world.root, "alice", "editor");
    const { kem } = await keysOf("phone");
    const added = world.say(alice, { type: "addDevice", deviceSign, deviceKem: kem, userKeys: [] });
    expect(world.rejection(grant)).toBe("KEY_INADMISSIBLE");
    expect(world.rejection(added)).toBe("KEY_INADMISSIBLE");
    expect(world.names()).toEqual(["alice editor"]);
  });

  test("A12 admits the same key without its torsion", async () => {
    const world = new World();
    const deviceSign = fromHex("ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c");
    world.say(world.root, await grantTo("alice", "editor", { deviceSign }));
    expect(world.names()).toEqual(["alice editor"]);
  });

  test.each(["userKem", "deviceKem"] as const)("A12 admits no %s that no permit can be wrapped for", async (field) => {
    const { kem } = await keysOf("mallory");
    const bad = concatBytes(kem.subarray(0, 1_184), new Uint8Array(32));
    const world = new World();
    const change: Partial<GrantStatement> = { [field]: bad };
    const grant: PlacedStatement = world.say(world.root, await grantTo("mallory", "editor", change));
    expect(world.rejection(grant)).toBe("KEY_INADMISSIBLE");
  });
});

test("A3 a second founding statement founds nothing, whoever makes it", async () => {
  const world = new World();
  const alice = await world.grant(world.root, "alice", "admin");
  const later = world.say(world.root, { ...found, type: "found", name: "evil-corp" } as typeof found);
  const byAlice = world.say(alice, found);
  expect(world.rejection(later)).toBe("NOT_FOUNDING");
  expect(world.rejection(byAlice)).toBe("NOT_FOUNDING");
  expect(world.view().found?.name).toBe("acme-corp");
});

test("D12 a change by who is no admin is settled at once, whichever devices it names", async () => {
  const world = new World();
  const bob = await world.grant(world.root, "bob", "reader");
  const change = world.say(bob, {
    type: "change",
    targets: [noStatement],
    identityKeys: [],
    cuts: [],
    wipe: null,
    name: "bob",
    role: "admin",
    keys: [],
    devices: [noStatement],
  });
  expect(world.rejection(change)).toBe("NOT_ADMIN");
});
