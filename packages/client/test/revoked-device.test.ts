// What a device does that learns that it is out. Whoever hands it the directory may be a relay in a farewell session, or a peer that has
// not heard yet: here the peer.
import { createClient, memory } from "@selkie/client";
import { pipe } from "@selkie/sync-protocol";
import { describe, expect, test } from "vitest";
import { found, join, meet, type Person } from "./support/company.ts";

interface Note {
  text: string;
}

/** Alice revokes Bob; Carol, who has not read it yet but holds it, tells him: both connect before she applies it. */
async function tell(alice: Person, bob: Person): Promise<void> {
  const [near, far] = pipe();
  const lines = await Promise.all([
    bob.tenant.connect(near, { peer: "dialler" }),
    alice.tenant.connect(far, { peer: "listener" }),
  ]);
  await Promise.all(lines.map((line) => line.synced()));
}

describe("a device that is out", () => {
  test("stops at once when it learns so, says so, and keeps what it holds", async () => {
    await using alice = await found();
    await using bob = await join(alice, "bob", "editor");
    const ofBob = await bob.tenant.openDB<Note>("notes");
    const note = await ofBob.createDocument({ text: "by Bob" });
    await tell(alice, bob);
    const told: { wiped: boolean }[] = [];
    bob.tenant.on("revoked", (event) => told.push(event));
    await alice.tenant.directory.revokeUser(bob.name);
    await expect.poll(() => told).toEqual([{ device: expect.stringMatching(/^[0-9a-f]{64}$/), wiped: false }]);
    await expect(ofBob.createDocument({ text: "more" })).rejects.toMatchObject({ code: "DEVICE_REVOKED" });
    await expect(
      ofBob.changeDoc(note, (draft) => {
        draft.getData().text = "more";
      }),
    ).rejects.toMatchObject({ code: "DEVICE_REVOKED" });
    await expect(bob.tenant.directory.rotateKey("default")).rejects.toMatchObject({ code: "DEVICE_REVOKED" });
    expect(note.getData()).toEqual({ text: "by Bob" });
  });

  test("wipes what it holds when the revocation says at once, and only its own tenant", async () => {
    await using alice = await found();
    const store = memory();
    await using bob = await join(alice, "bob", "editor", store);
    const other = await bob.client.createTenant("bob's own", { user: "CN=bob" });
    await (await other.openDB<Note>("diary")).createDocument({ text: "mine" });
    await (await bob.tenant.openDB<Note>("notes")).createDocument({ text: "by Bob" });
    await tell(alice, bob);
    const told: boolean[] = [];
    bob.tenant.on("revoked", ({ wiped }) => told.push(wiped));
    await alice.tenant.directory.revokeUser(bob.name, { wipe: true, wipeAfter: 0 });
    await expect.poll(() => told).toEqual([false, true]);
    expect((await bob.client.tenants()).map(({ name }) => name)).toEqual(["bob's own"]);
    await bob.client[Symbol.asyncDispose]();
    await using again = await createClient({ store, password: "bob-password" });
    expect((await again.tenants()).map(({ name }) => name)).toEqual(["bob's own"]);
    const diary = await (await again.openTenant("bob's own")).openDB<Note>("diary");
    expect(await diary.getAllDocumentIds()).toHaveLength(1);
  });

  test("that is to wipe after a week keeps everything until then, over a restart", async () => {
    await using alice = await found();
    const store = memory();
    const bob = await join(alice, "bob", "editor", store);
    await (await bob.tenant.openDB<Note>("notes")).createDocument({ text: "by Bob" });
    await tell(alice, bob);
    const told: boolean[] = [];
    bob.tenant.on("revoked", ({ wiped }) => told.push(wiped));
    await alice.tenant.directory.revokeUser(bob.name, { wipe: true });
    await expect.poll(() => told).toEqual([false]);
    await bob.client[Symbol.asyncDispose]();
    await using again = await createClient({ store, password: "bob-password" });
    const tenant = await again.openTenant("acme-corp");
    await expect(tenant.openDB("notes")).rejects.toMatchObject({ code: "DEVICE_REVOKED" });
    expect(await again.tenants()).toHaveLength(1);
  });
});

test("a revoked device is let in by nobody who knows", async () => {
  await using alice = await found();
  await using bob = await join(alice, "bob", "editor");
  await using carol = await join(alice, "carol", "editor");
  await alice.tenant.directory.revokeUser(bob.name);
  await meet(alice, carol);
  for (const other of [alice, carol])
    await expect(meet(other, bob)).rejects.toMatchObject({ code: "CONNECTION_REFUSED" });
});
