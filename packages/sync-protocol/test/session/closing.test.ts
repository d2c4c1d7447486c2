// Closing databases in a session that goes on. docs/spec/sync.md section 5.6.
import type { DatabaseId, Replica } from "@selkie/entry";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ALL_RIGHTS, DEFAULT_LIMITS, type Session } from "../../src/index.ts";
import { openMachine } from "../support/machine.ts";
import { altered, collect, connect, Peer } from "../support/peers.ts";
import { faceOpenListener, settled } from "../support/raw-peer.ts";
import { databaseOf, TestWriter } from "../support/writer.ts";

const database = databaseOf("closing");
const open = (session: Session, peer: Peer, ...ids: readonly DatabaseId[]) =>
  session.openDatabases(ids.map((id) => ({ replica: peer.replica(id) })));

/** A replica whose position takes a number of turns of the event loop. */
function slow(peer: Peer, id: DatabaseId, turns: number): Replica {
  const position = async () => {
    for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
    return await peer.replica(id).position();
  };
  return altered(peer.replica(id), { position });
}

describe("a database that one side closes", () => {
  test.each(["a", "b"] as const)(
    "is followed no more by either, until it is opened again (%s closes)",
    async (side) => {
      const [alice, bob] = [new Peer(), new Peer()];
      const [a, b] = [await TestWriter.of("alice", database), await TestWriter.of("bob", database)];
      await using connection = connect(alice, bob);
      await open(connection.a, alice, database);
      await connection.a.synced([database]);
      const told = [collect(connection.a, "closed"), collect(connection.b, "closed")];
      await connection[side].closeDatabases([database]);
      await settled();
      expect(told).toEqual([[{ database }], [{ database }]]);

      await alice.replica(database).append([await a.write(2)]);
      await bob.replica(database).append([await b.write(3)]);
      connection.a.announce(database);
      connection.b.announce(database);
      connection.b.compare(database);
      await settled();
      expect((await alice.vector(database)).size + (await bob.vector(database)).size).toBe(2);
      for (const session of [connection.a, connection.b])
        await expect(session.synced([database])).rejects.toMatchObject({ code: "UNKNOWN_DATABASE" });

      await open(connection.b, bob, database);
      await connection.b.synced([database]);
      expect(await alice.vector(database)).toEqual(await bob.vector(database));
      expect((await alice.vector(database)).size).toBe(2);
    },
  );

  test("goes on with the replica that it is opened with the next time", async () => {
    const [alice, bob] = [new Peer(), new Peer()];
    const afterwards = new Peer();
    await bob.replica(database).append([await (await TestWriter.of("bob", database)).write(3)]);
    await using connection = connect(alice, bob);
    await open(connection.a, alice, database);
    await connection.a.closeDatabases([database]);
    await open(connection.a, afterwards, database);
    await connection.a.synced([database]);
    expect(await afterwards.vector(database)).toEqual(await bob.vector(database));
  });

  test("that the peer does not know may be opened again with another replica, too", async () => {
    const [alice, bob] = [new Peer(), new Peer()];
    const afterwards = new Peer();
    await using connection = connect(alice, bob, { b: { open: async () => undefined } });
    await open(connection.a, alice, database);
    await connection.a.closeDatabases([database]);
    await open(connection.a, afterwards, database);
    await bob.replica(database).append([await (await TestWriter.of("bob", database)).write(3)]);
    await open(connection.b, bob, database);
    await connection.b.synced([database]);
    expect((await afterwards.vector(database)).size).toBe(1);
    expect((await alice.vector(database)).size).toBe(0);
  });

  test("ends what waits for it, and nothing else", async () => {
    const [alice, bob] = [new Peer(), new Peer()];
    const other = databaseOf("other");
    await bob.replica(database).append([await (await TestWriter.of("bob", database)).write(200)]);
    await using connection = connect(alice, bob);
    await open(connection.a, alice, database, other);
    const waiting = [
      connection.a.synced([database, other]),
      connection.b.synced([database]),
      connection.a.synced([other]),
    ];
    const outcomes = Promise.allSettled(waiting);
    await connection.a.closeDatabases([database]);
    const [first, second, third] = await outcomes;
    // The other side may have been done before it heard of it.
    expect(first).toMatchObject({ status: "rejected", reason: { code: "DATABASE_CLOSED" } });
    if (second?.status === "rejected") expect(second.reason).toMatchObject({ code: "DATABASE_CLOSED" });
    expect(third).toMatchObject({ status: "fulfilled" });
    await connection.b.synced([other]);
    await connection.a.synced([other]);
  });
});

test("any number of databases pass through a session that takes four at a time", async () => {
  const [alice, bob] = [new Peer(), new Peer()];
  const ids = Array.from({ length: 200 }, (_, at) => databaseOf(`many ${at}`));
  for (const id of ids) await bob.replica(id).append([await (await TestWriter.of("bob", id)).write(1)]);
  await using connection = connect(alice, bob, { b: { limits: { databases: 4 } } });
  for (let at = 0; at < ids.length; at += 4) {
    const batch = ids.slice(at, at + 4);
    expect(await open(connection.a, alice, ...batch)).toEqual([]);
    await connection.a.synced(batch);
    await connection.a.closeDatabases(batch);
  }
  for (const id of ids) expect((await alice.vector(id)).size).toBe(1);
});

describe("a handle that is void from the start takes no place of those that may be open", () => {
  const limits = { databases: 2 };

  test("where both open the same database at once, time and again", async () => {
    const [alice, bob] = [new Peer(), new Peer()];
    await using connection = connect(alice, bob, { a: { limits }, b: { limits } });
    const sides = [
      [connection.a, alice],
      [connection.b, bob],
    ] as const;
    await Promise.all([connection.a.ready, connection.b.ready]);
    for (let times = 0; times < 6; times += 1) {
      const both = sides.map(([session, peer]) => session.openDatabases([{ replica: slow(peer, database, 3) }]));
      expect(await Promise.all(both)).toEqual([[], []]);
      await Promise.all(sides.map(([session]) => session.synced([database])));
      await Promise.all(sides.map(([session]) => session.closeDatabases([database])));
    }
  });

  test.each(["a", "b"] as const)("where the other side has none of them (%s opens)", async (side) => {
    const peer = new Peer();
    const none = { limits, open: async () => undefined };
    await using connection = connect(peer, peer, { a: none, b: none });
    for (let at = 0; at < 6; at += 1) {
      const id = databaseOf(`unknown ${at}`);
      expect(await open(connection[side], peer, id)).toEqual([]);
      if (at % 2 === 0) await connection[side].closeDatabases([id]);
    }
  });

  test("F4 but who asks for what is not here, and never reads the answer, is stopped at the same number", () => {
    const machine = openMachine("listener", ALL_RIGHTS, { limits: { ...DEFAULT_LIMITS, databases: 8 } });
    machine.hear({ type: "ping", token: 1 }); // the answer takes the pen, and it never comes back
    let opened = 0;
    for (; machine.state.phase === "open" && opened < 100; opened += 1) {
      const item = { id: databaseOf(`flood ${opened}`), digest: new Uint8Array(16), position: null };
      machine.hear({ type: "open", items: [item] });
      machine.feed({ type: "replicasOpened", first: opened, handles: [2 * opened], opened: [] });
    }
    expect(opened).toBe(9);
    expect(machine.effects.at(-1)).toMatchObject({ type: "close", error: { code: "LIMIT_EXCEEDED" } });
  });
});

test.each([0, 1, 2, 3, 5, 8, 13])(
  "a session stays when the dialler opens a database and closes it while the listener is about to open it (%i turns)",
  async (turns) => {
    const [alice, bob] = [new Peer(), new Peer()];
    await bob.replica(database).append([await (await TestWriter.of("bob", database)).write(3)]);
    await using connection = connect(alice, bob);
    await Promise.all([connection.a.ready, connection.b.ready]);
    const others = Array.from({ length: 3 }, (_, at) => databaseOf(`other ${at}`));
    const opening = connection.b.openDatabases([...others, database].map((id) => ({ replica: slow(bob, id, turns) })));
    await open(connection.a, alice, database);
    await connection.a.closeDatabases([database]);
    await opening;
    await open(connection.a, alice, database, ...others);
    await connection.a.synced([database, ...others]);
    expect((await alice.vector(database)).size).toBe(1);
  },
);

type Act = "open" | "close" | "write" | "wait";
const act = fc.tuple(fc.boolean(), fc.constantFrom<Act>("open", "close", "write", "write", "wait"), fc.nat(2));

test("whatever both sides open, close and write in between, the session stays, and they agree in the end", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(act, { maxLength: 24 }), async (acts) => {
      const peers = [new Peer(), new Peer()] as const;
      const ids = [0, 1, 2].map((at) => databaseOf(`any ${at}`));
      const writers = await Promise.all(
        ["alice", "bob"].map((name) => Promise.all(ids.map((id) => TestWriter.of(name, id)))),
      );
      await using connection = connect(...peers);
      const sessions = [connection.a, connection.b] as const;
      const work: Promise<unknown>[] = [];
      /** One after the other for each side and database, as whoever closes one waits before it opens it again. */
      const turns = new Map<string, Promise<unknown>>();
      const inTurn = (name: string, run: () => Promise<unknown>): void => {
        const next = (turns.get(name) ?? Promise.resolve()).then(run);
        turns.set(name, next);
        work.push(next);
      };
      for (const [isFirst, what, at] of acts) {
        const side = isFirst ? 0 : 1;
        const id = ids[at] ?? database;
        if (what === "wait") await settled();
        else if (what === "open") inTurn(`${side} ${at}`, () => open(sessions[side], peers[side], id));
        else if (what === "close") inTurn(`${side} ${at}`, () => sessions[side].closeDatabases([id]));
        else {
          const run = await writers[side]?.[at]?.write(3);
          if (run !== undefined) await peers[side].replica(id).append([run]);
          sessions[side].announce(id);
        }
      }
      await Promise.all(work);
      await Promise.all([open(connection.a, peers[0], ...ids), open(connection.b, peers[1], ...ids)]);
      await Promise.all([connection.a.synced(ids), connection.b.synced(ids)]);
      for (const id of ids) expect(await peers[0].vector(id)).toEqual(await peers[1].vector(id));
    }),
    { numRuns: 200 },
  );
});

describe("a peer", () => {
  const digest = new Uint8Array(16);
  const item = (id: DatabaseId) => ({ id, digest, position: null });

  test.each([
    ["nothing", []],
    ["what was never opened", [2]],
    ["what is closed already", [0, 0]],
  ])("that closes %s is out of turn", async (_, handles) => {
    const { raw, session } = await faceOpenListener(new Peer());
    await raw.send({ type: "open", items: [item(database)] });
    await raw.take("opened");
    await raw.send({ type: "close", handles });
    await expect(session.closed).resolves.toMatchObject({ code: "UNEXPECTED_MESSAGE" });
  });

  test("F4 that opens and closes without end, and reads nothing, is stopped at the number it may have open", () => {
    const machine = openMachine("listener", ALL_RIGHTS, { limits: { ...DEFAULT_LIMITS, databases: 8 } });
    machine.hear({ type: "ping", token: 1 }); // the answer takes the pen, and it never comes back
    let opened = 0;
    for (; machine.state.phase === "open" && opened < 100; opened += 1) {
      const handle = 2 * opened;
      machine.hear({ type: "open", items: [item(databaseOf(`flood ${opened}`))] });
      const replica = { handle, position: 0, equal: true, asks: false };
      machine.feed({ type: "replicasOpened", first: opened, handles: [handle], opened: [replica] });
      machine.hear({ type: "close", handles: [handle] });
    }
    expect(opened).toBe(9);
    expect(machine.effects.at(-1)).toMatchObject({ type: "close", error: { code: "LIMIT_EXCEEDED" } });
  });
});
