import { describe, expect, test } from "vitest";
import { TestClient } from "../fixtures/test-client.ts";
import { TestRelay } from "../fixtures/test-relay.ts";
import { memberOf, TestTenant } from "../fixtures/test-tenant.ts";
import { databaseOf, TestWriter } from "../fixtures/test-writer.ts";

const acme = new TestTenant("acme");
const [alice, bob, carol] = [memberOf("alice"), memberOf("bob"), memberOf("carol")];
const members = [alice, bob, carol];
const contacts = databaseOf("contacts");

describe("syncing through a relay", () => {
  test("what one client pushed another receives, byte for byte", async () => {
    await using relay = await TestRelay.start();
    await using a = await TestClient.login(relay.url, acme, alice, members);
    await a.open(contacts);
    await a.push(await new TestWriter(contacts, "alice").write(300, 1_000));
    await using b = await TestClient.login(relay.url, acme, bob, members);
    await b.open(contacts);
    await b.session.synced([contacts]);
    expect(await b.count(contacts)).toBe(300);
    expect(await b.contents(contacts)).toBe(await a.contents(contacts));
  });

  test("new entries fan out live to every other client of the database", async () => {
    await using relay = await TestRelay.start();
    await using a = await TestClient.login(relay.url, acme, alice, members);
    await using b = await TestClient.login(relay.url, acme, bob, members);
    await using c = await TestClient.login(relay.url, acme, carol, members);
    const clients = [a, b, c];
    for (const client of clients) await client.open(contacts);
    const writers = clients.map((_, index) => new TestWriter(contacts, `writer ${index}`));
    for (let round = 0; round < 3; round++) {
      await Promise.all(clients.map(async (client, index) => client.push(await (writers[index] ?? never()).write(2))));
    }
    await Promise.all(clients.map((client) => client.holds(contacts, 18)));
    expect(await b.contents(contacts)).toBe(await a.contents(contacts));
    expect(await c.contents(contacts)).toBe(await a.contents(contacts));
    expect(relay.relay.counters.get("entries_stored_total")).toBe(18);
  });

  test("a client that was away gets what it missed, and brings what the relay lacks", async () => {
    await using relay = await TestRelay.start();
    await using a = await TestClient.login(relay.url, acme, alice, members);
    await a.open(contacts);
    await a.push(await new TestWriter(contacts, "alice").write(5));
    await using b = await TestClient.login(relay.url, acme, bob, members);
    await b.replica(contacts).append([await new TestWriter(contacts, "bob").write(7)]);
    await b.open(contacts);
    await Promise.all([a.holds(contacts, 12), b.holds(contacts, 12)]);
    expect(await b.contents(contacts)).toBe(await a.contents(contacts));
  });
});

function never(): never {
  throw new TypeError("there is one writer per client");
}
