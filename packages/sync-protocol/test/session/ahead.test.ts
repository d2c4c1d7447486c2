import { type Head, toHex, type VerifiedRun } from "@selkie/entry";
import { describe, expect, test } from "vitest";
import type { OpenDatabase } from "../../src/index.ts";
import { altered, collect, connect, Peer } from "../support/peers.ts";
import { settled } from "../support/raw-peer.ts";
import { recordedPipe } from "../support/transports.ts";
import { databaseOf, TestWriter } from "../support/writer.ts";

const database = databaseOf("notes");
const VECTOR = 7;

/** A device with a chain of its own, a relay that has 30 chains of others, and both hold all of it. */
async function company() {
  const [device, relay] = [new Peer(), new Peer()];
  const own = await TestWriter.of("alice", database);
  const [bob, ...others] = await Promise.all(
    Array.from({ length: 30 }, (_, index) => TestWriter.of(`other ${index}`, database)),
  );
  if (bob === undefined) throw new TypeError("no writer");
  const runs = await Promise.all([own, bob, ...others].map((writer) => writer.write(2)));
  for (const peer of [device, relay]) await peer.replica(database).append(runs);
  const expected = await device.vector(database);
  return { device, relay, own, bob, expected, position: await relay.replica(database).position() };
}

/** The device connects, syncs, and is gone again. */
async function meet(device: Peer, relay: Peer, known: Omit<OpenDatabase, "replica">) {
  const { ends, there, back } = recordedPipe();
  await using connection = connect(device, relay, { transports: ends });
  const [rollbacks, caughtUp, acknowledged] = [
    collect(connection.a, "rollback"),
    collect(connection.a, "caughtUp"),
    collect(connection.a, "acknowledged"),
  ];
  await connection.a.openDatabases([{ replica: device.replica(database), ...known }]);
  await connection.a.synced([database]);
  await settled();
  expect(await relay.vector(database)).toEqual(await device.vector(database));
  const vectors = [...there.frames, ...back.frames].filter(([type]) => type === VECTOR).length;
  return { vectors, rollbacks, caughtUp, acknowledged, bytes: there.bytes() + back.bytes() };
}

describe("a device that wrote while it was alone", () => {
  const headOf = ({ entries }: VerifiedRun): Head => {
    const last = entries.at(-1);
    if (last === undefined) throw new TypeError("no entry");
    return { seq: last.header.seq, id: last.id };
  };
  const isOwnOf = (own: TestWriter) => (writer: string) => writer === toHex(own.key);

  test("brings it without a vector, for it knows what the relay has", async () => {
    const { device, relay, own, expected, position } = await company();
    await device.replica(database).append([await own.write(3)]);
    const { vectors, bytes, caughtUp, acknowledged } = await meet(device, relay, {
      ...{ expected, position, isOwn: isOwnOf(own) },
    });
    expect(vectors).toBe(0);
    expect(bytes).toBeLessThan(1_200);
    expect(caughtUp.at(-1)).toEqual({ database, position: position + 3 });
    expect(acknowledged.at(-1)?.vector.get(toHex(own.key))?.seq).toBe(4);
  });

  test("and has news to hear is sent these, and brings it without a vector", async () => {
    const { device, relay, own, bob, expected, position } = await company();
    await device.replica(database).append([await own.write(3)]);
    await relay.replica(database).append([await bob.write(2)]);
    const { vectors, caughtUp } = await meet(device, relay, { expected, position, isOwn: isOwnOf(own) });
    expect(vectors).toBe(0);
    expect(caughtUp.at(-1)).toEqual({ database, position: position + 5 });
  });

  test("for the first time brings it to a relay that has none of its chain", async () => {
    const { device, relay, expected, position } = await company();
    const second = await TestWriter.of("alice, after a crash", database);
    await device.replica(database).append([await second.write(2)]);
    const { vectors } = await meet(device, relay, { expected, position, isOwn: isOwnOf(second) });
    expect(vectors).toBe(0);
  });

  test("compares vectors where the relay has more of its chain than it was told, or less", async () => {
    for (const known of ["more", "less"]) {
      const { device, relay, own, expected, position } = await company();
      const run = await own.write(3);
      await device.replica(database).append([run, await own.write(1)]);
      const told = new Map(expected);
      if (known === "more") await relay.replica(database).append([run]);
      else told.set(toHex(own.key), headOf(run));
      const { vectors, rollbacks } = await meet(device, relay, {
        ...{ expected: told, isOwn: isOwnOf(own) },
        ...(known === "more" ? {} : { position }),
      });
      expect(vectors).toBeGreaterThan(0);
      expect(rollbacks.map(({ was, now }) => [was, now])).toEqual(known === "more" ? [] : [[4, 1]]);
    }
  });

  test("B6 still hears that the relay lost what others wrote, which is not here either", async () => {
    for (const isNew of [false, true]) {
      const { device, relay, own, bob, expected, position } = await company();
      const told = new Map(expected).set(toHex(bob.key), headOf(await bob.write(3)));
      await device.replica(database).append([await own.write(1)]);
      if (isNew) await relay.replica(database).append([await (await TestWriter.of("dave", database)).write(1)]);
      const { rollbacks } = await meet(device, relay, { expected: told, position, isOwn: isOwnOf(own) });
      expect(rollbacks).toEqual([{ database, writer: bob.key, was: 4, now: 1 }]);
    }
  });

  test("sends it in order while more is written, and waits until the relay has all of it", async () => {
    const { device, relay, own, expected, position } = await company();
    for (let i = 0; i < 40; i++) await device.replica(database).append([await own.write(1)]);
    const limits = { sliceBytes: 500, windowBytes: 400 };
    await using connection = connect(device, relay, { a: { limits }, b: { limits } });
    const gaps = collect(connection.b, "gap");
    const replica = altered(device.replica(database), {
      async vector() {
        await settled();
        return await device.vector(database);
      },
    });
    await connection.a.openDatabases([{ replica, expected, position, isOwn: isOwnOf(own) }]);
    await device.replica(database).append([await own.write(1)]);
    connection.a.announce(database);
    await connection.a.synced([database]);
    expect(gaps).toEqual([]);
    expect(await relay.vector(database)).toEqual(await device.vector(database));
    await device.replica(database).append([await own.write(1)]);
    connection.a.announce(database);
    await connection.a.synced([database]);
    expect(await relay.vector(database)).toEqual(await device.vector(database));
  });
});
