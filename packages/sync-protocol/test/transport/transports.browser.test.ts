import { describe, expect, test } from "vitest";
import { transportContract } from "../../src/contract.ts";
import { dialWebSocket, pipe, webSocketTransport } from "../../src/index.ts";
import { connect, Peer } from "../support/peers.ts";
import { platformScheduler, socketPair } from "../support/socket-pair.ts";
import { databaseOf, TestWriter } from "../support/writer.ts";

const options = { scheduler: platformScheduler };

transportContract({
  name: "pipe, in a browser",
  create: async () => ({ ends: pipe(), remove: async () => undefined }),
  whenNotRead: "waits",
});

transportContract({
  name: "the standard WebSocket interface, in a browser",
  create: async () => {
    const [left, right] = socketPair();
    return {
      ends: [webSocketTransport(left, options), webSocketTransport(right, options)],
      remove: async () => undefined,
    };
  },
  whenNotRead: "overflows",
});

describe("in a browser", () => {
  test("two replicas sync over WebSockets", async () => {
    const database = databaseOf("in a browser");
    const [alice, bob] = [new Peer(), new Peer()];
    await alice.replica(database).append([await (await TestWriter.of("alice", database)).write(20)]);
    await bob.replica(database).append([await (await TestWriter.of("bob", database)).write(10)]);
    const [left, right] = socketPair();
    const transports = [webSocketTransport(left, options), webSocketTransport(right, options)] as const;
    await using connection = connect(alice, bob, { transports });
    await connection.a.openDatabases([{ replica: alice.replica(database) }]);
    await connection.a.synced([database]);
    expect(await alice.vector(database)).toEqual(await bob.vector(database));
  });

  test("the browser's own WebSocket is what dials", async () => {
    const dial = dialWebSocket("ws://127.0.0.1:9", options);
    await expect(dial(new AbortController().signal)).rejects.toMatchObject({ code: "DIAL_FAILED" });
  });
});
