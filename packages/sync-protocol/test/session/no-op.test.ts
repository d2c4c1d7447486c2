import type { DatabaseId } from "@selkie/entry";
import { describe, expect, test } from "vitest";
import { collect, connect, Peer } from "../support/peers.ts";
import { recordedPipe } from "../support/transports.ts";
import { databaseOf, TestWriter } from "../support/writer.ts";

describe("reconnecting when nothing is new", () => {
  test.each([1, 100])("costs one round trip and at most 64 bytes a database, both ways together: %i", async (count) => {
    const [client, relay] = [new Peer(), new Peer()];
    const databases = await fill(count, [client, relay]);
    const { ends, there, back } = recordedPipe();
    await using connection = connect(client, relay, { transports: ends });
    await connection.a.ready;
    await settled();
    const before = { there: there.frames.length, back: back.frames.length, bytes: there.bytes() + back.bytes() };
    const caughtUp = collect(connection.a, "caughtUp");
    const list = await Promise.all(
      databases.map(async (database) => ({
        replica: client.replica(database),
        position: await relay.replica(database).position(),
      })),
    );
    await connection.a.openDatabases(list);
    await settled();
    const bytes = there.bytes() + back.bytes() - before.bytes;
    console.log(`no-op for ${count} databases: ${bytes} bytes, ${(bytes / count).toFixed(1)} each`);
    expect(there.frames.length - before.there).toBe(1);
    expect(back.frames.length - before.back).toBe(1);
    expect(bytes / count).toBeLessThanOrEqual(64);
    expect(caughtUp).toHaveLength(count);
  });

  test("tells the position to a client that has none", async () => {
    const [client, relay] = [new Peer(), new Peer()];
    const [database] = await fill(1, [client, relay]);
    if (database === undefined) throw new TypeError("no database");
    await using connection = connect(client, relay);
    const caughtUp = collect(connection.a, "caughtUp");
    const acknowledged = collect(connection.a, "acknowledged");
    await connection.a.openDatabases([{ replica: client.replica(database) }]);
    expect(caughtUp).toEqual([{ database, position: await relay.replica(database).position() }]);
    expect(acknowledged).toEqual([{ database, vector: await client.vector(database) }]);
  });
});

async function fill(count: number, peers: readonly Peer[]): Promise<readonly DatabaseId[]> {
  const databases = Array.from({ length: count }, (_, index) => databaseOf(`no-op ${index}`));
  for (const database of databases) {
    const run = await (await TestWriter.of("alice", database)).write(3);
    for (const peer of peers) await peer.replica(database).append([run]);
  }
  return databases;
}

/** Everything that was under way in this process is done. */
async function settled(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
}
