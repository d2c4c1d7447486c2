import { type DatabaseId, type Replica, toHex } from "@selkie/entry";
import { describe, expect, test } from "vitest";
import type { Session, SessionOptions } from "../../src/index.ts";
import { altered, collect, connect, Peer } from "../support/peers.ts";
import { settled } from "../support/raw-peer.ts";
import { recordedPipe } from "../support/transports.ts";
import { databaseOf, TestWriter, tenant } from "../support/writer.ts";

const database = databaseOf("contacts");

async function writer(name: string, of: DatabaseId = database): Promise<TestWriter> {
  return await TestWriter.of(name, of);
}

/** What a server does: whatever arrives in one session is announced in the others. */
function relaying(...sessions: readonly Session[]): void {
  for (const session of sessions) {
    session.on("received", ({ database: changed }) => {
      for (const other of sessions) if (other !== session) other.announce(changed);
    });
  }
}

/** A replica whose vector takes a number of turns of the event loop. */
function slow(replica: Replica, turns: number): Replica {
  const vector = async () => {
    for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
    return await replica.vector();
  };
  return altered(replica, { vector });
}

/** Every pair of 0 to 8 turns. */
const turns = Array.from({ length: 81 }, (_, i) => [Math.floor(i / 9), i % 9] as const);

describe("two replicas", () => {
  test("exchange what each lacks, and stay subscribed", async () => {
    const [alice, bob] = [new Peer(), new Peer()];
    const [a, b] = [await writer("alice"), await writer("bob")];
    await alice.replica(database).append([await a.write(5)]);
    await bob.replica(database).append([await b.write(3)]);

    await using connection = connect(alice, bob);
    await connection.a.openDatabases([{ replica: alice.replica(database) }]);
    await connection.a.synced([database]);
    expect(await alice.vector(database)).toEqual(await bob.vector(database));
    expect((await alice.vector(database)).size).toBe(2);

    const received = collect(connection.b, "received");
    await alice.replica(database).append([await a.write(1)]);
    connection.a.announce(database);
    await connection.a.synced([database]);
    expect(received).toMatchObject([{ runs: 1, entries: 1 }]);
    await bob.replica(database).append([await b.write(2)]);
    connection.b.announce(database);
    await connection.a.synced([database]);
    expect(await alice.vector(database)).toEqual(await bob.vector(database));
  });
});

describe("a session", () => {
  test("may open more databases later, and the same one again", async () => {
    const [alice, relay] = [new Peer(), new Peer()];
    const second = databaseOf("second");
    await alice.replica(database).append([await (await writer("alice")).write(2)]);
    await alice.replica(second).append([await (await writer("alice", second)).write(2)]);
    await using connection = connect(alice, relay);
    await connection.a.openDatabases([{ replica: alice.replica(database) }]);
    await connection.a.openDatabases([{ replica: alice.replica(second) }, { replica: alice.replica(database) }]);
    await connection.a.openDatabases([]);
    await connection.a.synced([database, second, database]);
    for (const id of [database, second]) expect(await relay.vector(id)).toEqual(await alice.vector(id));
  });

  test("in which both sides open the same databases at once opens them once", async () => {
    const [alice, bob] = [new Peer(), new Peer()];
    const ids = Array.from({ length: 5 }, (_, index) => databaseOf(`crossing ${index}`));
    for (const [index, id] of ids.entries()) {
      if (index % 2 === 0) await alice.replica(id).append([await (await writer("alice", id)).write(2)]);
      if (index > 1) await bob.replica(id).append([await (await writer("bob", id)).write(3)]);
    }
    await using connection = connect(alice, bob);
    const list = (peer: Peer, some: readonly DatabaseId[]) => some.map((id) => ({ replica: peer.replica(id) }));
    await Promise.all([
      connection.a.openDatabases(list(alice, ids.slice(0, 4))),
      connection.b.openDatabases(list(bob, ids.slice(1).reverse())),
    ]);
    await Promise.all([connection.a.synced(ids), connection.b.synced(ids)]);
    for (const id of ids) expect(await bob.vector(id)).toEqual(await alice.vector(id));
    await bob.replica(ids[2] ?? database).append([await (await writer("carol", ids[2])).write(1)]);
    connection.b.announce(ids[2] ?? database);
    await connection.b.synced(ids);
    expect((await alice.vector(ids[2] ?? database)).size).toBe(3);
  });

  test.each(turns)("opens a database once that both open, when they take %i and %i turns to prepare", async (a, b) => {
    const [alice, bob] = [new Peer(), new Peer()];
    await alice.replica(database).append([await (await writer("alice")).write(2)]);
    await bob.replica(database).append([await (await writer("bob")).write(3)]);
    await using connection = connect(alice, bob);
    await Promise.all([
      connection.a.openDatabases([{ replica: slow(alice.replica(database), a) }]),
      connection.b.openDatabases([{ replica: slow(bob.replica(database), b) }]),
    ]);
    await Promise.all([connection.a.synced([database]), connection.b.synced([database])]);
    expect(await bob.vector(database)).toEqual(await alice.vector(database));
  });

  test("says that the peer does not know a database, and takes it when the peer opens it later", async () => {
    const [alice, bob] = [new Peer(), new Peer()];
    await alice.replica(database).append([await (await writer("alice")).write(2)]);
    await using connection = connect(alice, bob, { b: { open: async () => undefined } });
    const unknown = collect(connection.a, "unknown");
    await connection.a.openDatabases([{ replica: alice.replica(database) }]);
    expect(unknown).toEqual([{ database }]);
    await expect(connection.a.synced([database])).rejects.toMatchObject({ code: "UNKNOWN_DATABASE" });
    await expect(connection.a.synced([databaseOf("never opened")])).rejects.toMatchObject({ code: "UNKNOWN_DATABASE" });
    await connection.b.openDatabases([{ replica: bob.replica(database) }]);
    await connection.b.synced([database]);
    expect(await bob.vector(database)).toEqual(await alice.vector(database));
    await connection.a.synced([database]);
  });

  test("tells a listener the tenant and the rights when it opens a replica", async () => {
    const seen: unknown[] = [];
    const open: SessionOptions["open"] = async (...args) => {
      seen.push(args);
      return undefined;
    };
    await using connection = connect(new Peer(), new Peer(), { b: { open } });
    await connection.a.openDatabases([{ replica: new Peer().replica(database) }]);
    expect(seen).toEqual([[tenant, database, { pull: true, push: true, purge: true }]]);
  });

  test("opens as many databases as the peer takes, and says which are left", async () => {
    const [alice, bob] = [new Peer(), new Peer()];
    const [a, b, c, d] = ["a", "b", "c", "d"].map(databaseOf);
    await using connection = connect(alice, bob, { b: { limits: { databases: 2 } } });
    const list = (...names: readonly (DatabaseId | undefined)[]) =>
      names.map((name = database) => ({ replica: alice.replica(name) }));
    expect(await connection.a.openDatabases(list(a, b, c, d))).toEqual([c, d]);
    await connection.a.synced([a ?? database, b ?? database]);
    await expect(connection.a.synced([c ?? database])).rejects.toMatchObject({ code: "UNKNOWN_DATABASE" });
    // What the peer opens takes none of the places that it gives.
    await connection.b.openDatabases([{ replica: bob.replica(c ?? database) }]);
    expect(await connection.a.openDatabases(list(b, c, d))).toEqual([d]);
    await connection.a.synced([c ?? database]);
  });

  test("resumes after a position, and receives only what is new", async () => {
    const [alice, relay] = [new Peer(), new Peer()];
    const bob = await writer("bob");
    await relay.replica(database).append([await bob.write(50)]);
    let position = 0;
    {
      await using connection = connect(alice, relay);
      connection.a.on("caughtUp", (event) => {
        position = event.position;
      });
      await connection.a.openDatabases([{ replica: alice.replica(database) }]);
      await connection.a.synced([database]);
    }
    expect(position).toBe(await relay.replica(database).position());
    await relay.replica(database).append([await bob.write(3)]);
    const { ends, there, back } = recordedPipe();
    await using connection = connect(alice, relay, { transports: ends });
    const received = collect(connection.a, "received");
    const caughtUp = collect(connection.a, "caughtUp");
    await connection.a.openDatabases([{ replica: alice.replica(database), position }]);
    await connection.a.synced([database]);
    expect(received.reduce((sum, { entries }) => sum + entries, 0)).toBe(3);
    expect(caughtUp.at(-1)).toEqual({ database, position: await relay.replica(database).position() });
    // The digests were equal after the stream: nobody sent a vector.
    expect([...there.frames, ...back.frames].filter(([type]) => type === 7)).toEqual([]);
  });

  test("sends one small change on an open session in at most 290 bytes", async () => {
    const [alice, relay] = [new Peer(), new Peer()];
    const a = await writer("alice");
    await alice.replica(database).append([await a.write(1)]);
    const { ends, there } = recordedPipe();
    await using connection = connect(alice, relay, { transports: ends });
    await connection.a.openDatabases([{ replica: alice.replica(database) }]);
    await connection.a.synced([database]);
    const before = there.bytes();
    await alice.replica(database).append([await a.write(1)]);
    connection.a.announce(database);
    await settled();
    console.log(`one small change: ${there.bytes() - before} bytes`);
    expect(there.bytes() - before).toBeLessThanOrEqual(290);
    expect(await relay.vector(database)).toEqual(await alice.vector(database));
  });

  test("does not send back what it received, nor read it again", async () => {
    const [alice, relay] = [new Peer(), new Peer()];
    const a = await writer("alice");
    for (let i = 0; i < 20; i++) await alice.replica(database).append([await a.write(20)]);
    let reads = 0;
    const inner = relay.replica(database);
    const readAfter: typeof inner.readAfter = async (position, limit) => {
      const arrived = await inner.readAfter(position, limit);
      reads += arrived.runs.length;
      return arrived;
    };
    const replica = altered(inner, { readAfter });
    const { ends, back } = recordedPipe();
    await using connection = connect(alice, relay, { transports: ends, b: { open: async () => replica } });
    await connection.a.openDatabases([{ replica: alice.replica(database) }]);
    await connection.a.synced([database]);
    await alice.replica(database).append([await a.write(5)]);
    connection.a.announce(database);
    await connection.a.synced([database]);
    connection.b.announce(database);
    await settled();
    expect(await relay.vector(database)).toEqual(await alice.vector(database));
    expect(back.frames.filter(([type]) => type === 8)).toEqual([]);
    expect(reads).toBe(0);
  });

  test("through a relay brings every client what the others write, and nobody their own", async () => {
    const relay = new Peer();
    const clients = [new Peer(), new Peer(), new Peer()];
    const pipes = clients.map(() => recordedPipe());
    const connections = clients.map((client, index) =>
      connect(client, relay, { transports: pipes[index]?.ends ?? ([] as never) }),
    );
    relaying(...connections.map(({ b }) => b));
    for (const [index, { a }] of connections.entries()) {
      const client = clients[index];
      if (client !== undefined) await a.openDatabases([{ replica: client.replica(database) }]);
    }
    const writers = await Promise.all(clients.map((_, index) => writer(`client ${index}`)));
    for (let round = 0; round < 5; round++) {
      for (const [index, client] of clients.entries()) {
        const run = await writers[index]?.write(2);
        if (run !== undefined) await client.replica(database).append([run]);
        connections[index]?.a.announce(database);
      }
    }
    await Promise.all(connections.map(({ a }) => a.synced([database])));
    await Promise.all(connections.map(({ a }) => a.synced([database])));
    const vectors = await Promise.all([relay, ...clients].map((peer) => peer.vector(database)));
    for (const vector of vectors) expect(vector).toEqual(vectors[0]);
    expect(vectors[0]?.size).toBe(3);
    // 20 entries of others, of 250 bytes and more, went to each client; its own 10 did not come back.
    for (const { back } of pipes) expect(back.bytes()).toBeLessThan(20 * 360 + 2_000);
    for (const connection of connections) await connection[Symbol.asyncDispose]();
  });

  test("tells what the peer has acknowledged, head by head", async () => {
    const [alice, relay] = [new Peer(), new Peer()];
    const a = await writer("alice");
    await alice.replica(database).append([await a.write(2)]);
    await using connection = connect(alice, relay);
    const acknowledged = collect(connection.a, "acknowledged");
    await connection.a.openDatabases([{ replica: alice.replica(database) }]);
    await connection.a.synced([database]);
    await alice.replica(database).append([await a.write(1)]);
    connection.a.announce(database);
    await connection.a.synced([database]);
    expect(acknowledged.map(({ vector }) => vector.get(toHex(a.key))?.seq)).toEqual([1, 2]);
  });

  test("reports what the peer's store refuses, and goes on with the others", async () => {
    const [alice, relay] = [new Peer(), new Peer()];
    const [a, b] = [await writer("alice"), await writer("bob")];
    await alice.replica(database).append([await a.write(2), await b.write(2)]);
    const inner = relay.replica(database);
    const append: typeof inner.append = async (runs) => {
      const results = await inner.append(runs.filter((run) => toHex(run.writer) !== toHex(a.key)));
      let next = 0;
      return runs.map((run) =>
        toHex(run.writer) === toHex(a.key)
          ? { type: "refused" as const, code: "QUOTA_EXCEEDED" }
          : (results[next++] ?? { type: "known" as const }),
      );
    };
    const replica = altered(inner, { append });
    await using connection = connect(alice, relay, { b: { open: async () => replica } });
    const refused = collect(connection.a, "refused");
    await connection.a.openDatabases([{ replica: alice.replica(database) }]);
    await connection.a.synced([database]);
    expect(refused).toEqual([{ database, writer: a.key, code: "QUOTA_EXCEEDED", by: "peer" }]);
    expect([...(await relay.vector(database)).keys()]).toEqual([toHex(b.key)]);
  });

  test("ends when a replica fails, with the cause here and a code there, and nothing is acknowledged", async () => {
    const [alice, relay] = [new Peer(), new Peer()];
    await alice.replica(database).append([await (await writer("alice")).write(2)]);
    const cause = new Error("disk full");
    const inner = relay.replica(database);
    const replica = altered(inner, { append: () => Promise.reject(cause) });
    const connection = connect(alice, relay, { b: { open: async () => replica } });
    const acknowledged = collect(connection.a, "acknowledged");
    await connection.a.openDatabases([{ replica: alice.replica(database) }]);
    expect(await connection.b.closed).toMatchObject({ code: "REPLICA_FAILED", cause });
    expect(await connection.a.closed).toMatchObject({ code: "PEER_FAILED", reason: "REPLICA_FAILED" });
    expect(acknowledged).toEqual([]);
  });
});
