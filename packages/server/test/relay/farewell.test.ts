// What is left to a login key that was let in once and is not any more: the directory, so that its device learns from signed statements
// what became of it, and not from the relay's word.
import { ALL_RIGHTS, DIRECTORY_ONLY, NO_RIGHTS, type Transport } from "@selkie/sync-protocol";
import { describe, expect, test } from "vitest";
import { identityOf } from "../fixtures/identity.ts";
import { TestClient } from "../fixtures/test-client.ts";
import { TestRelay } from "../fixtures/test-relay.ts";
import { loginOf, memberOf, TestTenant } from "../fixtures/test-tenant.ts";
import { databaseOf, TestWriter } from "../fixtures/test-writer.ts";

const acme = new TestTenant("acme");
const [alice, bob, carol] = [memberOf("alice"), memberOf("bob"), memberOf("carol")];
const READER = { pull: true, push: false, purge: false };
const contacts = databaseOf("contacts");
const next = identityOf("next slot key of bob");

/** Bob without rights, and what a list may do to him besides. */
const lists = {
  "keeps the slot without rights": acme.list({ members: [alice, { ...bob, rights: NO_RIGHTS }], height: 2 }),
  "makes a reader": acme.list({ members: [alice, { ...bob, rights: READER }], height: 2 }),
  "drops the slot": acme.list({ members: [alice], height: 2 }),
};
const ways = {
  "whose slot lost its rights": [lists["keeps the slot without rights"]],
  "whose slot has another key": [acme.slotChain(bob, next)],
};

/** A relay that holds one entry of the directory and one of another database, with Alice connected. */
async function begin() {
  const stack = new AsyncDisposableStack();
  const relay = stack.use(await TestRelay.start({ limits: { refusalMs: 0 } }));
  const admin = stack.use(await TestClient.login(relay.url, acme, alice, [alice, bob]));
  const [directory, documents] = [new TestWriter(acme.directory, "alice"), new TestWriter(contacts, "alice")];
  await admin.open(acme.directory, contacts);
  await admin.push(await directory.write());
  await admin.push(await documents.write());
  const dial = (through?: (transport: Transport) => Transport, ...more: readonly Uint8Array[]) =>
    TestClient.dial(relay.url, {
      tenant: acme,
      credentials: acme.credentials(loginOf(bob), more),
      ...(through === undefined ? {} : { through }),
    });
  return { relay, admin, directory, documents, dial, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

describe.each(Object.entries(lists))("a list that %s", (what, list) => {
  const outcome = {
    "keeps the slot without rights": { told: "DIRECTORY_ONLY", next: DIRECTORY_ONLY },
    "makes a reader": { told: "LOGIN_ENDED", next: READER },
    "drops the slot": { told: "LOGIN_ENDED", next: "LOGIN_REFUSED" },
  }[what];

  test("D11 ends open sessions at once, and nothing they push counts from then on", async () => {
    await using at = await begin();
    await using editor = await TestClient.login(at.relay.url, acme, bob, [alice, bob]);
    await editor.open(contacts, acme.directory);
    const mine = new TestWriter(contacts, "bob");
    await editor.push(await mine.write());
    await at.admin.session.present([list]);
    const late = editor.push(await mine.write());
    await expect(late).rejects.toThrow();
    expect(await editor.session.closed).toMatchObject({ code: "PEER_FAILED", reason: outcome?.told });
    expect((await at.relay.store.entries(acme.id, contacts).vector()).size).toBe(2);
    const heads = [...(await at.relay.store.entries(acme.id, contacts).vector()).values()];
    expect(heads.map(({ seq }) => seq)).toEqual([0, 0]);
  });

  test("is what the login key finds when it dials again", async () => {
    await using at = await begin();
    await using editor = await TestClient.login(at.relay.url, acme, bob, [alice, bob]);
    await at.admin.session.present([list]);
    await editor.session.closed;
    await using again = await at.dial();
    const found = await again.session.ready.then(
      ({ rights }) => rights,
      ({ reason }) => reason,
    );
    expect(found).toEqual(outcome?.next);
  });
});

describe.each(Object.entries(ways))("a login key %s", (_, documents) => {
  async function ended() {
    const at = await begin();
    await using once = await TestClient.login(at.relay.url, acme, bob, [alice, bob]);
    await at.admin.session.present(documents);
    await once.session.closed;
    return at;
  }

  test("A3 R9 gets the directory, and what comes to it later", async () => {
    await using at = await ended();
    await using gone = await at.dial();
    expect((await gone.session.ready).rights).toEqual(DIRECTORY_ONLY);
    await gone.open(acme.directory);
    await gone.session.synced([acme.directory]);
    expect(await gone.count(acme.directory)).toBe(1);
    await at.admin.push(await at.directory.write());
    await gone.holds(acme.directory, 2);
    expect(at.relay.relay.counters.get("logins_directory_only_total")).toBe(1);
  });

  test("F3 gets no other database, and cannot tell one that is here from one that is not", async () => {
    await using at = await ended();
    await using gone = await at.dial();
    await gone.session.ready;
    const unknown: string[] = [];
    gone.session.on("unknown", ({ database }) => unknown.push(Buffer.from(database).toString("hex")));
    const absent = databaseOf("absent");
    await gone.open(contacts, absent);
    expect(unknown).toEqual([contacts, absent].map((database) => Buffer.from(database).toString("hex")));
    await expect(gone.session.synced([contacts])).rejects.toMatchObject({ code: "UNKNOWN_DATABASE" });
    await at.admin.push(await at.documents.write());
    expect(await gone.count(contacts)).toBe(0);
  });

  test.each([
    ["the directory", acme.directory],
    ["another database", contacts],
  ])("D11 F5 pushes nothing into %s, though its client takes no notice of its rights", async (_name, database) => {
    await using at = await ended();
    const before = await at.relay.store.entries(acme.id, database).vector();
    await using gone = await at.dial(claimingAllRights);
    expect((await gone.session.ready).rights).toEqual(ALL_RIGHTS);
    await gone.open(database);
    await expect(gone.push(await new TestWriter(database, "bob").write())).rejects.toThrow();
    expect(await at.relay.store.entries(acme.id, database).vector()).toEqual(before);
  });

  test("lets nobody in: what it signs for its slot has no rights either", async () => {
    await using at = await ended();
    await using gone = await at.dial(undefined, acme.slotLogin(bob, loginOf(bob, "planted")));
    expect((await gone.session.ready).rights).toEqual(DIRECTORY_ONLY);
    await using planted = await TestClient.dial(at.relay.url, {
      tenant: acme,
      credentials: acme.credentials(loginOf(bob, "planted"), [acme.ticket(bob, 9, bob.slot)]),
    });
    expect((await planted.session.ready).rights).toEqual(DIRECTORY_ONLY);
    await using stranger = await TestClient.dial(at.relay.url, {
      tenant: acme,
      credentials: acme.credentials(loginOf(carol), [acme.slotLogin(carol, loginOf(carol))]),
    });
    await expect(stranger.session.ready).rejects.toMatchObject({ reason: "LOGIN_REFUSED" });
  });

  test("F6 registers no tenant where it is not known", async () => {
    await using elsewhere = await TestRelay.start({ limits: { refusalMs: 0 } });
    const known = [acme.founding, acme.list({ members: [alice, bob], height: 1 }), acme.slotLogin(bob, loginOf(bob))];
    await using first = await TestClient.dial(elsewhere.url, {
      tenant: acme,
      credentials: acme.credentials(loginOf(bob), [...known, ...documents]),
    });
    await expect(first.session.ready).rejects.toMatchObject({ reason: "LOGIN_REFUSED" });
    expect(elsewhere.relay.counters.get("tenants_registered_total")).toBe(0);
  });
});

test("a device that stays comes back by the slot's next key, on the same connection", async () => {
  await using at = await begin();
  await using once = await TestClient.login(at.relay.url, acme, bob, [alice, bob]);
  await at.admin.session.present(ways["whose slot has another key"]);
  await once.session.closed;
  await using behind = await at.dial();
  expect((await behind.session.ready).rights).toEqual(DIRECTORY_ONLY);
  await behind.open(acme.directory, contacts);
  expect(await behind.session.present([acme.slotLogin(bob, loginOf(bob), next)])).toEqual(ALL_RIGHTS);
  await behind.open(contacts);
  await behind.session.synced([contacts, acme.directory]);
  expect(await behind.count(contacts)).toBe(1);
  await behind.push(await new TestWriter(contacts, "bob").write());
  expect((await at.relay.store.entries(acme.id, contacts).vector()).size).toBe(2);
});

test("R10 a lost device that names the slot's next key first has the slot, until an admin takes the slot's rights", async () => {
  await using at = await begin();
  const thief = identityOf("next slot key of a thief");
  const stolen = [acme.slotChain(bob, thief), acme.slotLogin(bob, loginOf(bob, "lost"), thief)];
  const lost = () =>
    TestClient.dial(at.relay.url, { tenant: acme, credentials: acme.credentials(loginOf(bob, "lost"), stolen) });
  await using taken = await lost();
  expect((await taken.session.ready).rights).toEqual(ALL_RIGHTS);
  await using own = await at.dial(undefined, acme.slotChain(bob, next), acme.slotLogin(bob, loginOf(bob), next));
  expect((await own.session.ready).rights).toEqual(DIRECTORY_ONLY);
  await at.admin.session.present(ways["whose slot lost its rights"]);
  expect(await taken.session.closed).toMatchObject({ reason: "DIRECTORY_ONLY" });
  await using again = await lost();
  expect((await again.session.ready).rights).toEqual(DIRECTORY_ONLY);
});

test("a member who brings the list that removes it has to come back for the directory", async () => {
  await using at = await begin();
  await using editor = await TestClient.login(at.relay.url, acme, bob, [alice, bob]);
  await editor.open(contacts);
  const presenting = editor.session.present(ways["whose slot lost its rights"]);
  await expect(presenting).rejects.toMatchObject({ code: "REFUSED_BY_PEER", reason: "DIRECTORY_ONLY" });
  await using again = await at.dial();
  expect((await again.session.ready).rights).toEqual(DIRECTORY_ONLY);
});

/** Hides from a client that it may only read the directory: type 3 is `admitted`, its next byte the rights. */
function claimingAllRights(transport: Transport): Transport {
  return {
    send: (frame) => transport.send(frame),
    close: () => transport.close(),
    async *receive() {
      for await (const frame of transport.receive()) yield frame[0] === 3 ? frame.with(1, 7) : frame;
    },
  };
}
