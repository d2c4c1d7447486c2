import { labelled, SIGN_LABELS, type SignLabel } from "@selkie/entry";
import { beforeAll, describe, expect, test } from "vitest";
import {
  ALL_RIGHTS,
  type Credentials,
  type Gatekeeper,
  pipe,
  runSession,
  type SessionOptions,
} from "../../src/index.ts";
import { encodeMessage } from "../../src/message/codec.ts";
import type { ClaimMessage } from "../../src/message/message.ts";
import { proofPayload } from "../../src/session/proof.ts";
import { gate, login, recordLogin } from "../support/credentials.ts";
import { connect, Peer } from "../support/peers.ts";
import { face, generation, helloOf, RawPeer, settled } from "../support/raw-peer.ts";
import { bytesOf, databaseOf, otherTenant, TestKey, tenant } from "../support/writer.ts";

let alice: TestKey;
let bob: TestKey;
beforeAll(async () => {
  alice = await TestKey.of("alice");
  bob = await TestKey.of("bob");
});

describe("a login", () => {
  test("is admitted with the rights the gatekeeper gives", async () => {
    const keeper = gate(alice);
    const relay = new Peer();
    await using connection = connect(new Peer(), relay, {
      a: { credentials: login(alice) },
      b: { gatekeeper: keeper },
    });
    expect(await connection.a.ready).toEqual({
      rights: { pull: true, push: true, purge: false },
      generation: relay.store.generation,
    });
    expect((await connection.b.ready).rights).toEqual(ALL_RIGHTS);
    expect(keeper.claims).toMatchObject([{ type: "login", tenant, key: alice.publicKey, documents: [] }]);
  });

  test("is refused by name when the gatekeeper refuses it", async () => {
    const connection = connect(new Peer(), new Peer(), {
      a: { credentials: login(bob) },
      b: { gatekeeper: gate(alice) },
    });
    await expect(connection.a.ready).rejects.toMatchObject({ code: "REFUSED_BY_PEER", reason: "UNKNOWN_KEY" });
    expect(await connection.b.closed).toMatchObject({ code: "NOT_ADMITTED", reason: "UNKNOWN_KEY" });
    expect(await connection.a.closed).toMatchObject({ code: "REFUSED_BY_PEER" });
  });

  test("is refused with a wrong signature before the gatekeeper hears of it", async () => {
    const keeper = gate(alice);
    const credentials: Credentials = { ...login(alice), sign: bob.sign };
    const connection = connect(new Peer(), new Peer(), { a: { credentials }, b: { gatekeeper: keeper } });
    expect(await connection.b.closed).toMatchObject({ code: "PROOF_INVALID" });
    await expect(connection.a.ready).rejects.toMatchObject({ code: "REFUSED_BY_PEER", reason: "PROOF_INVALID" });
    expect(keeper.claims).toEqual([]);
  });

  test("F1 K-5 forwarded by a hostile relay to another one is refused there: the client named the origin it dialled", async () => {
    const { refusal, end, claims } = await forwarded({});
    expect(refusal).toEqual({ type: "refused", code: "ORIGIN_MISMATCH" });
    expect(end).toMatchObject({ code: "ORIGIN_MISMATCH" });
    expect(claims).toEqual([]);
  });

  test.each([
    ["the honest relay's origin", { origin: "wss://honest.example" }],
    ["another tenant", { origin: "wss://honest.example", tenant: otherTenant }],
  ])("F1 K-5 forwarded with %s in place of what was signed is refused", async (_what, change) => {
    const { end, claims } = await forwarded(change);
    expect(end).toMatchObject({ code: "PROOF_INVALID" });
    expect(claims).toEqual([]);
  });

  test("with any field of it changed on the way to the relay that was dialled is refused", async () => {
    for (const change of [{ tenant: otherTenant }, { key: bob.publicKey }, { kind: "device" as const }]) {
      const { end, claims } = await forwarded(change, "wss://honest.example");
      expect(end, JSON.stringify(Object.keys(change))).toMatchObject({ code: "PROOF_INVALID" });
      expect(claims).toEqual([]);
    }
    expect((await forwarded({}, "wss://honest.example")).claims).toHaveLength(1);
  });

  test("F1 K-5 is refused when a hostile relay uses the honest one's nonce in its own greeting", async () => {
    const [toHostile, hostileFront] = pipe();
    const { session: relay, raw: back } = await face(new Peer(), "listener", {
      origin: ["wss://honest.example"],
      gatekeeper: gate(alice),
    });
    const client = runSession(
      toHostile,
      new Peer().options({ origin: "wss://hostile.example", credentials: login(alice) }),
    );
    const front = new RawPeer(hostileFront);
    await front.take("hello");
    await front.send(helloOf("listener"));
    const claim = await front.take("claim");
    await back.send({ ...claim, origin: "wss://honest.example" });
    expect(await relay.closed).toMatchObject({ code: "PROOF_INVALID" });
    await client.close();
  });

  test("F2 recorded and sent again is refused: the listener's nonce is another", async () => {
    const recorded = await recordLogin(alice);
    const { session, raw } = await face(new Peer(), "listener", { gatekeeper: gate(alice) }, recorded.hello);
    await raw.send(recorded.claim);
    expect(await session.closed).toMatchObject({ code: "PROOF_INVALID" });
  });

  test("F2 a second claim in one session is refused", async () => {
    const keeper: Gatekeeper = { admit: () => new Promise(() => undefined) };
    const [left, right] = pipe();
    const session = runSession(right, new Peer().options({ role: "listener", gatekeeper: keeper }));
    const client = runSession(left, new Peer().options({ credentials: login(alice) }));
    await settled();
    await left.send(encodeMessage((await recordLogin(alice)).claim));
    expect(await session.closed).toMatchObject({ code: "UNEXPECTED_MESSAGE" });
    await client.close();
  });

  test("A9 no other signature of the same key is a login, and a login signature is nothing else", async () => {
    for (const label of SIGN_LABELS.filter((item) => item !== "sign-login")) {
      const credentials: Credentials = { ...login(alice), sign: (_label, payload) => alice.sign(label, payload) };
      const connection = connect(new Peer(), new Peer(), { a: { credentials }, b: { gatekeeper: gate(alice) } });
      expect(await connection.b.closed, label).toMatchObject({ code: "PROOF_INVALID" });
    }
  });

  test("A9 a serialized statement, or its own payload without a label, is never signed as a challenge", async () => {
    const signed: { label: SignLabel; payload: Uint8Array }[] = [];
    const credentials: Credentials = {
      ...login(alice),
      sign: (label, payload) => {
        signed.push({ label, payload });
        return alice.sign(label, payload);
      },
    };
    const challenge = labelled("sign-access-list", bytesOf("a revocation", 100)).subarray(0, 32);
    const { raw, session } = await face(new Peer(), "dialler", { credentials }, { nonce: challenge });
    await raw.take("claim");
    expect(signed).toHaveLength(1);
    expect(signed[0]?.label).toBe("sign-login");
    expect(signed[0]?.payload.length).toBeGreaterThan(32);
    await session.close();
  });

  test("of a tenant whose gatekeeper knows the key for another is the gatekeeper's to refuse, with the tenant that was signed", async () => {
    const keeper = gate(alice);
    await using connection = connect(new Peer(), new Peer(), {
      a: { credentials: login(alice, otherTenant) },
      b: { gatekeeper: keeper },
    });
    await connection.a.ready;
    expect(keeper.claims[0]?.tenant).toEqual(otherTenant);
  });

  test("is not taken from a listener, however well it is signed", async () => {
    const { session, raw, hellos } = await face(new Peer(), "dialler");
    const claim = await raw.take("claim");
    const greetings = { dialler: hellos.session, listener: hellos.raw };
    const subject = {
      kind: "login",
      role: "listener",
      greetings,
      tenant,
      key: alice.publicKey,
      origin: claim.origin,
    } as const;
    const signature = await alice.sign("sign-login", proofPayload(subject));
    await raw.send({ ...claim, kind: "login", key: alice.publicKey, signature });
    expect(await session.closed).toMatchObject({ code: "PROOF_INVALID" });
  });
});

describe("a handshake", () => {
  test("refuses its own hello", async () => {
    const [left, right] = pipe();
    const session = runSession(left, new Peer().options());
    const raw = new RawPeer(right);
    await raw.send(await raw.take("hello"));
    expect(await session.closed).toMatchObject({ code: "UNEXPECTED_MESSAGE" });
    const other = await face(new Peer(), "listener");
    await other.session.close();
  });

  test("refuses a peer in its own role, so that two diallers, or two listeners, are never joined", async () => {
    for (const role of ["dialler", "listener"] as const) {
      const [left, right] = pipe();
      const session = runSession(left, new Peer().options({ role }));
      await new RawPeer(right).send(helloOf(role));
      expect(await session.closed).toMatchObject({ code: "UNEXPECTED_MESSAGE" });
    }
  });

  test("refuses its own nonce in the other role", async () => {
    const [left, right] = pipe();
    const session = runSession(left, new Peer().options());
    const raw = new RawPeer(right);
    const hello = await raw.take("hello");
    await raw.send({ ...hello, role: "listener" });
    expect(await session.closed).toMatchObject({ code: "UNEXPECTED_MESSAGE" });
  });

  test("ends after its time, whichever message is missing", async () => {
    for (const messages of [[], [helloOf("dialler")]]) {
      const [left, right] = pipe();
      const peer = new Peer();
      const session = runSession(left, peer.options({ role: "listener" }));
      let isOver = false;
      void session.closed.then(() => {
        isOver = true;
      });
      await new RawPeer(right).send(...messages);
      await settled();
      peer.scheduler.advance(9_999);
      await settled();
      expect(isOver).toBe(false);
      peer.scheduler.advance(1);
      expect(await session.closed).toMatchObject({ code: "HANDSHAKE_TIMEOUT" });
      expect(peer.scheduler.pending).toBe(0);
    }
  });

  test("ends after its time when the other side is admitted and does not admit", async () => {
    const peer = new Peer();
    const { session, raw } = await face(peer, "dialler");
    await raw.send(await raw.take("claim"));
    await settled();
    peer.scheduler.advance(10_000);
    expect(await session.closed).toMatchObject({ code: "HANDSHAKE_TIMEOUT" });
  });

  test("takes no other message before admission", async () => {
    for (const type of ["open", "fence", "ping", "vector", "goaway", "present"] as const) {
      const { session, raw } = await face(new Peer(), "listener");
      await raw.send(
        type === "open"
          ? { type, items: [{ id: databaseOf("x"), digest: new Uint8Array(16), position: null }] }
          : type === "vector"
            ? { type, handle: 0, reply: false, asks: false, vector: new Map() }
            : type === "fence"
              ? { type, token: 1, handles: [] }
              : type === "goaway"
                ? { type, afterMs: 0, withinMs: 0 }
                : type === "present"
                  ? { type, documents: [] }
                  : { type, token: 1 },
      );
      expect(await session.closed, type).toMatchObject({ code: "UNEXPECTED_MESSAGE" });
    }
  });

  test("takes no claim before hello, no admission before a claim, no second hello, no second admission", async () => {
    const { claim, hello } = await recordLogin(alice);
    const admitted = { type: "admitted", rights: ALL_RIGHTS, generation } as const;
    for (const messages of [[claim], [admitted], [hello, hello], [hello, admitted]] as const) {
      const [left, right] = pipe();
      const session = runSession(left, new Peer().options({ role: "listener" }));
      const raw = new RawPeer(right);
      await raw.take("hello");
      await raw.send(...messages);
      expect(await session.closed).toMatchObject({ code: "UNEXPECTED_MESSAGE" });
    }
  });

  test("says that an update is needed when the peer speaks another version", async () => {
    const [left, right] = pipe();
    const session = runSession(left, new Peer().options());
    await right.send(Uint8Array.of(1, 2, 3));
    expect(await session.closed).toMatchObject({ code: "VERSION_UNSUPPORTED" });
    expect(await new RawPeer(right).rest()).toMatchObject([
      { type: "hello" },
      { type: "error", code: "VERSION_UNSUPPORTED" },
    ]);
  });

  test("ends when credentials, or the gatekeeper, fail", async () => {
    const broken = new Error("no key");
    const credentials: Credentials = { ...login(alice), sign: () => Promise.reject(broken) };
    const connection = connect(new Peer(), new Peer(), { a: { credentials } });
    expect(await connection.a.closed).toMatchObject({ code: "CREDENTIALS_FAILED", cause: broken });
    const gatekeeper: Gatekeeper = { admit: () => Promise.reject(broken) };
    const other = connect(new Peer(), new Peer(), { a: { credentials: login(alice) }, b: { gatekeeper } });
    expect(await other.b.closed).toMatchObject({ code: "NOT_ADMITTED", cause: broken });
    await expect(other.a.ready).rejects.toMatchObject({ code: "REFUSED_BY_PEER", reason: "NOT_ADMITTED" });
  });

  test("needs options that make sense", () => {
    const [left] = pipe();
    const peer = new Peer();
    for (const change of [
      { origin: ["a", "b"] },
      { generation: new Uint8Array(7) },
      { limits: { windowBytes: 0 } },
      { limits: { sliceBytes: 2_000_000 } },
      { limits: { silenceMs: Number.NaN } },
    ] satisfies Partial<SessionOptions>[]) {
      expect(() => runSession(left, peer.options(change))).toThrow(expect.objectContaining({ code: "BAD_OPTIONS" }));
    }
  });

  test("needs a tenant when a dialler has no credentials", async () => {
    const { tenant: _none, ...options } = new Peer().options();
    const [left, right] = pipe();
    const session = runSession(left, options);
    await new RawPeer(right).send(helloOf("listener"));
    expect(await session.closed).toMatchObject({ code: "BAD_OPTIONS" });
  });
});

/** A client's login to `dialled`, handed through to an honest relay with everything of both greetings, but for this change. */
async function forwarded(change: Partial<ClaimMessage>, dialled = "wss://hostile.example") {
  const honest = gate(alice);
  const [toHostile, hostileFront] = pipe();
  const [hostileBack, toHonest] = pipe();
  const client = runSession(toHostile, new Peer().options({ origin: dialled, credentials: login(alice) }));
  const options = { role: "listener", origin: ["wss://honest.example"], gatekeeper: honest } as const;
  const relay = runSession(toHonest, new Peer().options(options));
  const [front, back] = [new RawPeer(hostileFront), new RawPeer(hostileBack)];
  await back.send(await front.take("hello"));
  await front.send(await back.take("hello"));
  await back.send({ ...(await front.take("claim")), ...change });
  const refusal = await back.next();
  await Promise.all([client.close(), hostileBack.close()]);
  return { refusal, end: await relay.closed, claims: honest.claims };
}
