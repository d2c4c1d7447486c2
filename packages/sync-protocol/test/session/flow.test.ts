// Credit, back-pressure and bounds: what a peer can make this side hold, and how little latency costs.
import { compareBytes, type Replica, RunEncoder, type VerifiedRun, verifyRuns, ZERO_ENTRY_ID } from "@selkie/entry";
import { describe, expect, test } from "vitest";
import { pipe, type Transport } from "../../src/index.ts";
import { altered, connect, Peer } from "../support/peers.ts";
import { faceOpenDialler, faceOpenListener, type RawPeer, settled } from "../support/raw-peer.ts";
import { databaseOf, TestWriter, verifier } from "../support/writer.ts";

const database = databaseOf("flow");
const digest = new Uint8Array(16);

async function filled(count: number, each: number, partBytes = 300): Promise<{ peer: Peer; runs: VerifiedRun[] }> {
  const writer = await TestWriter.of("alice", database);
  const peer = new Peer();
  const runs: VerifiedRun[] = [];
  for (let i = 0; i < count; i++) runs.push(await writer.write(each, partBytes));
  await peer.replica(database).append(runs);
  return { peer, runs };
}

/** A replica that remembers how much was read at once. */
function watched(inner: Replica) {
  const seen = { largestRead: 0 };
  const replica = altered(inner, {
    async read(writer, from, limit) {
      seen.largestRead = Math.max(seen.largestRead, limit.bytes);
      return await inner.read(writer, from, limit);
    },
    async readAfter(position, limit) {
      seen.largestRead = Math.max(seen.largestRead, limit.bytes);
      return await inner.readAfter(position, limit);
    },
  });
  return { replica, seen };
}

describe("a sender", () => {
  test("sends up to the window without waiting, and no further until it is acknowledged", async () => {
    const { peer } = await filled(40, 50);
    const { raw, session } = await faceOpenDialler(peer, {}, undefined, { windowBytes: 100_000 });
    void session.openDatabases([{ replica: peer.replica(database) }]).catch(() => undefined);
    await raw.take("open");
    await raw.send({ type: "opened", first: 0, answers: [{ type: "different" }] });
    await raw.send({ type: "vector", handle: 0, reply: false, asks: false, vector: new Map() });
    // 2,000 entries of 300 bytes and more are six windows.
    const [sent, quiet] = await untilQuiet(raw);
    expect(sent).toBeGreaterThan(100_000);
    expect(sent).toBeLessThan(100_000 + 140_000);
    await raw.send({ type: "ack", frames: 1, credit: sent, exceptions: [], reached: [] });
    const [more] = await untilQuiet(raw, quiet);
    expect(more).toBeGreaterThan(0);
    expect(more).toBeLessThan(100_000 + 140_000);
    await session.close();
  });

  test("is not bound by latency: 5,000 entries take a handful of round trips", async () => {
    const { peer } = await filled(50, 100);
    const relay = new Peer();
    const line = slowPipe();
    await using connection = connect(peer, relay, { transports: line.ends });
    const work = (async () => {
      await connection.a.openDatabases([{ replica: peer.replica(database) }]);
      await connection.a.synced([database]);
    })();
    let isOver = false;
    void work.then(() => {
      isOver = true;
    });
    let crossings = 0;
    while (!isOver && crossings < 100) {
      await settled();
      line.cross();
      crossings += 1;
    }
    await work;
    console.log(`5,000 entries in ${crossings} crossings of the line`);
    // Handshake 4, open 2, vectors 2, entries 1, fence 2, and the windows in between.
    expect(crossings).toBeLessThan(20);
    expect(await relay.vector(database)).toEqual(await peer.vector(database));
  });

  test("reads in slices of at most 1 MiB", async () => {
    const { peer } = await filled(12, 20, 20_000);
    const { replica, seen } = watched(peer.replica(database));
    const relay = new Peer();
    await using connection = connect(peer, relay, { a: { limits: { sliceBytes: 1_048_576 } } });
    await connection.a.openDatabases([{ replica }]);
    await connection.a.synced([database]);
    expect(seen.largestRead).toBeLessThanOrEqual(1_048_576);
    expect(seen.largestRead).toBeGreaterThan(0);
    expect(await relay.vector(database)).toEqual(await peer.vector(database));
  });

  test("gets a run through that is larger than the window", async () => {
    const { peer } = await filled(2, 15, 60_000);
    const relay = new Peer();
    await using connection = connect(peer, relay, {
      a: { limits: { sliceBytes: 1_000 } },
      b: { limits: { windowBytes: 1 } },
    });
    await connection.a.openDatabases([{ replica: peer.replica(database) }]);
    await connection.a.synced([database]);
    expect(await relay.vector(database)).toEqual(await peer.vector(database));
  });

  test("sends a run of nearly 4 MiB, which a hostile member can make, in a frame of its own", async () => {
    const mallory = await TestWriter.of("mallory", database);
    const names = Array.from({ length: 20 }, (_, index) => `alice ${index}`);
    const others = await Promise.all(names.map((name) => TestWriter.of(name, database)));
    // Whichever way a store lists its chains, this one comes first, and the slice has room left after it.
    const alice = others.find(({ key }) => compareBytes(key, mallory.key) < 0) ?? raise();
    const peer = new Peer();
    const relay = new Peer();
    // Beyond what an honest writer leaves between two signatures, and within what every receiver accepts.
    const parts = await Promise.all([1, 2, 3, 4].map(() => mallory.write(1, 1_000_000)));
    const entries = parts
      .flatMap((run) => run.entries)
      .map((entry, index) => (index < 3 ? { ...entry, signature: null } : entry));
    const { database: of, writer } = parts[0] ?? raise();
    const [verdict] = await verifyRuns(verifier, [{ database: of, writer, firstSeq: 0, prev: ZERO_ENTRY_ID, entries }]);
    if (verdict?.type !== "verified") throw new TypeError(verdict?.code);
    await peer.replica(database).append([await alice.write(200, 1_000), verdict.run]);
    await using connection = connect(peer, relay, { a: { limits: { sliceBytes: 1_048_576 } } });
    await connection.a.openDatabases([{ replica: peer.replica(database) }]);
    await connection.a.synced([database]);
    expect(await relay.vector(database)).toEqual(await peer.vector(database));
    // And again by arrival.
    const reader = new Peer();
    await using second = connect(reader, relay);
    await second.a.openDatabases([{ replica: reader.replica(database), position: 0 }]);
    await second.a.synced([database]);
    expect(await reader.vector(database)).toEqual(await peer.vector(database));
  });

  test("keeps entries of one database from holding up another", async () => {
    const { peer } = await filled(60, 100, 1_000);
    const small = databaseOf("small");
    await peer.replica(small).append([await (await TestWriter.of("bob", small)).write(1)]);
    const { raw, session } = await faceOpenDialler(peer);
    void session
      .openDatabases([{ replica: peer.replica(database) }, { replica: peer.replica(small) }])
      .catch(() => undefined);
    await raw.take("open");
    await raw.send({ type: "opened", first: 0, answers: [{ type: "different" }, { type: "different" }] });
    for (const handle of [0, 2])
      await raw.send({ type: "vector", handle, reply: false, asks: false, vector: new Map() });
    const handles: number[] = [];
    while (!handles.includes(2) && handles.length < 20) {
      const message = await raw.next();
      if (message?.type === "entries") handles.push(message.handle);
    }
    expect(handles.indexOf(2)).toBeLessThan(3);
    await session.close();
  });
});

describe("a receiver", () => {
  test("F4 closes on a peer that exceeds its credit", async () => {
    const { runs } = await filled(6, 10);
    const target = new Peer();
    const { session, raw } = await faceOpenListener(target, {
      limits: { windowBytes: 5_000 },
      open: async () => stuck(target),
    });
    await raw.send({ type: "open", items: [{ id: database, digest, position: null }] });
    await raw.take("opened");
    const encoder = new RunEncoder();
    for (const run of runs) {
      await raw
        .send({ type: "entries", handle: 0, position: null, runs: encoder.encode([run]) })
        .catch(() => undefined);
    }
    expect(await session.closed).toMatchObject({ code: "CREDIT_EXCEEDED" });
  });

  test("F4 closes on more frames in flight than the protocol allows, however small", async () => {
    const target = new Peer();
    const { session, raw } = await faceOpenListener(target, { open: async () => stuck(target) });
    await raw.send({ type: "open", items: [{ id: database, digest, position: null }] });
    await raw.take("opened");
    const writer = await TestWriter.of("alice", database);
    const encoder = new RunEncoder();
    for (let i = 0; i < 1_100; i++) {
      const runs = encoder.encode([await writer.write(1)]);
      await raw.send({ type: "entries", handle: 0, position: null, runs }).catch(() => undefined);
    }
    expect(await session.closed).toMatchObject({ code: "CREDIT_EXCEEDED" });
  });

  test("F4 closes on more databases than it offers", async () => {
    const { session, raw } = await faceOpenListener(new Peer(), { limits: { databases: 3 } });
    const items = Array.from({ length: 4 }, (_, index) => ({ id: databaseOf(`${index}`), digest, position: null }));
    await raw.send({ type: "open", items: items.slice(0, 2) }, { type: "open", items: items.slice(2) });
    expect(await session.closed).toMatchObject({ code: "LIMIT_EXCEEDED" });
  });

  test("F4 closes on more fences than it keeps, answered or not", async () => {
    const { session, raw } = await faceOpenListener(new Peer());
    await raw.send({ type: "open", items: [{ id: database, digest, position: null }] });
    for (let token = 0; token < 40; token++)
      await raw.send({ type: "fence", token, handles: [0] }).catch(() => undefined);
    expect(await session.closed).toMatchObject({ code: "LIMIT_EXCEEDED" });
  });

  test("F4 sends a peer that asks again and again, and never acknowledges, no more than its window", async () => {
    const { peer } = await filled(60, 100, 1_000);
    const { session, raw } = await faceOpenListener(peer);
    await raw.send({ type: "open", items: [{ id: database, digest, position: null }] });
    for (let i = 0; i < 300; i++) {
      await raw.send(
        { type: "ping", token: i },
        { type: "vector", handle: 0, reply: true, asks: false, vector: new Map() },
      );
    }
    let bytes = 0;
    for (;;) {
      const message = await Promise.race([raw.next(), settled().then(() => null)]);
      if (message === null) break;
      if (message.type === "entries") bytes += message.runs.length;
    }
    // The window, and the frame that may exceed it.
    expect(bytes).toBeLessThan(4_194_304 + 1_048_576);
    await session.close();
  });
});

describe("junk", () => {
  test("F5 closes the session after a bounded number of runs that do not verify", async () => {
    const writer = await TestWriter.of("alice", database);
    const target = new Peer();
    const { session, raw } = await faceOpenListener(target, { limits: { junkRuns: 5 } });
    await raw.send({ type: "open", items: [{ id: database, digest, position: null }] });
    const encoder = new RunEncoder();
    for (let i = 0; i < 10; i++) {
      const runs = encoder.encode([await writer.write(1)]);
      runs[runs.length - 170] = (runs[runs.length - 170] ?? 0) ^ 1;
      await raw.send({ type: "entries", handle: 0, position: null, runs }).catch(() => undefined);
      await settled();
    }
    expect(await session.closed).toMatchObject({ code: "TOO_MUCH_JUNK" });
    expect((await target.vector(database)).size).toBe(0);
  });

  test("F5 runs that cannot be decoded close it at once", async () => {
    const { session, raw } = await faceOpenListener(new Peer());
    await raw.send({ type: "open", items: [{ id: database, digest, position: null }] });
    await raw.send({ type: "entries", handle: 0, position: null, runs: new Uint8Array(50).fill(7) });
    expect(await session.closed).toMatchObject({ code: "BAD_MESSAGE" });
  });

  test("F5 entries from a peer without the right to push close it, and are not stored", async () => {
    const { runs } = await filled(1, 1);
    const target = new Peer();
    const { session, raw } = await faceOpenListener(target, {}, { pull: false, push: true, purge: false });
    await raw.send({ type: "open", items: [{ id: database, digest, position: null }] });
    await raw.send({ type: "entries", handle: 0, position: null, runs: new RunEncoder().encode(runs) });
    expect(await session.closed).toMatchObject({ code: "NOT_PERMITTED" });
    expect((await target.vector(database)).size).toBe(0);
  });
});

function raise(): never {
  throw new TypeError("nothing there");
}

/** Bytes of the entries that come until nothing does, and the read that is under way then. */
async function untilQuiet(
  raw: RawPeer,
  reading = raw.next(),
): Promise<[bytes: number, reading: ReturnType<RawPeer["next"]>]> {
  let bytes = 0;
  for (;;) {
    const message = await Promise.race([reading, settled().then(() => "quiet" as const)]);
    if (message === "quiet") return [bytes, reading];
    if (message?.type === "entries") bytes += message.runs.length;
    reading = raw.next();
  }
}

/** A replica whose appends never end. */
function stuck(peer: Peer): Replica {
  return altered(peer.replica(database), { append: () => new Promise(() => undefined) });
}

/** A line on which frames travel only when the test says so: what was sent by then arrives. */
function slowPipe(): { readonly ends: readonly [Transport, Transport]; cross(): void } {
  const [left, right] = pipe();
  const waiting: (() => void)[] = [];
  const slow = (inner: Transport): Transport => ({
    async send(frame) {
      waiting.push(() => void inner.send(frame).catch(() => undefined));
    },
    receive: () => inner.receive(),
    close: () => inner.close(),
  });
  return {
    ends: [slow(left), slow(right)],
    cross() {
      for (const deliver of waiting.splice(0)) deliver();
    },
  };
}
