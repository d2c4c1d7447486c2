import { describe, expect, test } from "vitest";
import { addDevice, found, join, meet } from "./support/company.ts";

const code = (wanted: string) => expect.objectContaining({ code: wanted });

describe("settings", () => {
  test("are what admins say, for everybody, of the tenant and of each database", async () => {
    await using alice = await found();
    await using bob = await join(alice, "bob", "editor");
    const { settings } = alice.tenant;
    expect(await settings.read()).toEqual({});
    await settings.change({ theme: "dark", wipeAfter: 3_600, __proto__: null });
    await settings.change({ theme: "light", columns: 3 }, { database: "contacts" });
    await settings.change({ theme: null, motto: "" });
    await meet(alice, bob);
    expect(await bob.tenant.settings.read()).toEqual({ wipeAfter: 3_600, motto: "" });
    expect(await bob.tenant.settings.read({ database: "contacts" })).toEqual({ theme: "light", columns: 3 });
    expect(await bob.tenant.settings.read({ database: "others" })).toEqual({});
    await expect(bob.tenant.settings.change({ theme: "none" })).rejects.toEqual(code("NOT_ADMIN"));
  });

  test("that two admins change at the same time are all there, and of one and the same one, everywhere the same", async () => {
    await using alice = await found();
    await using bob = await join(alice, "bob", "admin");
    await alice.tenant.settings.change({ first: 1, both: "alice" });
    await bob.tenant.settings.change({ second: 2, both: "bob" });
    await meet(alice, bob);
    const [ofAlice, ofBob] = [await alice.tenant.settings.read(), await bob.tenant.settings.read()];
    expect(ofAlice).toMatchObject({ first: 1, second: 2, both: expect.stringMatching(/^(alice|bob)$/) });
    expect(ofBob).toEqual(ofAlice);
    await bob.tenant.settings.change({ both: "settled" });
    await meet(alice, bob);
    expect(await alice.tenant.settings.read()).toEqual({ first: 1, second: 2, both: "settled" });
  });

  test.each([
    ["a fraction", { wipeAfter: 0.5 }],
    ["a time before now", { wipeAfter: -1 }],
    ["more than the statement can say", { wipeAfter: 2 ** 32 }],
    ["a text for a time", { directoryStaleAfter: "soon" }],
    ["a flush window that hides less than the shortest", { flushWindow: 249 }],
    ["a flush window that nobody would wait for", { flushWindow: 2_001 }],
    ["half a character", { theme: "\ud800" }],
    ["a text without end", { theme: "x".repeat(1_001) }],
    ["settings without end", Object.fromEntries(Array.from({ length: 257 }, (_, at) => [`setting ${at}`, at]))],
  ])("take no %s", async (_, values) => {
    await using alice = await found();
    await expect(alice.tenant.settings.change(values)).rejects.toEqual(code("VALUE_UNSUPPORTED"));
    expect(await alice.tenant.settings.read()).toEqual({});
  });
});

describe("a name", () => {
  test("is changed for one of two who have the same, and stays through changes of rights", async () => {
    await using alice = await found();
    await using bob = await join(alice, "bob", "editor");
    await using other = await join(alice, "Bob", "editor");
    const { directory } = alice.tenant;
    await expect(directory.revokeUser(bob.name)).rejects.toEqual(code("USER_AMBIGUOUS"));
    const [line] = (await directory.users()).filter(({ name }) => name === other.name);
    await directory.changeUser(line?.fingerprint ?? "", { name: "CN=robert/O=acme" });
    await directory.changeUser("cn=ROBERT/o=ACME", { role: "reader" });
    await meet(alice, bob);
    expect(await bob.tenant.directory.users()).toContainEqual({ ...line, name: "CN=robert/O=acme", role: "reader" });
    expect(await bob.tenant.directory.devices("CN=robert/O=acme")).toHaveLength(1);
    await directory.revokeUser(bob.name);
    expect((await directory.users()).filter(({ revoked }) => revoked)).toHaveLength(1);

    await meet(alice, other);
    await using phone = await addDevice(other); // which goes by the name that it joined with
    expect((await phone.tenant.directory.devices()).filter(({ user }) => user === "CN=robert/O=acme")).toHaveLength(2);
    await directory.changeUser(line?.id ?? "", { name: "CN=rob/O=acme", role: "editor" });
    expect(await directory.users()).toContainEqual({ ...line, name: "CN=rob/O=acme", role: "editor" });
  });

  test("is nobody's who has another's, and only an admin gives it", async () => {
    await using alice = await found();
    await using bob = await join(alice, "bob", "editor");
    const { directory } = alice.tenant;
    await expect(directory.changeUser(bob.name, { name: alice.name })).rejects.toEqual(code("USER_AMBIGUOUS"));
    await expect(directory.changeUser(bob.name, { name: "" })).rejects.toEqual(code("NAME_INVALID"));
    await expect(bob.tenant.directory.changeUser(bob.name, { name: "CN=boss" })).rejects.toEqual(code("NOT_ADMIN"));
    await directory.changeUser(bob.name, { name: "CN=BOB/O=ACME" });
    expect((await directory.users()).map(({ name }) => name).sort()).toEqual(["CN=BOB/O=ACME", alice.name].sort());
  });
});

test("A6 the root alone says which version it takes, and none that it does not know itself", async () => {
  await using alice = await found();
  const paper = "a password for the paper in the safe";
  await using root = await alice.tenant.asRoot(await alice.tenant.exportRootKey(paper), paper);
  await expect(root.requireVersion(255)).rejects.toEqual(code("VALUE_UNSUPPORTED"));
  await expect(root.requireVersion(0)).rejects.toEqual(code("VALUE_UNSUPPORTED"));
  await root.requireVersion(1);
  expect(await (await alice.tenant.openDB<object>("notes")).createDocument({ text: "goes on" })).toBeDefined();
});
