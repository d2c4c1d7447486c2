import { describe, expect, test } from "vitest";
import { collect, connect, Peer } from "../support/peers.ts";
import { databaseOf, TestWriter } from "../support/writer.ts";

const database = databaseOf("contacts");

describe("two replicas", () => {
  test("exchange what each lacks, and stay subscribed", async () => {
    const [alice, bob] = [new Peer(), new Peer()];
    const [a, b] = [await TestWriter.of("alice", database), await TestWriter.of("bob", database)];
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
