// What a relay can do to a session, and what then holds. Rows B4 to B8 and A11 of the threat model.
import {
  adoptOwnRun,
  identifyEntry,
  parseCiphertext,
  type Replica,
  toHex,
  type Vector,
  type VerifiedRun,
} from "@selkie/entry";
import { MemoryDisk, memoryStore } from "@selkie/store";
import { describe, expect, test } from "vitest";
import type { Session } from "../../src/index.ts";
import { altered, collect, connect, holding, Peer, testRandom } from "../support/peers.ts";
import { settled } from "../support/raw-peer.ts";
import { recordedPipe } from "../support/transports.ts";
import { bytesOf, databaseOf, TestWriter, tenant, verifier } from "../support/writer.ts";

const database = databaseOf("attacked");

async function openAndSync(session: Session, peer: Peer, expected?: Vector): Promise<void> {
  await session.openDatabases([{ replica: peer.replica(database), ...(expected === undefined ? {} : { expected }) }]);
  await session.synced([database]);
}

describe("B4 entries delivered again", () => {
  test("B4 a hundred times change neither replica, vector nor position", async () => {
    const writer = await TestWriter.of("alice", database);
    const run = await writer.write(5);
    const client = await holding(database, run);
    const before = { vector: await client.vector(database), position: await client.replica(database).position() };
    const source = await holding(database, run);
    const repeating = altered(source.replica(database), {
      vector: async () => new Map(),
      readAfter: async (position) => ({ runs: [run], position: position + 1, done: position >= 100 }),
      position: async () => 100,
    });
    await using connection = connect(client, source, { b: { open: async () => repeating } });
    const received = collect(connection.a, "received");
    await connection.a.openDatabases([{ replica: client.replica(database), position: 0 }]);
    await settled();
    expect(received.length).toBeGreaterThanOrEqual(100);
    expect(received.every(({ entries }) => entries === 0)).toBe(true);
    expect({ vector: await client.vector(database), position: await client.replica(database).position() }).toEqual(
      before,
    );
  });
});

describe("B5 a withheld entry", () => {
  test("B5 in the middle of a chain is a gap with its place, and does not stop other writers", async () => {
    const [a, b] = [await TestWriter.of("alice", database), await TestWriter.of("bob", database)];
    const runs = [await a.write(2), await a.write(1), await a.write(2)];
    const [first, , last] = runs;
    if (first === undefined || last === undefined) throw new TypeError("no runs");
    const ofBob = await b.write(3);
    const relay = await holding(database, ...runs, ofBob);
    const withholding = altered(relay.replica(database), {
      readAfter: async () => ({
        runs: [first, last, ofBob],
        position: await relay.replica(database).position(),
        done: true,
      }),
      read: async (writer, from, limit) =>
        toHex(writer) === toHex(a.key) && from === 2 ? null : await relay.replica(database).read(writer, from, limit),
    });
    const client = new Peer();
    await using connection = connect(client, relay, { b: { open: async () => withholding } });
    const gaps = collect(connection.a, "gap");
    await connection.a.openDatabases([{ replica: client.replica(database), position: 0 }]);
    await settled();
    expect(gaps).toContainEqual({ database, writer: a.key, have: 2, got: 3 });
    const held = await client.vector(database);
    expect(held.get(toHex(a.key))?.seq).toBe(1);
    expect(held.get(toHex(b.key))?.seq).toBe(2);
  });

  test("B5 that the peer can serve after all is asked for and filled", async () => {
    const writer = await TestWriter.of("alice", database);
    const runs = [await writer.write(2), await writer.write(1), await writer.write(2)];
    const [first, , last] = runs;
    if (first === undefined || last === undefined) throw new TypeError("no runs");
    const relay = await holding(database, ...runs);
    const skipping = altered(relay.replica(database), {
      readAfter: async () => ({ runs: [first, last], position: await relay.replica(database).position(), done: true }),
    });
    const client = new Peer();
    await using connection = connect(client, relay, { b: { open: async () => skipping } });
    const gaps = collect(connection.a, "gap");
    await connection.a.openDatabases([{ replica: client.replica(database), position: 0 }]);
    await connection.a.synced([database]);
    expect(gaps).toHaveLength(1);
    expect(await client.vector(database)).toEqual(await relay.vector(database));
  });

  test("B5 a relay that reports gaps without end is not served without end", async () => {
    const writer = await TestWriter.of("alice", database);
    const client = await holding(database, ...(await Promise.all(Array.from({ length: 150 }, () => writer.write(1)))));
    const relay = new Peer();
    let isGrateful = true;
    const inner = relay.replica(database);
    const ungrateful = altered(inner, {
      append: async (runs) =>
        isGrateful
          ? await inner.append(runs)
          : runs.map(({ firstSeq }) => ({ type: "gap", have: Math.max(0, firstSeq - 1) })),
    });
    await using connection = connect(client, relay, { b: { open: async () => ungrateful } });
    const progress = collect(connection.a, "progress");
    await openAndSync(connection.a, client);
    isGrateful = false;
    await client.replica(database).append([await writer.write(1)]);
    connection.a.announce(database);
    for (let i = 0; i < 20; i++) await settled();
    // 151 entries, and four times two or three more.
    expect(progress.at(-1)?.sentEntries).toBeLessThan(151 + 20);
    await connection.a.synced([database]);
  });
});

describe("B6 a relay that was rolled back", () => {
  test("B6 is noticed from what the client was told to expect, and gets back what it lost", async () => {
    const [a, b] = [await TestWriter.of("alice", database), await TestWriter.of("bob", database)];
    const early = [await a.write(3), await b.write(2)];
    const late = [await a.write(4), await b.write(1)];
    const client = await holding(database, ...early, ...late);
    const disk = new MemoryDisk();
    const store = memoryStore({ verifier, random: testRandom, disk });
    await store.entries(tenant, database).append(early);
    const backup = disk.copy();
    await store.entries(tenant, database).append(late);

    const restored = new Peer(memoryStore({ verifier, random: testRandom, disk: backup }));
    await using connection = connect(client, restored);
    const rollbacks = collect(connection.a, "rollback");
    await openAndSync(connection.a, client, await client.vector(database));
    expect(rollbacks.toSorted((x, y) => y.was - x.was)).toEqual([
      { database, writer: a.key, was: 6, now: 2 },
      { database, writer: b.key, was: 2, now: 1 },
    ]);
    expect(await restored.vector(database)).toEqual(await client.vector(database));
  });

  test("B6 that lost everything, and writes new positions, is filled again: 0 entries lost", async () => {
    const a = await TestWriter.of("alice", database);
    const client = await holding(database, await a.write(10));
    const relay = new Peer();
    await using connection = connect(client, relay);
    const rollbacks = collect(connection.a, "rollback");
    await connection.a.openDatabases([
      { replica: client.replica(database), position: 10, expected: await client.vector(database) },
    ]);
    await connection.a.synced([database]);
    expect(rollbacks).toEqual([{ database, writer: a.key, was: 9, now: -1 }]);
    expect(await relay.vector(database)).toEqual(await client.vector(database));
  });

  test("B6 within a session is noticed from what it acknowledged, when it says what it holds", async () => {
    const a = await TestWriter.of("alice", database);
    const client = await holding(database, await a.write(3), await a.write(2));
    const relay = new Peer();
    let replica: Replica = relay.replica(database);
    const swapped = altered(relay.replica(database), {
      vector: () => replica.vector(),
      append: (runs) => replica.append(runs),
      position: () => replica.position(),
      readAfter: (position, limit) => replica.readAfter(position, limit),
    });
    await using connection = connect(client, relay, { b: { open: async () => swapped } });
    const rollbacks = collect(connection.a, "rollback");
    await openAndSync(connection.a, client);
    expect(rollbacks).toEqual([]);

    const empty = new Peer();
    replica = empty.replica(database);
    connection.b.compare(database);
    await settled();
    expect(rollbacks).toEqual([{ database, writer: a.key, was: 4, now: -1 }]);
    expect(await empty.vector(database)).toEqual(await client.vector(database));
  });

  test("B6 within a session is noticed from a gap it reports", async () => {
    const a = await TestWriter.of("alice", database);
    const client = await holding(database, await a.write(3));
    const relay = new Peer();
    let replica: Replica = relay.replica(database);
    const swapped = altered(relay.replica(database), { append: (runs) => replica.append(runs) });
    await using connection = connect(client, relay, { b: { open: async () => swapped } });
    const rollbacks = collect(connection.a, "rollback");
    await openAndSync(connection.a, client);
    const empty = new Peer();
    replica = empty.replica(database);
    await client.replica(database).append([await a.write(2)]);
    connection.a.announce(database);
    await connection.a.synced([database]);
    expect(rollbacks).toEqual([{ database, writer: a.key, was: 2, now: -1 }]);
    expect(await empty.vector(database)).toEqual(await client.vector(database));
  });
});

describe("B7 a fork", () => {
  async function forked(before: number, ours: number, theirs: number) {
    const writer = await TestWriter.of("alice", database);
    const common: VerifiedRun[] = [];
    for (let left = before; left > 0; left -= 100) common.push(await writer.write(Math.min(left, 100)));
    const other = writer.fork("other");
    const [left, right]: VerifiedRun[][] = [[], []];
    for (let count = ours; count > 0; count -= 10) left?.push(await writer.write(Math.min(count, 10)));
    for (let count = theirs; count > 0; count -= 10) right?.push(await other.write(Math.min(count, 10)));
    const bob = await TestWriter.of("bob", database);
    const a = await holding(database, ...common, ...(left ?? []));
    const b = await holding(database, ...common, ...(right ?? []), await bob.write(3));
    return { writer, bob, a, b, ids: [left?.[0]?.entries[0]?.id, right?.[0]?.entries[0]?.id] };
  }

  test.each([
    [0, 1, 1],
    [1, 1, 1],
    [5, 3, 3],
    [5, 3, 8],
    [5, 20, 2],
    [40, 30, 30],
    [300, 1, 90],
    [1_500, 2, 2],
    [3, 400, 350],
    [0, 300, 290],
  ])(
    "B7 after %i common entries (%i and %i beyond) is raised on both sides with the first divergent entry, and others go on",
    async (before, ours, theirs) => {
      const { writer, bob, a, b, ids } = await forked(before, ours, theirs);
      await using connection = connect(a, b);
      const [forksA, forksB] = [collect(connection.a, "fork"), collect(connection.b, "fork")];
      await openAndSync(connection.a, a);
      await settled();
      expect(forksA.at(-1)).toMatchObject({ database, writer: writer.key, seq: before, ours: ids[0], theirs: ids[1] });
      expect(forksB.at(-1)).toMatchObject({ database, writer: writer.key, seq: before, ours: ids[1], theirs: ids[0] });
      // The proof of both branches is there: verified entries at the forked seq.
      expect(forksA.at(-1)?.run.entries.some(({ id }) => id === ids[1] || toHex(id) === toHex(ids[1] ?? id))).toBe(
        true,
      );
      expect((await a.vector(database)).get(toHex(bob.key))?.seq).toBe(2);
    },
  );

  test("B7 is raised when one entry leaks from a relay that shows each side another history", async () => {
    const writer = await TestWriter.of("alice", database);
    const common = await writer.write(4);
    const other = writer.fork("other");
    const [left, right] = [await holding(database, common, await writer.write(1)), await holding(database, common)];
    await using connection = connect(left, right);
    const [forksA, forksB] = [collect(connection.a, "fork"), collect(connection.b, "fork")];
    await right.replica(database).append([await other.write(1)]);
    await openAndSync(connection.a, left);
    await settled();
    expect(forksA.map(({ seq }) => seq)).toEqual([4]);
    expect(forksB.map(({ seq }) => seq)).toEqual([4]);
  });

  test.each([
    [100, 300, 10, 290 + 16 + 128 + 60],
    [3, 400, 350, 50 + 16 + 128 + 210 + 60],
  ])(
    "B7 is looked for once, however many runs in flight meet it: after %i, %i and %i beyond",
    async (before, ours, theirs, most) => {
      const { a, b, writer } = await forked(before, ours, theirs);
      const limits = { sliceBytes: 2_000 };
      await using connection = connect(a, b, { a: { limits }, b: { limits } });
      const progress = collect(connection.a, "progress");
      const [forks, gaps] = [collect(connection.b, "fork"), collect(connection.b, "gap")];
      await openAndSync(connection.a, a);
      await settled();
      expect(forks.at(-1)).toMatchObject({ writer: writer.key, seq: before });
      expect(gaps).toEqual([]);
      // Beyond the other's head, then 16, 128 and what is left, each to the next signature, and the entries that prove it.
      expect(progress.at(-1)?.sentEntries).toBeLessThan(most);
    },
  );

  test("B7 found again in the next session costs no more than the entries around it", async () => {
    const { a, b } = await forked(200, 3, 3);
    for (let round = 0; round < 2; round++) {
      const { ends, there, back } = recordedPipe();
      await using connection = connect(a, b, { transports: ends });
      await openAndSync(connection.a, a);
      await settled();
      expect(there.bytes() + back.bytes()).toBeLessThan(60_000);
    }
  });
});

describe("B8 wrong bytes", () => {
  test("B8 under a genuine place are refused, counted and reported, and block neither others nor the honest entry", async () => {
    const [a, b] = [await TestWriter.of("alice", database), await TestWriter.of("bob", database)];
    const honest = await a.write(1);
    const forged = swapParts(honest);
    const ofBob = await b.write(1);
    const relay = await holding(database, honest, ofBob);
    const swapping = altered(relay.replica(database), {
      readAfter: async (position) => ({ runs: position < 2 ? [forged, ofBob] : [], position: 2, done: true }),
    });
    const client = new Peer();
    await using connection = connect(client, relay, { b: { open: async () => swapping } });
    const refused = collect(connection.a, "refused");
    const refusedThere = collect(connection.b, "refused");
    await connection.a.openDatabases([{ replica: client.replica(database), position: 0 }]);
    await connection.a.synced([database]);
    expect(refused).toEqual([{ database, writer: a.key, code: "SIGNATURE_INVALID", by: "us" }]);
    expect(refusedThere).toEqual([{ database, writer: a.key, code: "SIGNATURE_INVALID", by: "peer" }]);
    // After the stream the digests differ, so the honest entry came by the vector.
    expect(await client.vector(database)).toEqual(await relay.vector(database));
  });
});

describe("A11 what a client sends", () => {
  test("A11 is the same for entries it can decrypt and for garbage under a valid signature", async () => {
    const shapes: string[][] = [];
    for (const branch of ["honest", "garbage"]) {
      const writer = (await TestWriter.of("alice", database)).fork(branch);
      const relay = new Peer();
      for (let i = 0; i < 10; i++) await relay.replica(database).append([await writer.write(100)]);
      const client = new Peer();
      const { ends, there } = recordedPipe();
      await using connection = connect(client, relay, { transports: ends });
      await openAndSync(connection.a, client);
      expect((await client.vector(database)).get(toHex(writer.key))?.seq).toBe(999);
      shapes.push(there.frames.map((frame) => `${frame[0]} ${frame.length}`));
    }
    expect(shapes[1]).toEqual(shapes[0]);
  });
});

/** Other content under the place and the signature of an honest entry. */
function swapParts(run: VerifiedRun): VerifiedRun {
  const [entry] = run.entries;
  if (entry?.signature == null) throw new TypeError("no signed entry");
  const parts = entry.parts.map((part) => ({ ...part, ciphertext: parseCiphertext(bytesOf("something else", 144)) }));
  return adoptOwnRun([identifyEntry(verifier, { ...entry, parts: parts as typeof entry.parts })], entry.signature);
}
