import { describe, expect, test } from "vitest";
import { RelayError } from "../../src/index.ts";
import { RecordedTransport } from "../fixtures/recorded-transport.ts";
import { TestClient } from "../fixtures/test-client.ts";
import { TestRelay } from "../fixtures/test-relay.ts";
import { loginOf, memberOf, TestTenant } from "../fixtures/test-tenant.ts";
import { databaseOf, TestWriter } from "../fixtures/test-writer.ts";

const acme = new TestTenant("acme");
const [alice, bob] = [memberOf("alice"), memberOf("bob")];
const members = [alice, bob];
const contacts = databaseOf("contacts");

/** A client that does not hear that it is asked to leave. */
async function stubbornClient(url: string): Promise<TestClient> {
  const GOAWAY = 17;
  const client = await TestClient.dial(url, {
    tenant: acme,
    credentials: acme.credentials(loginOf(alice), acme.documentsFor(members)),
    through: (whole) => new RecordedTransport(whole, (frame) => (frame[0] === GOAWAY ? null : frame)),
  });
  await client.session.ready;
  return client;
}

describe("stopping", () => {
  test("asks every client to leave and to come back spread over time, and ends when they are gone", async () => {
    await using relay = await TestRelay.start();
    const clients = [
      await TestClient.login(relay.url, acme, alice, members),
      await TestClient.login(relay.url, acme, bob, members),
    ];
    const asked = clients.map((client) => client.next("leaving"));
    const stopped = relay.relay.stop({ drainMs: 60_000 });
    for (const event of await Promise.all(asked)) {
      expect(event.afterMs).toBeGreaterThan(0);
      expect(event.withinMs).toBeGreaterThanOrEqual(5_000);
    }
    for (const client of clients) await client[Symbol.asyncDispose]();
    await stopped;
    expect(relay.relay.counters.get("sessions")).toBe(0);
  });

  test("is not ready and takes nobody new while a client is still there", async () => {
    await using relay = await TestRelay.start();
    const client = await stubbornClient(relay.url);
    const http = relay.url.replace("ws:", "http:");
    expect((await fetch(`${http}/readyz`)).status).toBe(200);
    const stopped = relay.relay.stop({ drainMs: 60_000 });
    expect((await fetch(`${http}/readyz`)).status).toBe(503);
    expect((await fetch(`${http}/livez`)).status).toBe(200);
    await expect(TestClient.login(relay.url, acme, bob, members)).rejects.toMatchObject({ code: "DIAL_FAILED" });
    await client[Symbol.asyncDispose]();
    await stopped;
  });

  test("what a client had in flight is acknowledged or not stored, never lost after its acknowledgement", async () => {
    await using relay = await TestRelay.start();
    const client = await TestClient.login(relay.url, acme, alice, members);
    await client.open(contacts);
    const acknowledged = new Map<string, number>();
    client.session.on("acknowledged", ({ vector }) => {
      for (const [writer, { seq }] of vector) acknowledged.set(writer, seq);
    });
    const writer = new TestWriter(contacts, "w");
    const pushes = [1, 2, 3, 4].map(async () => {
      await client.replica(contacts).append([await writer.write(20, 2_000)]);
      client.session.announce(contacts);
    });
    await pushes[0];
    await relay.relay.stop({ drainMs: 0 });
    await Promise.allSettled(pushes);
    const held = await relay.store.entries(acme.id, contacts).vector();
    for (const [name, seq] of acknowledged) expect(held.get(name)?.seq).toBeGreaterThanOrEqual(seq);
    await client[Symbol.asyncDispose]();
  });

  test("cuts a client that stays and one that never reads, when their time is over", async () => {
    await using relay = await TestRelay.start();
    const stays = await stubbornClient(relay.url);
    // A WebSocket that was opened and says nothing.
    const silent = new WebSocket(relay.url);
    await new Promise((resolve) => silent.addEventListener("open", resolve));
    await relay.relay.stop({ drainMs: 10 });
    expect(await stays.session.closed).toMatchObject({ reason: "RELAY_STOPPING" });
    expect(relay.relay.counters.get("sessions")).toBe(0);
  });

  test("twice is once, and a stopped relay does not listen again", async () => {
    await using relay = await TestRelay.start();
    await Promise.all([relay.relay.stop(), relay.relay.stop()]);
    const failure = await relay.relay.listen({ host: "127.0.0.1", port: 0 }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(RelayError);
    expect(failure).toMatchObject({ code: "RELAY_STOPPED" });
  });
});

describe("listening", () => {
  test("where it cannot fails with a typed error, as do limits and origins that make no sense", async () => {
    await using relay = await TestRelay.start();
    const port = Number(new URL(relay.url).port);
    await expect(TestRelay.start({ limits: { connections: 0 } })).rejects.toMatchObject({ code: "BAD_LIMIT" });
    await expect(TestRelay.start({ origins: ["wss://relay.example/sync"] })).rejects.toMatchObject({
      code: "BAD_ORIGIN",
    });
    await expect(TestRelay.start({ origins: ["ws://relay.example"] })).rejects.toMatchObject({ code: "BAD_ORIGIN" });
    await expect(TestRelay.start({ port })).rejects.toMatchObject({ code: "PORT_IN_USE" });
    await expect(TestRelay.start({ host: "192.0.2.77" })).rejects.toMatchObject({ code: "ADDRESS_UNAVAILABLE" });
  });
});
