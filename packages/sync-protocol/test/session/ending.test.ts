import { describe, expect, test } from "vitest";
import { altered, collect, connect, Peer } from "../support/peers.ts";
import { settled } from "../support/raw-peer.ts";
import { recordedPipe } from "../support/transports.ts";
import { databaseOf, TestWriter } from "../support/writer.ts";

const database = databaseOf("contacts");

async function writer(name: string): Promise<TestWriter> {
  return await TestWriter.of(name, database);
}

describe("the end of a session", () => {
  test("by this side is no error here, and a closed connection there", async () => {
    const connection = connect(new Peer(), new Peer());
    await connection.a.ready;
    await connection.a.close();
    expect(await connection.a.closed).toBeNull();
    expect(await connection.b.closed).toMatchObject({ code: "TRANSPORT_CLOSED" });
    await connection.a.close();
  });

  test("may tell the peer why, in a code", async () => {
    const connection = connect(new Peer(), new Peer());
    await Promise.all([connection.a.ready, connection.b.ready]);
    await expect(connection.b.close("not a code")).rejects.toMatchObject({ code: "BAD_OPTIONS" });
    await connection.b.close("LOGIN_REMOVED");
    expect(await connection.a.closed).toMatchObject({ code: "PEER_FAILED", reason: "LOGIN_REMOVED" });
  });

  test("fails everything that waits, and everything asked for later", async () => {
    const alice = new Peer();
    const connection = connect(alice, new Peer());
    await connection.a.openDatabases([{ replica: alice.replica(database) }]);
    const waiting = [
      connection.a.synced([database]),
      connection.a.openDatabases([{ replica: alice.replica(databaseOf("x")) }]),
    ];
    const outcomes = Promise.allSettled(waiting);
    await connection.a.close();
    const later = [connection.a.synced([database]), connection.a.openDatabases([]), connection.a.present([])];
    for (const outcome of [...(await outcomes), ...(await Promise.allSettled(later))]) {
      expect(outcome).toMatchObject({ status: "rejected", reason: { code: "SESSION_CLOSED" } });
    }
    connection.a.announce(database);
    connection.a.compare(database);
    await connection.b.closed;
  });

  test("before it began rejects ready with what ended it", async () => {
    const connection = connect(new Peer(), new Peer());
    const ready = connection.a.ready;
    await connection.a.close();
    await expect(ready).rejects.toMatchObject({ code: "SESSION_CLOSED" });
    await expect(connection.a.openDatabases([])).rejects.toMatchObject({ code: "SESSION_CLOSED" });
  });

  test("waits for appends under way, so that a store may be closed after it", async () => {
    const [alice, relay] = [new Peer(), new Peer()];
    await alice.replica(database).append([await (await writer("alice")).write(2)]);
    const gate = Promise.withResolvers<void>();
    const inner = relay.replica(database);
    const append: typeof inner.append = async (runs) => {
      await gate.promise;
      return await inner.append(runs);
    };
    const replica = altered(inner, { append });
    const connection = connect(alice, relay, { b: { open: async () => replica } });
    await connection.a.openDatabases([{ replica: alice.replica(database) }]);
    await settled();
    let isOver = false;
    const closing = connection.b.close().then(() => {
      isOver = true;
    });
    await settled();
    expect(isOver).toBe(false);
    gate.resolve();
    await closing;
    expect((await relay.vector(database)).size).toBe(1);
    await connection.a.closed;
  });

  test("announced by a peer that leaves: what is in flight is finished, and nothing new begins", async () => {
    const [alice, relay] = [new Peer(), new Peer()];
    const a = await writer("alice");
    await alice.replica(database).append([await a.write(2)]);
    const connection = connect(alice, relay);
    await connection.a.openDatabases([{ replica: alice.replica(database) }]);
    await connection.a.synced([database]);
    const leaving = collect(connection.a, "leaving");
    expect(() => connection.b.leave({ afterMs: -1, withinMs: 0 })).toThrow(
      expect.objectContaining({ code: "BAD_OPTIONS" }),
    );
    connection.b.leave({ afterMs: 1_000, withinMs: 4_000 });
    expect(await connection.a.closed).toMatchObject({ code: "PEER_LEAVING" });
    expect(leaving).toEqual([{ afterMs: 1_000, withinMs: 4_000 }]);
    expect(await connection.b.closed).toMatchObject({ code: "TRANSPORT_CLOSED" });
  });

  test("comes after silence: the peer is asked first", async () => {
    const alice = new Peer();
    const { ends } = recordedPipe();
    const connection = connect(alice, new Peer(), { transports: ends });
    await Promise.all([connection.a.ready, connection.b.ready]);
    await settled();
    // Both live: the question is answered.
    alice.scheduler.advance(30_000);
    alice.scheduler.advance(30_000);
    await settled();
    alice.scheduler.advance(30_000);
    await settled();
    let isOver = false;
    void connection.a.closed.then(() => {
      isOver = true;
    });
    await settled();
    expect(isOver).toBe(false);
    await connection.a.close();
  });

  test("of a peer that answers nothing comes after two silences", async () => {
    const alice = new Peer();
    const relay = new Peer();
    const { ends } = recordedPipe();
    let isDeaf = false;
    const deaf = { ...ends[1], send: (frame: Uint8Array) => (isDeaf ? Promise.resolve() : ends[1].send(frame)) };
    const connection = connect(alice, relay, {
      transports: [ends[0], { ...deaf, receive: () => ends[1].receive(), close: () => ends[1].close() }],
    });
    await Promise.all([connection.a.ready, connection.b.ready]);
    await settled();
    isDeaf = true;
    for (let i = 0; i < 3; i++) {
      alice.scheduler.advance(30_000);
      await settled();
    }
    expect(await connection.a.closed).toMatchObject({ code: "PEER_SILENT" });
    expect(alice.scheduler.pending).toBe(0);
    await connection.b.closed;
  });

  test("synced gives up when its signal says so, and the session goes on", async () => {
    const [alice, relay] = [new Peer(), new Peer()];
    await alice.replica(database).append([await (await writer("alice")).write(1)]);
    const inner = relay.replica(database);
    const gate = Promise.withResolvers<void>();
    const append: typeof inner.append = async (runs) => {
      await gate.promise;
      return await inner.append(runs);
    };
    const replica = altered(inner, { append });
    await using connection = connect(alice, relay, { b: { open: async () => replica } });
    await connection.a.openDatabases([{ replica: alice.replica(database) }]);
    const controller = new AbortController();
    const waiting = connection.a.synced([database], { signal: controller.signal });
    const reason = new Error("no time");
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    await expect(connection.a.synced([database], { signal: controller.signal })).rejects.toBe(reason);
    gate.resolve();
    await connection.a.synced([database]);
    expect(await relay.vector(database)).toEqual(await alice.vector(database));
  });
});
