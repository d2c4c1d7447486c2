import { nativeCrypto } from "@selkie/crypto/native";
import { entryType, parseWriterKey, type VerifiedRun, ZERO_ENTRY_ID } from "@selkie/entry";
import { memoryStore, type Store } from "@selkie/store";
import { pipe, runSession, type Session } from "@selkie/sync-protocol";
import { beforeEach, describe, expect, test } from "vitest";
import { type HandshakeContext, peerHandshake } from "../../src/connection/handshake.ts";
import { PeerGate, PushBudget } from "../../src/connection/peer-gate.ts";
import type { DirectoryView } from "../../src/directory/directory-view.ts";
import { sealEntry, signRun } from "../../src/sealing/seal-entry.ts";
import { World } from "../directory/world.ts";
import { directoryDatabase, pattern, say, testKey, testTenant } from "../fixture.ts";

const crypto = nativeCrypto;
const scheduler = { after: () => () => undefined };
const world = new World();
const alice = await world.grant(world.root, "alice", "admin");
await world.grant(alice, "bob", "reader");
const everything = world.view();
const withoutBob = world.view(world.placed.slice(0, -1));
const nothing = world.view([]);
let serial = 0;

/** A device: its view of the directory can change at any time. */
class Side {
  readonly name: string;
  view: DirectoryView;
  readonly store: Store = memoryStore({ verifier: crypto, random: (length) => pattern(`store ${serial++}`, length) });
  readonly budget: PushBudget;

  constructor(name: string, view: DirectoryView, budget = new PushBudget()) {
    this.name = name;
    this.view = view;
    this.budget = budget;
  }

  get directory() {
    return this.store.entries(testTenant, directoryDatabase);
  }

  async begin(transport: ReturnType<typeof pipe>[0], role: "dialler" | "listener"): Promise<Session> {
    const context = {
      crypto,
      tenant: testTenant,
      directory: directoryDatabase,
      keys: { device: await crypto.importSigningKey(pattern(`device of ${this.name}`, 32)) },
      generation: this.store.generation,
      founding: () => null,
      view: () => this.view,
      ticket: null,
      budget: this.budget,
    } as unknown as HandshakeContext;
    const handshake = peerHandshake(context, role, "peer");
    const session = runSession(transport, {
      ...handshake,
      scheduler,
      verifier: crypto,
      random: (length) => crypto.randomBytes(length),
      open: async () => this.directory,
    });
    void session.ready.then(() => handshake.gatekeeper?.watch(session)).catch(() => undefined);
    return session;
  }
}

async function meet(one: Side, other: Side): Promise<readonly [Session, Session]> {
  const [near, far] = pipe();
  return Promise.all([one.begin(near, "dialler"), other.begin(far, "listener")]);
}

/** Some entry of the directory; what it says is no matter here. */
async function entryOf(name: string, bytes = 128): Promise<VerifiedRun> {
  const key = await crypto.importSigningKey(pattern(`writer ${name}`, 32));
  const plaintext = say(name);
  const padded = new Uint8Array(bytes);
  padded.set(plaintext);
  const entry = await sealEntry(
    crypto,
    {
      type: entryType.statement,
      database: directoryDatabase,
      writer: parseWriterKey(key.publicKey),
      writerSecret: await crypto.importSecret(pattern(name, 32)),
      seq: 0,
      prev: ZERO_ENTRY_ID,
    },
    [
      { kind: "control", key: await testKey(crypto, "directory"), plaintext },
      { kind: "statement", key: await testKey(crypto, "directory"), plaintext: padded as typeof plaintext },
    ],
  );
  return signRun(crypto, key, [entry]);
}

const rights = (session: Session) => session.ready.then((ready) => ready.rights);
const settled = async (): Promise<void> => {
  for (let at = 0; at < 20; at++) await new Promise((resolve) => setImmediate(resolve));
};

let knowing: Side;
let newcomer: Side;
beforeEach(() => {
  knowing = new Side("alice", everything);
  newcomer = new Side("bob", nothing);
});

describe("a device that knows nobody yet", () => {
  test("takes from another and gives nothing, and both give and take once it has seen the other in the directory", async () => {
    await knowing.directory.append([await entryOf("the directory")]);
    await newcomer.directory.append([await entryOf("of its own")]);
    const [a, b] = await meet(newcomer, knowing);
    expect(await rights(a)).toEqual({ pull: true, push: true, purge: false });
    expect(await rights(b)).toEqual({ pull: false, push: true, purge: false });
    await a.openDatabases([{ replica: newcomer.directory }]);
    await settled();
    expect([await newcomer.directory.position(), await knowing.directory.position()]).toEqual([2, 1]);
    newcomer.view = everything;
    a.reconsider();
    await settled();
    await a.synced([directoryDatabase]);
    expect(await knowing.directory.vector()).toEqual(await newcomer.directory.vector());
    await a.close();
  });

  test("drops who is not in the directory, once that one has said that it sent all of it", async () => {
    const mallory = new Side("mallory", everything);
    await mallory.directory.append([await entryOf("the directory")]);
    const [a, b] = await meet(newcomer, mallory);
    await a.ready;
    newcomer.view = everything;
    a.reconsider();
    await settled();
    await a.openDatabases([{ replica: newcomer.directory }]);
    expect(await a.closed).toMatchObject({ code: "NOT_ADMITTED", reason: "UNKNOWN_DEVICE" });
    expect(await b.closed).toMatchObject({ code: "REFUSED_BY_PEER", reason: "UNKNOWN_DEVICE" });
    expect(await newcomer.directory.position()).toBe(1);
  });

  test("F4 takes no more than its budget from all strangers together, and then lets none in", async () => {
    newcomer = new Side("bob", nothing, new PushBudget(5_000));
    const flood = async (name: string) => {
      const mallory = new Side(name, everything);
      await mallory.directory.append([await entryOf(`junk of ${name}`, 4_096)]);
      const [a] = await meet(newcomer, mallory);
      await a.ready.catch(() => undefined);
      await a.openDatabases([{ replica: newcomer.directory }]).catch(() => undefined);
      await settled();
      return [a, await newcomer.directory.position()] as const;
    };
    const [first, held] = await flood("mallory");
    expect(held).toBe(1);
    expect(newcomer.budget.isSpent).toBe(false);
    await first.close();
    const [second] = await flood("marvin");
    expect(await second.closed).toMatchObject({ code: "NOT_ADMITTED", reason: "LIMIT_EXCEEDED" });
    const [third, most] = await flood("melvin");
    expect(await third.closed).toMatchObject({ code: "NOT_ADMITTED", reason: "LIMIT_EXCEEDED" });
    expect(most).toBe(2);
  });
});

describe("a device that knows the directory", () => {
  test("A3 tells who was removed from who was never there", async () => {
    const ended = world.view();
    const gate = new PeerGate({
      tenant: testTenant,
      directory: directoryDatabase,
      budget: new PushBudget(),
      view: () => ({ ...ended, devices: () => ended.devices().filter(({ name }) => name !== "bob") }),
    });
    const admit = async (name: string) => {
      const { publicKey } = await crypto.importSigningKey(pattern(`device of ${name}`, 32));
      return await gate.admit({ type: "device", tenant: testTenant, key: publicKey });
    };
    expect(await admit("bob")).toEqual({ type: "refused", code: "DEVICE_REVOKED" });
    expect(await admit("mallory")).toEqual({ type: "refused", code: "UNKNOWN_DEVICE" });
    expect(await admit("alice")).toMatchObject({ type: "admitted" });
  });

  test("lets nobody in who is not there", async () => {
    const [, b] = await meet(new Side("mallory", everything), knowing);
    expect(await b.closed).toMatchObject({ code: "NOT_ADMITTED", reason: "UNKNOWN_DEVICE" });
  });

  test("drops an open session when its device is not there any more, and no other", async () => {
    const [ofBob, b] = await meet(new Side("bob", everything), knowing);
    const other = new Side("alice", everything);
    const [ofAlice, a] = await meet(other, knowing);
    await Promise.all([b.ready, a.ready]);
    b.reconsider();
    await settled();
    knowing.view = withoutBob;
    for (const session of [a, b]) session.reconsider();
    expect(await b.closed).toMatchObject({ code: "NOT_ADMITTED", reason: "UNKNOWN_DEVICE" });
    expect(await ofBob.closed).toMatchObject({ code: "REFUSED_BY_PEER", reason: "UNKNOWN_DEVICE" });
    await ofAlice.openDatabases([{ replica: other.directory }]);
    await ofAlice.synced([directoryDatabase]);
    await ofAlice.close();
  });

  test("sees a change that came while the session began", async () => {
    const [ofBob, b] = await meet(new Side("bob", everything), knowing);
    await ofBob.ready;
    knowing.view = withoutBob;
    expect(await b.closed).toMatchObject({ code: "NOT_ADMITTED", reason: "UNKNOWN_DEVICE" });
  });
});
