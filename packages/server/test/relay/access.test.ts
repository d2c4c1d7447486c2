import type { Verifier } from "@selkie/entry";
import { nativeVerifier } from "@selkie/entry/native";
import { ALL_RIGHTS, DIRECTORY_ONLY } from "@selkie/sync-protocol";
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

describe("access over open connections", () => {
  test("a removed login key loses its open connections at once, and is told why", async () => {
    await using relay = await TestRelay.start({ limits: { refusalMs: 0 } });
    await using admin = await TestClient.login(relay.url, acme, alice, [alice, bob]);
    await using removed = await TestClient.login(relay.url, acme, bob, [alice, bob]);
    await removed.open(contacts);
    await admin.session.present([acme.list({ members: [alice], height: 2 })]);
    expect(await removed.session.closed).toMatchObject({ code: "PEER_FAILED", reason: "LOGIN_ENDED" });
    await admin.open(contacts);
    await admin.push(await new TestWriter(contacts, "after").write());
    expect(await removed.count(contacts)).toBe(0);
    const again = await TestClient.dial(relay.url, { tenant: acme, credentials: acme.credentials(loginOf(bob)) });
    await expect(again.session.ready).rejects.toMatchObject({ reason: "LOGIN_REFUSED" });
    expect(relay.relay.counters.get("sessions_dropped_total")).toBe(1);
  });

  test("a user removes its own lost device, without an admin", async () => {
    await using relay = await TestRelay.start({ limits: { refusalMs: 0 } });
    const [lost, kept] = [loginOf(bob, "lost"), loginOf(bob, "kept")];
    const documents = [
      acme.founding,
      acme.list({ members: [bob], height: 1 }),
      acme.slotLogin(bob, lost),
      acme.slotLogin(bob, kept),
    ];
    await using phone = await TestClient.dial(relay.url, {
      tenant: acme,
      credentials: acme.credentials(lost, documents),
    });
    await phone.session.ready;
    await using laptop = await TestClient.dial(relay.url, { tenant: acme, credentials: acme.credentials(kept) });
    await laptop.session.ready;
    const next = identityOf("next slot key of bob");
    const documents2 = [acme.slotChain(bob, next), acme.slotLogin(bob, kept, next)];
    expect(await laptop.session.present(documents2)).toEqual(ALL_RIGHTS);
    expect(await phone.session.closed).toMatchObject({ reason: "DIRECTORY_ONLY" });
    // The key that the lost device has does not let it in again, whatever it signs.
    const again = [acme.slotLogin(bob, lost), acme.slotChain(bob, identityOf("thief"))];
    await using back = await TestClient.dial(relay.url, { tenant: acme, credentials: acme.credentials(lost, again) });
    expect((await back.session.ready).rights).toEqual(DIRECTORY_ONLY);
  });

  test("a new member comes in with a ticket before the relay has the list that names it", async () => {
    await using relay = await TestRelay.start();
    await using admin = await TestClient.login(relay.url, acme, alice, [alice]);
    const documents = [acme.ticket(carol, 2), acme.slotLogin(carol, loginOf(carol))];
    await using joined = await TestClient.dial(relay.url, {
      tenant: acme,
      credentials: acme.credentials(loginOf(carol), documents),
    });
    await joined.session.ready;
    // The list that the ticket stands for arrives: nothing changes for her.
    await admin.session.present([acme.list({ members: [alice, carol], height: 2 })]);
    await joined.open(contacts);
    await admin.open(contacts);
    await admin.push(await new TestWriter(contacts, "w").write(2));
    await joined.holds(contacts, 2);
    expect(relay.relay.counters.get("sessions_dropped_total")).toBe(0);
  });

  test("a peer that goes away while its documents are checked leaves nothing behind", async () => {
    const gate = Promise.withResolvers<void>();
    let checked = 0;
    const slow: Verifier = {
      ...nativeVerifier,
      async verifyMany(checks) {
        checked += 1;
        // The first check is that of the login itself, the documents follow.
        if (checked > 1) await gate.promise;
        return await nativeVerifier.verifyMany(checks);
      },
    };
    await using relay = await TestRelay.start({ verifier: slow });
    const gone = await TestClient.dial(relay.url, {
      tenant: acme,
      credentials: acme.credentials(loginOf(bob), acme.documentsFor([alice, bob])),
    });
    while (checked < 2) await new Promise((resolve) => setImmediate(resolve));
    await gone[Symbol.asyncDispose]();
    while (relay.relay.counters.get("sessions") > 0) await new Promise((resolve) => setImmediate(resolve));
    gate.resolve();
    await using admin = await TestClient.login(relay.url, acme, alice, [alice, bob]);
    await admin.session.present([acme.list({ members: [alice], height: 2 })]);
    // Had the login stayed, it would have been dropped now.
    expect(relay.relay.counters.get("logins_admitted_total")).toBe(2);
    expect(relay.relay.counters.get("sessions_dropped_total")).toBe(0);
  });

  test("who is made a reader while it is connected has to come back, and comes back as one", async () => {
    await using relay = await TestRelay.start();
    await using admin = await TestClient.login(relay.url, acme, alice, [alice, bob]);
    await using writer = await TestClient.login(relay.url, acme, bob, [alice, bob]);
    await admin.session.present([acme.list({ members: [alice, { ...bob, rights: READER }], height: 2 })]);
    expect(await writer.session.closed).toMatchObject({ reason: "LOGIN_ENDED" });
    await using reader = await TestClient.dial(relay.url, {
      tenant: acme,
      credentials: acme.credentials(loginOf(bob)),
    });
    expect((await reader.session.ready).rights).toEqual(READER);
  });
});
