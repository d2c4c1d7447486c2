import { beforeAll, describe, expect, test } from "vitest";
import type { SessionOptions } from "../../src/index.ts";
import { device, gate, recordLogin } from "../support/credentials.ts";
import { connect, Peer } from "../support/peers.ts";
import { face } from "../support/raw-peer.ts";
import { otherTenant, TestKey } from "../support/writer.ts";

let alice: TestKey;
let bob: TestKey;
beforeAll(async () => {
  alice = await TestKey.of("alice");
  bob = await TestKey.of("bob");
});

describe("a proof between devices", () => {
  const both = (): { readonly a: Partial<SessionOptions>; readonly b: Partial<SessionOptions> } => ({
    a: { credentials: device(alice), gatekeeper: gate(bob) },
    b: { credentials: device(bob), gatekeeper: gate(alice) },
  });

  test("is given by both sides inside the handshake", async () => {
    await using connection = connect(new Peer(), new Peer(), both());
    await Promise.all([connection.a.ready, connection.b.ready]);
  });

  test("is required of both: a peer without one is refused", async () => {
    const { a } = both();
    const connection = connect(new Peer(), new Peer(), { a });
    expect(await connection.a.closed).toMatchObject({ code: "PROOF_MISSING" });
    const other = connect(new Peer(), new Peer(), { b: both().b ?? {} });
    expect(await other.b.closed).toMatchObject({ code: "PROOF_MISSING" });
    await expect(other.a.ready).rejects.toMatchObject({ code: "REFUSED_BY_PEER", reason: "PROOF_MISSING" });
  });

  test("is not shown by a listener to a dialler it does not admit", async () => {
    const keeper = gate(alice);
    const { raw } = await face(new Peer(), "listener", { credentials: device(bob), gatekeeper: keeper });
    await raw.send({ ...(await recordLogin(alice)).claim, kind: "device" });
    expect((await raw.rest()).map(({ type }) => type)).toEqual(["refused"]);
  });

  test("reflected to the side that made it is refused: the role is signed", async () => {
    // Alice's gatekeeper would admit Alice herself, so nothing but the role stands in the way.
    const { session, raw } = await face(new Peer(), "dialler", { credentials: device(alice), gatekeeper: gate(alice) });
    await raw.send(await raw.take("claim"));
    expect(await session.closed).toMatchObject({ code: "PROOF_INVALID" });
  });

  test("reflected through a second session with the same device is refused", async () => {
    const options = { credentials: device(alice), gatekeeper: gate(alice) };
    const first = await face(new Peer(), "dialler", options);
    const claim = await first.raw.take("claim");
    const second = await face(new Peer(), "listener", options, { nonce: first.hellos.session.nonce });
    await second.raw.send(claim);
    expect(await second.session.closed).toMatchObject({ code: "PROOF_INVALID" });
    await first.session.close();
  });

  test("for another tenant than the dialler's ends the session", async () => {
    const { a } = both();
    const b = { credentials: device(bob, otherTenant), gatekeeper: gate(alice) };
    const connection = connect(new Peer(), new Peer(), { a: a ?? {}, b });
    expect(await connection.b.closed).toMatchObject({ code: "TENANT_MISMATCH" });
  });

  test("of a listener that answers for another tenant or origin is refused", async () => {
    for (const change of [{ tenant: otherTenant }, { origin: "wss://other.example" }]) {
      const { session, raw } = await face(new Peer(), "dialler", { credentials: device(alice) });
      await raw.send({ ...(await raw.take("claim")), ...change });
      expect((await session.closed)?.code).toMatch(/^(TENANT|ORIGIN)_MISMATCH$/);
    }
  });
});
