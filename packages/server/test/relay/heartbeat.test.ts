import { randomBytes } from "node:crypto";
import { nativeVerifier } from "@selkie/entry/native";
import { pipe, runSession, type Session, type Transport } from "@selkie/sync-protocol";
import { expect, test } from "vitest";
import { createRelay } from "../../src/index.ts";
import { ManualClock } from "../fixtures/manual-clock.ts";
import { RecordedTransport } from "../fixtures/recorded-transport.ts";
import { newStore } from "../fixtures/store.ts";
import { loginOf, memberOf, TestTenant } from "../fixtures/test-tenant.ts";

const acme = new TestTenant("acme");
const alice = memberOf("alice");
const HEARTBEAT_MS = 30_000;
const PING = 13;

/** A relay whose time stands still until it is moved, and one client that is logged in to it. */
async function connected(clock: ManualClock, through: (transport: Transport) => Transport) {
  const random = (length: number) => new Uint8Array(randomBytes(length));
  const origin = "wss://relay.example";
  const relay = createRelay({
    store: newStore(),
    verifier: nativeVerifier,
    random,
    origins: [origin],
    limits: { heartbeatMs: HEARTBEAT_MS },
    scheduler: clock,
    now: () => clock.now,
  });
  const [here, there] = pipe();
  const served = relay.serve(there);
  const session = runSession(through(here), {
    role: "dialler",
    origin,
    verifier: nativeVerifier,
    credentials: acme.credentials(loginOf(alice), acme.documentsFor([alice])),
    gatekeeper: null,
    // The client's own clock stands still: what it does, it does because the relay asks.
    scheduler: new ManualClock(),
    random,
    open: async () => undefined,
    generation: new Uint8Array(8),
  });
  await session.ready;
  return { relay, session, served };
}

/** Lets everything happen that can happen now. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
}

async function isOpen(session: Session): Promise<boolean> {
  return (await Promise.race([session.closed, Promise.resolve("open")])) === "open";
}

test("a client that answers stays connected, however long it has nothing to say", async () => {
  const clock = new ManualClock();
  const { relay, session } = await connected(clock, (whole) => whole);
  for (let beat = 0; beat < 20; beat++) {
    clock.advance(HEARTBEAT_MS);
    await settle();
  }
  expect(await isOpen(session)).toBe(true);
  await session.close();
  await relay.stop();
});

test("a client that does not answer is dropped, and what it held is given back", async () => {
  const clock = new ManualClock();
  const deaf = (whole: Transport) => new RecordedTransport(whole, (frame) => (frame[0] === PING ? null : frame));
  const { relay, session, served } = await connected(clock, deaf);
  for (let beat = 0; beat < 4; beat++) {
    clock.advance(HEARTBEAT_MS);
    await settle();
  }
  await served;
  expect(await session.closed).toMatchObject({ code: "TRANSPORT_CLOSED" });
  expect(relay.counters.get("sessions_failed_total")).toBe(1);
  expect(relay.counters.get("sessions")).toBe(0);
  await relay.stop();
});
