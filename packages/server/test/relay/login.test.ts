import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { nativeVerifier } from "@selkie/entry/native";
import { dialWebSocket, pipe, runSession, type Transport } from "@selkie/sync-protocol";
import { afterEach, describe, expect, test } from "vitest";
import { WebSocketServer } from "ws";
import { createRelay } from "../../src/index.ts";
import type { Identity } from "../fixtures/identity.ts";
import { ManualClock } from "../fixtures/manual-clock.ts";
import { RecordedTransport } from "../fixtures/recorded-transport.ts";
import { newStore } from "../fixtures/store.ts";
import { TestClient, timers } from "../fixtures/test-client.ts";
import { TestRelay } from "../fixtures/test-relay.ts";
import { loginOf, memberOf, TestTenant } from "../fixtures/test-tenant.ts";
import { databaseOf, TestWriter } from "../fixtures/test-writer.ts";

const acme = new TestTenant("acme");
const other = new TestTenant("other");
const unknown = new TestTenant("unknown");
const [alice, bob] = [memberOf("alice"), memberOf("bob")];
const mallory = memberOf("mallory");
const contacts = databaseOf("contacts");

const closers = new Set<() => Promise<void>>();
afterEach(async () => {
  for (const close of closers) await close();
  closers.clear();
});

function dial(url: string): Promise<Transport> {
  return dialWebSocket(url, { scheduler: timers })(new AbortController().signal);
}

/** Logs in with a recorder in between; resolves with what both sides said. */
async function attempt(url: string, tenant: TestTenant, login: Identity, documents: readonly Uint8Array[] = []) {
  const recorder = new RecordedTransport(await dial(url));
  const credentials = tenant.credentials(login, documents);
  const client = new TestClient(recorder, { tenant, credentials, origin: url });
  const failure = await client.session.ready.then(
    () => null,
    (error: unknown) => error,
  );
  const received = recorder.received.slice();
  await client[Symbol.asyncDispose]();
  return { failure, sent: recorder.sent, received };
}

const REFUSED = { code: "REFUSED_BY_PEER", reason: "LOGIN_REFUSED" };

describe("a login", () => {
  test("is refused for an unknown tenant, and for an unknown key of a known one", async () => {
    await using relay = await TestRelay.start();
    await using first = await TestClient.login(relay.url, acme, alice, [alice]);
    expect(first.store).toBeDefined();
    expect((await attempt(relay.url, unknown, loginOf(alice))).failure).toMatchObject(REFUSED);
    expect((await attempt(relay.url, acme, loginOf(mallory))).failure).toMatchObject(REFUSED);
    expect(relay.relay.counters.get("logins_refused_total")).toBe(2);
  });

  test("is refused when another key signed it", async () => {
    await using relay = await TestRelay.start();
    await using first = await TestClient.login(relay.url, acme, alice, [alice]);
    const credentials = { ...acme.credentials(loginOf(alice)), sign: acme.credentials(loginOf(mallory)).sign };
    const client = await TestClient.dial(relay.url, { tenant: acme, credentials, store: first.store });
    await expect(client.session.ready).rejects.toMatchObject({ code: "REFUSED_BY_PEER", reason: "PROOF_INVALID" });
    expect(relay.relay.counters.get("logins_admitted_total")).toBe(1);
  });

  test("of a device, as peers make it to each other, is refused: a relay knows login keys only", async () => {
    await using relay = await TestRelay.start({ limits: { refusalMs: 0 } });
    await using first = await TestClient.login(relay.url, acme, alice, [alice]);
    const key = loginOf(alice).publicKey;
    const credentials = {
      ...acme.credentials(loginOf(alice)),
      claim: async () => ({ type: "device", tenant: acme.id, key }) as const,
    };
    await using client = await TestClient.dial(relay.url, { tenant: first.tenant, credentials });
    await expect(client.session.ready).rejects.toMatchObject(REFUSED);
  });

  test("F2 is good once: the same frames on a second connection are refused", async () => {
    await using relay = await TestRelay.start();
    const { failure, sent } = await attempt(relay.url, acme, loginOf(alice), acme.documentsFor([alice]));
    expect(failure).toBeNull();
    const again = await dial(relay.url);
    const answers: Uint8Array[] = [];
    for (const frame of sent.slice(0, 2)) await again.send(frame);
    for await (const frame of again.receive()) answers.push(frame);
    // The relay's greeting and a refusal: no admission.
    expect(answers.map((frame) => frame[0])).toEqual([1, 4]);
    expect(Buffer.from(answers[1] ?? []).toString("latin1")).toContain("PROOF_INVALID");
    expect(relay.relay.counters.get("logins_admitted_total")).toBe(1);
  });

  test("F1 K-5 made for one relay is refused by another that it is forwarded to", async () => {
    await using target = await TestRelay.start();
    const middle = await forwarder(target.url);
    const documents = acme.documentsFor([alice]);
    const { failure } = await attempt(middle, acme, loginOf(alice), documents);
    expect(failure).toMatchObject({ code: "REFUSED_BY_PEER", reason: "ORIGIN_MISMATCH" });
    expect(target.relay.counters.get("logins_admitted_total")).toBe(0);
  });

  test("F1 K-5 is bound to the origin and to nothing else: forwarded, but made for the target, it is taken", async () => {
    await using target = await TestRelay.start();
    const transport = await dial(await forwarder(target.url));
    const credentials = acme.credentials(loginOf(alice), acme.documentsFor([alice]));
    await using client = new TestClient(transport, { tenant: acme, credentials, origin: target.url });
    expect((await client.session.ready).rights.push).toBe(true);
  });

  test("with documents of another tenant is refused, and leaves that tenant to its own members", async () => {
    await using relay = await TestRelay.start();
    const documents = [other.founding, acme.list({ members: [mallory], height: 1, signer: mallory.slot })];
    expect((await attempt(relay.url, acme, loginOf(mallory), documents)).failure).toMatchObject(REFUSED);
    await using owner = await TestClient.login(relay.url, acme, alice, [alice]);
    expect((await owner.session.ready).rights.push).toBe(true);
  });
});

describe("a refusal", () => {
  const cases: readonly (readonly [string, TestTenant, Identity, readonly Uint8Array[]])[] = [
    ["an unknown tenant", unknown, loginOf(mallory), []],
    ["an unknown tenant with a key of a known one", unknown, loginOf(alice), []],
    ["an unknown tenant with its own, foreign documents", unknown, loginOf(mallory), unknown.documentsFor([bob])],
    ["a known tenant and a stranger", acme, loginOf(mallory), []],
    ["a known tenant and a stranger with all its documents", acme, loginOf(mallory), acme.documentsFor([alice])],
    ["a known tenant and a key of another one", acme, loginOf(bob), []],
    ["the other tenant and a key of the first", other, loginOf(alice), []],
  ];

  test("F3 reads alike for every reason: the relay's bytes differ in its nonce, and what follows from it, only", async () => {
    await using relay = await TestRelay.start({ limits: { refusalMs: 0 } });
    await using a = await TestClient.login(relay.url, acme, alice, [alice]);
    await using b = await TestClient.login(relay.url, other, bob, [bob]);
    expect([a.tenant, b.tenant]).toEqual([acme, other]);
    const answers = new Set<string>();
    for (const [what, tenant, login, documents] of cases) {
      const { failure, received } = await attempt(relay.url, tenant, login, documents);
      expect([what, failure]).toMatchObject([what, REFUSED]);
      const [hello, refused, ...rest] = received.map((frame) => Buffer.from(frame).toString("hex"));
      expect(refused).toBeDefined();
      answers.add([hello?.length, refused?.length, refused?.slice(0, -16), ...rest].join("|")); // without its tag
    }
    expect([...answers]).toHaveLength(1);
  });

  test("F3 takes equally long for every reason: it comes when the time is over, and not before", async () => {
    const clock = new ManualClock();
    const relay = createRelay({
      store: newStore(),
      verifier: nativeVerifier,
      random: (length) => new Uint8Array(randomBytes(length)),
      origins: ["wss://relay.example"],
      limits: { refusalMs: 250, handshakeMs: 60_000 },
      scheduler: clock,
      now: () => clock.now,
    });
    closers.add(() => relay.stop());
    for (const member of [alice]) {
      const admitted = serve(relay, acme, loginOf(member), acme.documentsFor([alice]));
      expect(await settles(admitted.ready)).toBe(true);
    }
    for (const [what, tenant, login, documents] of cases) {
      const session = serve(relay, tenant, login, documents);
      expect([what, await settles(session.ready)]).toEqual([what, false]);
      clock.advance(249);
      expect([what, await settles(session.ready)]).toEqual([what, false]);
      clock.advance(1);
      expect([what, await settles(session.ready)]).toEqual([what, true]);
      await expect(session.ready).rejects.toMatchObject(REFUSED);
    }
  });
});

describe("a tenant's login", () => {
  test("F3 reads and writes nothing of another tenant, also under the other's database id", async () => {
    await using relay = await TestRelay.start();
    await using a = await TestClient.login(relay.url, acme, alice, [alice]);
    await a.open(contacts);
    await a.push(await new TestWriter(contacts, "alice").write(3));
    await using b = await TestClient.login(relay.url, other, bob, [bob]);
    await b.open(contacts);
    await b.session.synced([contacts]);
    expect(await b.count(contacts)).toBe(0);
    await b.push(await new TestWriter(contacts, "bob").write(2));
    await a.session.synced([contacts]);
    expect(await a.count(contacts)).toBe(3);
    expect(await relay.store.databases(acme.id)).toHaveLength(1);
    expect((await relay.store.entries(acme.id, contacts).vector()).size).toBe(1);
  });
});

/** A relay in the middle that passes every frame on, both ways. Resolves with the URL it listens on. */
async function forwarder(target: string): Promise<string> {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false });
  await once(server, "listening");
  closers.add(async () => {
    for (const client of server.clients) client.terminate();
    await new Promise((resolve) => server.close(resolve));
  });
  server.on("connection", (client) => {
    const onward = new WebSocket(target);
    onward.binaryType = "arraybuffer";
    const opened = once(onward, "open");
    client.on("message", async (frame: Buffer) => {
      await opened;
      onward.send(new Uint8Array(frame));
    });
    onward.addEventListener("message", ({ data }) => client.send(data));
    onward.addEventListener("close", () => client.close());
    client.on("close", () => onward.close());
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("no port");
  return `ws://127.0.0.1:${address.port}`;
}

/** A session over an in-memory pipe: nothing in it waits for anything but the relay. */
function serve(
  relay: ReturnType<typeof createRelay>,
  tenant: TestTenant,
  login: Identity,
  documents: readonly Uint8Array[],
) {
  const [here, there] = pipe();
  void relay.serve(there);
  const session = runSession(here, {
    role: "dialler",
    origin: "wss://relay.example",
    verifier: nativeVerifier,
    credentials: tenant.credentials(login, documents),
    gatekeeper: null,
    scheduler: new ManualClock(),
    random: (length) => new Uint8Array(randomBytes(length)),
    open: async () => undefined,
    generation: new Uint8Array(8),
  });
  closers.add(() => session.close());
  return session;
}

/** Whether a promise is settled once everything that can happen now has happened. */
async function settles(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const note = (): void => {
    settled = true;
  };
  promise.then(note, note);
  for (let turn = 0; turn < 200 && !settled; turn++) await new Promise((resolve) => setImmediate(resolve));
  return settled;
}
