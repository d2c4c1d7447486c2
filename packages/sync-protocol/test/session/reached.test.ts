import { concatBytes, type Replica, RunEncoder, toHex, type VerifiedRun } from "@selkie/entry";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Session } from "../../src/index.ts";
import { decodeMessage, encodeMessage } from "../../src/message/codec.ts";
import type { Ack } from "../../src/message/message.ts";
import { altered, collect, connect, Peer } from "../support/peers.ts";
import { faceOpenDialler, faceOpenListener, settled } from "../support/raw-peer.ts";
import { changing, recordedPipe } from "../support/transports.ts";
import { databaseOf, TestWriter } from "../support/writer.ts";

const database = databaseOf("notes");
const TAG_BYTES = 8;
/** Type byte of an acknowledgement. */
const ACK = 9;

/** A session opens the database at the position it has, and syncs. Gives the position that is known afterwards. */
async function meet(device: Peer, relay: Peer, position: number): Promise<{ position: number; bytes: number }> {
  const { ends, back } = recordedPipe();
  await using connection = connect(device, relay, { transports: ends });
  const caughtUp = collect(connection.a, "caughtUp");
  await connection.a.openDatabases([{ replica: device.replica(database), position }]);
  await connection.a.synced([database]);
  await settled();
  return { position: caughtUp.at(-1)?.position ?? position, bytes: back.bytes() };
}

describe("what a device uploaded", () => {
  test("does not come back at the next meeting, however much it was", async () => {
    const bytes = [];
    for (const runs of [1, 400]) {
      const [device, relay, other] = [new Peer(), new Peer(), await TestWriter.of("bob", database)];
      const writer = await TestWriter.of("alice", database);
      for (let i = 0; i < runs; i++) await device.replica(database).append([await writer.write(5)]);
      const { position } = await meet(device, relay, 0);
      expect(position).toBe(5 * runs);
      await device.replica(database).append([await writer.write(1)]);
      await relay.replica(database).append([await other.write(1)]);
      bytes.push((await meet(device, relay, position)).bytes);
      expect(await device.vector(database)).toEqual(await relay.vector(database));
    }
    expect(bytes[1]).toBeLessThan((bytes[0] ?? 0) + 16);
  });

  test("while it is typed is told with each acknowledgement", async () => {
    const [device, relay, writer] = [new Peer(), new Peer(), await TestWriter.of("alice", database)];
    const { ends, there } = recordedPipe();
    await using connection = connect(device, relay, { transports: ends });
    const caughtUp = collect(connection.a, "caughtUp");
    await connection.a.openDatabases([{ replica: device.replica(database) }]);
    await connection.a.synced([database]);
    for (let i = 0; i < 3; i++) {
      await device.replica(database).append([await writer.write(2)]);
      connection.a.announce(database);
      await connection.a.synced([database]);
    }
    expect(caughtUp.map(({ position }) => position)).toEqual([0, 2, 4, 6]);
    // Who was opened to names no position, and is told none.
    await relay.replica(database).append([await (await TestWriter.of("bob", database)).write(1)]);
    connection.b.announce(database);
    await connection.a.synced([database]);
    await settled();
    expect(there.frames.filter(([type]) => type === ACK).map(reachedIn)).toEqual([[]]);
  });

  test("comes back as far as the line broke before it was acknowledged, and nothing is lost", async () => {
    const [device, relay, writer] = [new Peer(), new Peer(), await TestWriter.of("alice", database)];
    for (let i = 0; i < 50; i++) await device.replica(database).append([await writer.write(1)]);
    const { ends } = recordedPipe();
    const deaf = changing(ends[1], (frame) => (frame[0] === ACK ? [] : [frame]));
    const broken = connect(device, relay, { transports: [ends[0], deaf] });
    const caughtUp = collect(broken.a, "caughtUp");
    await broken.a.openDatabases([{ replica: device.replica(database) }]);
    await settled();
    await broken[Symbol.asyncDispose]();
    expect((await relay.vector(database)).size).toBe(1);
    expect(caughtUp.map(({ position }) => position)).toEqual([0]);

    await device.replica(database).append([await writer.write(1)]);
    const { position } = await meet(device, relay, 0);
    expect(position).toBe(51);
    expect(await relay.vector(database)).toEqual(await device.vector(database));
    await device.replica(database).append([await writer.write(1)]);
    expect((await meet(device, relay, position)).bytes).toBeLessThan(400);
  });
});

describe("a position that is told", () => {
  const who = fc.constantFrom("alice", "bob", "relay");
  /** Turns of the event loop that the relay takes. */
  const pace = fc.nat(4);

  test("leads past no entry that is not here, and to the end, in whatever order devices write", async () => {
    const chains = { alice: await chainOf("alice"), bob: await chainOf("bob"), relay: await chainOf("somebody else") };
    await fc.assert(
      fc.asyncProperty(
        fc.array(who, { maxLength: LENGTH }),
        pace,
        pace,
        pace,
        async (steps, reading, appending, telling) => {
          const peers = { alice: new Peer(), bob: new Peer(), relay: new Peer() };
          const { relay } = peers;
          const options = { b: { open: async () => paced(relay.replica(database), reading, appending) } };
          await using ofAlice = connect(peers.alice, relay, options);
          await using ofBob = connect(peers.bob, relay, options);
          // What every server does: what arrives in one session is announced in the others, some time later.
          const announce = async (sessions: readonly Session[]) => {
            await turns(telling);
            for (const session of sessions) session.announce(database);
          };
          ofAlice.b.on("received", () => void announce([ofBob.b]));
          ofBob.b.on("received", () => void announce([ofAlice.b]));
          const checks: Promise<void>[] = [];
          const last = { alice: -1, bob: -1 };
          for (const [name, { a }] of [["alice", ofAlice] as const, ["bob", ofBob] as const]) {
            a.on("caughtUp", ({ position }) => {
              last[name] = position;
              checks.push(expectHolds(peers[name], relay, position));
            });
            await a.openDatabases([{ replica: peers[name].replica(database) }]);
          }
          const written = { alice: 0, bob: 0, relay: 0 };
          for (const name of steps) {
            const run = chains[name][written[name]++];
            if (run === undefined) throw new TypeError("no run");
            await peers[name].replica(database).append([run]);
            if (name !== "relay") (name === "alice" ? ofAlice : ofBob).a.announce(database);
            else void announce([ofAlice.b, ofBob.b]);
            await turns(1);
          }
          for (const { a } of [ofAlice, ofBob, ofAlice]) await a.synced([database]);
          for (let i = 0; i < 4; i++) await settled();
          await Promise.all(checks);
          const end = await relay.replica(database).position();
          expect(last).toEqual({ alice: end, bob: end });
        },
      ),
      { numRuns: 150 },
    );
  });

  test("B5 beyond what was sent hides nothing: digests differ, and vectors bring what it led past", async () => {
    for (const lie of [1, 4, 5, 1_000, Number.MAX_SAFE_INTEGER - 1]) {
      const [device, relay] = [new Peer(), new Peer()];
      const [alice, bob] = [await TestWriter.of("alice", database), await TestWriter.of("bob", database)];
      await relay.replica(database).append([await bob.write(4)]);
      await device.replica(database).append([await alice.write(1)]);
      const { ends } = recordedPipe();
      const lying = changing(ends[1], (frame) => [withReached(frame, lie)]);
      const connection = connect(device, relay, {
        transports: [ends[0], lying],
        b: { open: async () => hidingBob(relay.replica(database), bob) },
      });
      const caughtUp = collect(connection.a, "caughtUp");
      await connection.a.openDatabases([{ replica: device.replica(database) }]);
      await connection.a.synced([database]);
      await connection[Symbol.asyncDispose]();
      expect(caughtUp.at(-1)).toEqual({ database, position: lie });
      expect((await device.vector(database)).size).toBe(1);

      await device.replica(database).append([await alice.write(1)]);
      await meet(device, relay, lie);
      expect(await device.vector(database)).toEqual(await relay.vector(database));
    }
  });

  test("does not count while both sides compare what they hold", async () => {
    const device = new Peer();
    const { session, raw } = await faceOpenDialler(device);
    const caughtUp = collect(session, "caughtUp");
    const opening = session.openDatabases([{ replica: device.replica(database) }]);
    await raw.take("open");
    await raw.send({ type: "opened", first: 0, answers: [{ type: "different" }] }, reached(0, 9));
    await opening;
    await settled();
    expect(caughtUp).toEqual([]);
    await raw.send({ type: "caughtUp", handle: 0, position: 4, digest: new Uint8Array(16) }, reached(0, 9));
    await settled();
    expect(caughtUp.map(({ position }) => position)).toEqual([4, 9]);
  });

  test("is told to nobody who may not be sent what stands before it", async () => {
    const relay = new Peer();
    const { session, raw } = await faceOpenListener(relay, {}, { pull: true, push: false, purge: false });
    await raw.send({ type: "open", items: [{ id: database, digest: new Uint8Array(16), position: null }] });
    const runs = new RunEncoder().encode([await (await TestWriter.of("alice", database)).write(2)]);
    await raw.take("opened");
    await raw.take("vector");
    await raw.send(
      { type: "vector", handle: 0, reply: false, asks: false, vector: new Map() },
      { type: "entries", handle: 0, position: null, runs },
    );
    await raw.take("caughtUp");
    expect(await raw.take("ack")).toMatchObject({ frames: 1, reached: [] });
    expect((await relay.vector(database)).size).toBe(1);
    await session.close();
  });

  test("counts once what was sent before it is durable, and of open databases alone", async () => {
    const device = new Peer();
    const bob = await TestWriter.of("bob", database);
    let store = (): void => undefined;
    const stored = new Promise<void>((resolve) => (store = resolve));
    const inner = device.replica(database);
    const slow = altered(inner, { append: (runs) => stored.then(() => inner.append(runs)) });
    const { session, raw } = await faceOpenDialler(device);
    const caughtUp = collect(session, "caughtUp");
    const opening = session.openDatabases([{ replica: slow }]);
    await raw.take("open");
    await raw.send({ type: "opened", first: 0, answers: [{ type: "same", position: 3 }] });
    await opening;
    const runs = new RunEncoder().encode([await bob.write(1)]);
    await raw.send({ type: "entries", handle: 0, position: 4, runs }, reached(0, 9));
    await settled();
    expect(caughtUp.map(({ position }) => position)).toEqual([3]);
    store();
    await raw.take("ack");
    await settled();
    expect(caughtUp.map(({ position }) => position)).toEqual([3, 4, 9]);
    await raw.send(reached(2, 9));
    expect((await raw.rest()).at(-1)).toMatchObject({ type: "error", code: "UNEXPECTED_MESSAGE" });
  });
});

const LENGTH = 12;

async function chainOf(name: string): Promise<readonly VerifiedRun[]> {
  const writer = await TestWriter.of(name, database);
  const runs: VerifiedRun[] = [];
  for (let index = 0; index < LENGTH; index++) runs.push(await writer.write(1 + (index % 3)));
  return runs;
}

/** Everything that the relay had at this position or before is on the device. */
async function expectHolds(device: Peer, relay: Peer, position: number): Promise<void> {
  const held = await device.vector(database);
  const heads = await relay.vector(database);
  const { runs } = await relay.replica(database).readAfter(position, { entries: 1_000, bytes: 1_000_000 });
  for (const [writer, { seq }] of heads) {
    const later = runs.filter((run) => toHex(run.writer) === writer).map(({ firstSeq }) => firstSeq - 1);
    expect(held.get(writer)?.seq ?? -1).toBeGreaterThanOrEqual(Math.min(seq, ...later));
  }
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** A replica that takes its time. */
function paced(inner: Replica, reading: number, appending: number): Replica {
  return altered(inner, {
    async readAfter(position, limit) {
      await turns(reading);
      return await inner.readAfter(position, limit);
    },
    async append(runs) {
      await turns(appending);
      return await inner.append(runs);
    },
  });
}

/** What a relay shows that withholds a chain. */
function hidingBob(inner: Replica, bob: TestWriter): Replica {
  const isShown = (writer: string) => writer !== toHex(bob.key);
  return altered(inner, {
    vector: async () => new Map([...(await inner.vector())].filter(([writer]) => isShown(writer))),
    async readAfter(position, limit) {
      const arrived = await inner.readAfter(position, limit);
      return { ...arrived, runs: arrived.runs.filter(({ writer }) => isShown(toHex(writer))) };
    },
  });
}

const reached = (handle: number, position: number): Ack => ({
  type: "ack",
  frames: 0,
  credit: 0,
  exceptions: [],
  reached: [{ handle, position }],
});

/** The frame with another position in it, wherever one is told; tags say nothing of what a frame says. */
function withReached(frame: Uint8Array, position: number): Uint8Array {
  if (frame[0] !== ACK) return frame;
  const ack = ackIn(frame);
  const lie = encodeMessage({ ...ack, reached: ack.reached.map((item) => ({ ...item, position })) });
  return concatBytes(lie, frame.subarray(-TAG_BYTES));
}

function ackIn(frame: Uint8Array): Ack {
  const ack = decodeMessage(frame.subarray(0, -TAG_BYTES));
  if (ack.type !== "ack") throw new TypeError("no acknowledgement");
  return ack;
}

const reachedIn = (frame: Uint8Array): Ack["reached"] => ackIn(frame).reached;
