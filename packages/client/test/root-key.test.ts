import { expect, test } from "vitest";
import { found, join, meet, type Person } from "./support/company.ts";

const PAPER = "a password for the paper in the safe";

const rolesSeenBy = async ({ tenant }: Person) =>
  (await tenant.directory.users())
    .map(({ name, role, revoked }) => `${name.slice(3, 6)} ${revoked ? "out" : role}`)
    .sort();

const code = (wanted: string) => expect.objectContaining({ code: wanted });

test("a stolen founder, whom no admin may revoke, is revoked by the root; nothing it says from then on counts", async () => {
  await using alice = await found();
  const exported = await alice.tenant.exportRootKey(PAPER);
  await using bob = await join(alice, "bob", "admin");
  await using carol = await join(alice, "carol", "editor");
  await meet(alice, bob);
  await expect(bob.tenant.directory.revokeUser(alice.name)).rejects.toEqual(code("NOT_PERMITTED"));

  await using root = await bob.tenant.asRoot(exported, PAPER);
  await root.revokeUser(alice.name);
  expect(await rolesSeenBy(bob)).toEqual(["ali out", "bob admin", "car editor"]);

  // The thief lets somebody in and throws bob out, not knowing of it or not caring. (packages/sim/test/attacks/d10-stolen-admin.test.ts
  // has it tell others so first.)
  await using mallory = await join(alice, "mallory", "admin");
  await alice.tenant.directory.revokeUser(bob.name);
  await meet(carol, bob);
  expect(await rolesSeenBy(carol)).toEqual(["ali out", "bob admin", "car editor"]);
  for (const thief of [alice, mallory]) await expect(meet(carol, thief)).rejects.toEqual(code("CONNECTION_REFUSED"));
  expect(await rolesSeenBy(mallory)).toContain("ali admin"); // who talks to the thief alone can't know
});

test("a replaced root says nothing any more; the key that follows does, and everybody let in before stays", async () => {
  await using alice = await found();
  const first = await alice.tenant.exportRootKey(PAPER);
  await using bob = await join(alice, "bob", "admin");
  await using root = await alice.tenant.asRoot(first, PAPER);
  await expect(root.replaceRoot(first, PAPER)).rejects.toEqual(code("ROOT_REFUSED"));
  const second = await root.newRootKey("another password");
  await root.replaceRoot(second, "another password");
  await expect(root.revokeUser(bob.name)).rejects.toEqual(code("ROOT_REFUSED"));

  await using carol = await join(alice, "carol", "editor");
  await meet(alice, bob);
  expect(await rolesSeenBy(bob)).toEqual(["ali admin", "bob admin", "car editor"]);
  await expect(bob.tenant.asRoot(first, PAPER)).rejects.toEqual(code("ROOT_REFUSED"));
  await using next = await bob.tenant.asRoot(second, "another password");
  await next.revokeUser(alice.name);
  await meet(bob, carol);
  expect(await rolesSeenBy(carol)).toEqual(["ali out", "bob admin", "car editor"]);
  // A third follows as the second did.
  const third = await next.newRootKey(PAPER);
  await next.replaceRoot(third, PAPER);
  await using last = await bob.tenant.asRoot(third, PAPER);
  await last.revokeUser(carol.name);
  expect(await rolesSeenBy(bob)).toEqual(["ali out", "bob admin", "car out"]);
});

test("B11 the root writes from two devices, that know nothing of each other, and everything counts", async () => {
  await using alice = await found();
  const exported = await alice.tenant.exportRootKey(PAPER);
  await using bob = await join(alice, "bob", "admin");
  await using carol = await join(alice, "carol", "editor");
  await using dave = await join(alice, "dave", "editor");
  await meet(alice, bob);
  await using here = await alice.tenant.asRoot(exported, PAPER);
  await using there = await bob.tenant.asRoot(exported, PAPER);
  await here.revokeUser(carol.name);
  await there.revokeUser(dave.name);
  await meet(alice, bob);
  for (const person of [alice, bob])
    expect(await rolesSeenBy(person)).toEqual(["ali admin", "bob admin", "car out", "dav out"]);
});

test("the root key is kept until it is forgotten; the text alone is enough, with its password and in its tenant", async () => {
  await using alice = await found();
  const exported = await alice.tenant.exportRootKey(PAPER);
  expect(exported.startsWith("selkie-root:1:")).toBe(true);
  await expect(alice.tenant.asRoot(exported, "a wrong password")).rejects.toEqual(code("WRONG_PASSWORD"));
  await expect(alice.tenant.asRoot(exported.slice(0, -2), PAPER)).rejects.toEqual(code("DAMAGED"));
  {
    await using root = await alice.tenant.asRoot(exported, PAPER);
    await root.forgetRootKey();
  }
  await expect(alice.tenant.exportRootKey(PAPER)).rejects.toEqual(code("ROOT_KEY_UNKNOWN"));
  expect(alice.client.keyBag.tenants().map(({ rootSeed }) => rootSeed)).toEqual([null]);
  await using bob = await join(alice, "bob", "admin");
  await expect(bob.tenant.exportRootKey(PAPER)).rejects.toEqual(code("ROOT_KEY_UNKNOWN"));
  await using root = await alice.tenant.asRoot(exported, PAPER);
  await root.revokeUser(bob.name);
  expect(await rolesSeenBy(alice)).toEqual(["ali admin", "bob out"]);

  await using other = await found();
  await expect(other.tenant.asRoot(exported, PAPER)).rejects.toEqual(code("ROOT_REFUSED"));
});

test("A14 members of a tenant see one fingerprint of it, 199 bits; another tenant of that name has another, and so has a root that was replaced", async () => {
  await using alice = await found();
  await using bob = await join(alice, "bob", "admin");
  await using other = await found();
  const before = alice.tenant.fingerprint();
  expect(before.fingerprint).toMatch(/^(\d{5} ){11}\d{5}$/);
  expect(bob.tenant.fingerprint()).toEqual(before);
  expect(other.tenant.name).toBe(alice.tenant.name);
  expect(other.tenant.fingerprint().fingerprint).not.toBe(before.fingerprint);

  await using root = await alice.tenant.asRoot(await alice.tenant.exportRootKey(PAPER), PAPER);
  await root.replaceRoot(await root.newRootKey(PAPER), PAPER);
  expect(alice.tenant.fingerprint().words).not.toBe(before.words);
  await meet(alice, bob);
  expect(bob.tenant.fingerprint()).toEqual(alice.tenant.fingerprint());
});

test("B10 the root purges what the device can read on which it is used, whoever's that is, and nobody waits", async () => {
  await using alice = await found();
  const exported = await alice.tenant.exportRootKey(PAPER);
  await using bob = await join(alice, "bob", "editor");
  const [hers, his] = [await alice.tenant.openDB("people"), await bob.tenant.openDB("people")];
  const [jane, john] = [await hers.createDocument({ name: "Jane" }), await hers.createDocument({ name: "John" })];
  await meet(alice, bob);
  await expect(his.purgeDocHistory(jane.id)).rejects.toEqual(code("NOT_ADMIN"));
  await using root = await bob.tenant.asRoot(exported, PAPER);
  const report = await root.purgeDocHistory("people", jane.id);
  expect([report.dropped === report.parts, report.parts > 0, report.kept]).toEqual([true, true, null]);
  await expect(root.purgeDocHistory("people", jane.id)).resolves.toMatchObject({ parts: report.parts });
  const { kept } = await root.purgeDocHistory("people", john.id, { keep: "newest" });
  expect((await his.getDocument(kept ?? john.id)).getData()).toEqual({ name: "John" });
  await meet(alice, bob);
  for (const database of [hers, his]) {
    expect(await database.getAllDocumentIds()).toEqual([kept]);
    await expect(database.getDocument(jane.id)).rejects.toEqual(code("DOC_PURGED"));
  }
  // A database that nobody has open here is opened for it, and closed again.
  await his[Symbol.asyncDispose]();
  await root.purgeDocHistory("people", kept ?? john.id);
  await using again = await bob.tenant.openDB("people");
  expect(await again.getAllDocumentIds()).toEqual([]);
  await root.replaceRoot(await root.newRootKey(PAPER), PAPER);
  await expect(root.purgeDocHistory("people", jane.id)).rejects.toEqual(code("ROOT_REFUSED"));
});
