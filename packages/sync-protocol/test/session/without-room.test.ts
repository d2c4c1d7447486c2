// A side that stores nothing more: how much of what it refuses it is sent, at each meeting.
import { type AppendResult, runSize, toHex, type VerifiedRun } from "@selkie/entry";
import { expect, test } from "vitest";
import { altered, connect, Peer } from "../support/peers.ts";
import { settled } from "../support/raw-peer.ts";
import { databaseOf, TestWriter } from "../support/writer.ts";

const database = databaseOf("without room");
const limits = { windowBytes: 100_000, sliceBytes: 20_000 };

/** A client with two long chains and a short one, and a relay that refuses one of the long ones, as long as it is full. */
async function full() {
  const [client, relay] = [new Peer(), new Peer()];
  const chains: (readonly VerifiedRun[])[] = [];
  for (const name of ["alice", "bob", "carol"]) {
    const writer = await TestWriter.of(name, database);
    const runs: VerifiedRun[] = [];
    for (let i = 0; i < (name === "carol" ? 1 : 40); i++) runs.push(await writer.write(50));
    await client.replica(database).append(runs);
    chains.push(runs);
  }
  const [refused = []] = chains;
  const [writer] = refused.map((run) => toHex(run.writer));
  const seen = { isFull: true, bytes: 0 };
  const inner = relay.replica(database);
  const replica = altered(inner, {
    async append(runs) {
      const results: AppendResult[] = [];
      for (const run of runs) {
        const isRefused = seen.isFull && toHex(run.writer) === writer;
        if (isRefused) seen.bytes += runSize(run);
        const [result] = isRefused ? [] : await inner.append([run]);
        results.push(result ?? { type: "refused", code: "QUOTA_EXCEEDED" });
      }
      return results;
    },
  });
  const size = refused.reduce((sum, run) => sum + runSize(run), 0);
  const meet = () => {
    const connection = connect(client, relay, { a: { limits }, b: { limits, open: async () => replica } });
    return { ...connection, opened: connection.a.openDatabases([{ replica: client.replica(database) }]) };
  };
  return { client, relay, chains, seen, size, meet };
}

test("a chain of which a run was refused is sent no further in that meeting, however long it is; the others are, and all of it once there is room", async () => {
  const { client, relay, seen, size, meet } = await full();
  expect(size).toBeGreaterThan(5 * limits.windowBytes);
  for (let meeting = 1; meeting <= 3; meeting++) {
    const { a, b, opened } = meet();
    await opened;
    await a.synced([database]);
    await settled();
    expect(seen.bytes).toBeGreaterThan(0);
    expect(seen.bytes).toBeLessThan(meeting * 2 * limits.windowBytes);
    expect((await relay.vector(database)).size).toBe(2);
    await a.close();
    await b.closed.catch(() => undefined);
  }
  seen.isFull = false;
  const { a, opened } = meet();
  await opened;
  await a.synced([database]);
  expect(await relay.vector(database)).toEqual(await client.vector(database));
  await a.close();
});
