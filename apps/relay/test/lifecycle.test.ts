import { describe, expect, test } from "vitest";
import { RecordedTransport } from "../../../packages/server/test/fixtures/recorded-transport.ts";
import { TestClient } from "../../../packages/server/test/fixtures/test-client.ts";
import { TempDirectory } from "../../../packages/server/test/fixtures/test-relay.ts";
import { loginOf, memberOf, TestTenant } from "../../../packages/server/test/fixtures/test-tenant.ts";
import { databaseOf, TestWriter } from "../../../packages/server/test/fixtures/test-writer.ts";
import { RelayProcess } from "./fixtures/relay-process.ts";

const acme = new TestTenant("acme");
const [alice, bob] = [memberOf("alice"), memberOf("bob")];
const members = [alice, bob];
const contacts = databaseOf("contacts");

describe("the relay process", () => {
  test("killed right after an acknowledgement, has the entry when it is started again", async () => {
    await using directory = await TempDirectory.create();
    const env = { SELKIE_RELAY_DATA: directory.path };
    const writer = new TestWriter(contacts, "w");
    let expected = "";
    for (let round = 1; round <= 3; round++) {
      await using relay = await RelayProcess.listening({ env });
      await using client = await TestClient.login(relay.url, acme, alice, members);
      await client.open(contacts);
      await client.session.synced([contacts]);
      expect(await client.contents(contacts)).toBe(expected);
      const acknowledged = client.next("acknowledged");
      await client.replica(contacts).append([await writer.write(2)]);
      client.session.announce(contacts);
      await acknowledged;
      relay.kill("SIGKILL");
      expect(await relay.ended).toEqual({ code: null, signal: "SIGKILL" });
      expected = await client.contents(contacts);
    }
    await using relay = await RelayProcess.listening({ env });
    await using fresh = await TestClient.login(relay.url, acme, bob, members);
    await fresh.open(contacts);
    await fresh.session.synced([contacts]);
    expect(await fresh.count(contacts)).toBe(6);
    expect(await fresh.contents(contacts)).toBe(expected);
  });

  test.each(["SIGTERM", "SIGINT"] as const)(
    "on %s sends connected clients away and ends with code 0",
    async (signal) => {
      await using directory = await TempDirectory.create();
      await using relay = await RelayProcess.listening({ env: { SELKIE_RELAY_DATA: directory.path } });
      const clients = [
        await TestClient.login(relay.url, acme, alice, members),
        await TestClient.login(relay.url, acme, bob, members),
      ];
      const asked = Promise.all(clients.map((client) => client.next("leaving")));
      relay.kill(signal);
      for (const { afterMs, withinMs } of await asked) {
        expect(afterMs).toBeGreaterThan(0);
        expect(withinMs).toBeGreaterThan(afterMs);
      }
      expect(await relay.ended).toEqual({ code: 0, signal: null });
      const events = relay.error
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line).event);
      expect(events.at(-1)).toBe("relay.stopped");
      for (const client of clients) await client[Symbol.asyncDispose]();
    },
  );

  test("is not ready while it drains; a second signal ends it at once", async () => {
    await using directory = await TempDirectory.create();
    const env = { SELKIE_RELAY_DATA: directory.path, SELKIE_RELAY_DRAIN_MS: "600000" };
    await using relay = await RelayProcess.listening({ env });
    const GOAWAY = 17;
    const client = await TestClient.dial(relay.url, {
      tenant: acme,
      credentials: acme.credentials(loginOf(alice), acme.documentsFor(members)),
      through: (whole) => new RecordedTransport(whole, (frame) => (frame[0] === GOAWAY ? null : frame)),
    });
    await client.session.ready;
    relay.kill("SIGTERM");
    await relay.until(() => relay.error.includes("relay.draining"));
    expect((await fetch(`${relay.url.replace("ws:", "http:")}/readyz`)).status).toBe(503);
    relay.kill("SIGTERM");
    expect(await relay.ended).toEqual({ code: 143, signal: null });
    await client[Symbol.asyncDispose]();
  });

  test("that has a fault says where, without the message of the failure, and ends with a code of its own", async () => {
    await using directory = await TempDirectory.create();
    const fault = `process.on("SIGUSR2", function fault() { throw new TypeError("canary"); });`;
    const preload = `--import=data:text/javascript,${encodeURIComponent(fault)}`;
    const env = { SELKIE_RELAY_DATA: directory.path, NODE_OPTIONS: preload };
    await using relay = await RelayProcess.listening({ env });
    relay.kill("SIGUSR2");
    expect(await relay.ended).toEqual({ code: 70, signal: null });
    const last = JSON.parse(relay.error.trim().split("\n").at(-1) ?? "");
    expect(last).toMatchObject({ level: "error", event: "relay.crashed", error: "TypeError" });
    expect(last.at).toContain("fault");
    expect(relay.error).not.toContain("canary");
  });

  test("stopped while a client pushes, keeps everything it acknowledged", async () => {
    await using directory = await TempDirectory.create();
    const env = { SELKIE_RELAY_DATA: directory.path, SELKIE_RELAY_DRAIN_MS: "1" };
    const first = await RelayProcess.listening({ env });
    const client = await TestClient.login(first.url, acme, alice, members);
    await client.open(contacts);
    let acknowledged = -1;
    client.session.on("acknowledged", ({ vector }) => {
      for (const { seq } of vector.values()) acknowledged = seq;
    });
    const writer = new TestWriter(contacts, "w");
    for (let run = 0; run < 50; run++) {
      await client.replica(contacts).append([await writer.write(4, 4_000)]);
      client.session.announce(contacts);
      if (run === 25) first.kill("SIGTERM");
    }
    expect(await first.ended).toEqual({ code: 0, signal: null });
    await client.session.closed;
    await using second = await RelayProcess.listening({ env });
    await using fresh = await TestClient.login(second.url, acme, bob, members);
    await fresh.open(contacts);
    await fresh.session.synced([contacts]);
    expect(await fresh.count(contacts)).toBeGreaterThan(acknowledged);
    await client[Symbol.asyncDispose]();
  });

  test("keeps its log free of what clients are and send", async () => {
    await using directory = await TempDirectory.create();
    const env = { SELKIE_RELAY_DATA: directory.path, SELKIE_RELAY_LOG_LEVEL: "debug" };
    await using relay = await RelayProcess.listening({ env });
    const client = await TestClient.login(relay.url, acme, alice, members);
    await client.open(contacts);
    await client.push(await new TestWriter(contacts, "w").write(3));
    await client[Symbol.asyncDispose]();
    relay.kill("SIGTERM");
    await relay.ended;
    const said = relay.error + relay.out.join("\n");
    for (const bytes of [acme.id, contacts, loginOf(alice).publicKey, alice.slot.publicKey]) {
      expect(said).not.toContain(Buffer.from(bytes).toString("hex").slice(0, 12));
    }
    expect(said).not.toContain(directory.path);
  });
});
