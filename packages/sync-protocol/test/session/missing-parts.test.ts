// A side that holds entries without some of their parts asks for them, once in a session.
import { type DatabaseId, holeOf, type Replica, toHex, type Vector, type VerifiedRun, verifyRuns } from "@selkie/entry";
import { hasHoles } from "@selkie/store";
import { describe, expect, test } from "vitest";
import { altered, type Connection, collect, connect, Peer } from "../support/peers.ts";
import { databaseOf, TestWriter, verifier } from "../support/writer.ts";

const ALL = { entries: 1_000, bytes: 2 ** 20 };

/** The run as somebody gives it who leaves out the parts of one entry. */
async function without(run: VerifiedRun, seq: number): Promise<VerifiedRun> {
  const entries = run.entries.map(({ header, table, parts, signature }) => ({
    ...{ header, table, signature },
    parts: header.seq === seq ? parts.map((part) => (part.type === "sealed" ? holeOf(verifier, part) : part)) : parts,
  }));
  const [verdict] = await verifyRuns(verifier, [{ ...run, entries }]);
  if (verdict?.type !== "verified") throw new TypeError("holes change no id");
  return verdict.run;
}

/** A side that knows of missing parts, as a client does. */
class Asking extends Peer {
  readonly replicas = new Map<string, Replica>();

  override replica(database: DatabaseId): Replica {
    const inner = super.replica(database);
    const known = this.replicas.get(toHex(database));
    if (known !== undefined) return known;
    const wholeVector = async (): Promise<Vector | null> => {
      let isWhole = true;
      const whole = new Map(await inner.vector());
      for (const [name, { seq }] of whole) {
        const run = await inner.read(writerOf.get(name) ?? fail(), 0, ALL);
        const hole = run?.entries.find(hasHoles)?.header.seq;
        if (hole === undefined || hole > seq) continue;
        isWhole = false;
        const before = run?.entries[hole - 1];
        if (before === undefined) whole.delete(name);
        else whole.set(name, { seq: hole - 1, id: before.id });
      }
      return isWhole ? null : whole;
    };
    const replica = altered(inner, { wholeVector });
    this.replicas.set(toHex(database), replica);
    return replica;
  }
}

const writerOf = new Map<string, TestWriter["key"]>();
const fail = (): never => {
  throw new TypeError("a writer of this test");
};

interface Scene {
  readonly database: DatabaseId;
  readonly writer: TestWriter;
  /** Ten entries; in the second run parts of the one at 4 are missing. */
  readonly whole: VerifiedRun;
  readonly holed: VerifiedRun;
}

async function scene(name: string): Promise<Scene> {
  const database = databaseOf(name);
  const writer = await TestWriter.of("alice", database);
  writerOf.set(toHex(writer.key), writer.key);
  const whole = await writer.write(10);
  return { database, writer, whole, holed: await without(whole, 4) };
}

async function holes(peer: Peer, { database, writer }: Scene): Promise<number> {
  const run = await peer.replica(database).read(writer.key, 0, ALL);
  return run?.entries.filter(hasHoles).length ?? -1;
}

interface Told {
  readonly received: number;
  readonly rollbacks: number;
}

/** A session until both have what the other has. */
async function meet(
  a: Peer,
  b: Peer,
  database: DatabaseId,
  { position, isKnown = false }: { readonly position?: number | undefined; readonly isKnown?: boolean } = {},
): Promise<Told> {
  await using connection: Connection = connect(a, b);
  const [toA, toB] = [collect(connection.a, "received"), collect(connection.b, "received")];
  const rollbacks = [collect(connection.a, "rollback"), collect(connection.b, "rollback")];
  await connection.a.ready;
  const more = {
    ...(position === undefined ? {} : { position }),
    ...(isKnown ? { expected: await a.vector(database) } : {}), // all of it was there once
  };
  await Promise.all([
    connection.a.openDatabases([{ replica: a.replica(database), ...more }]),
    connection.b.openDatabases([{ replica: b.replica(database) }]),
  ]);
  await connection.a.synced([database]);
  await connection.b.synced([database]);
  await connection.a.synced([database]);
  const received = [...toA, ...toB].reduce((sum, { entries }) => sum + entries, 0);
  return { received, rollbacks: rollbacks.flat().length };
}

describe("parts that are missing", () => {
  test.each(["dialler", "listener", "dialler with a position"])("come from who has them: to the %s", async (role) => {
    const at = await scene(`heal ${role}`);
    const [client, honest] = [new Asking(), new Peer()];
    await client.replica(at.database).append([at.holed]);
    await honest.replica(at.database).append([at.whole]);
    const position = role === "dialler with a position" ? await honest.replica(at.database).position() : undefined;
    const [dialler, listener] = role === "listener" ? [honest, client] : [client, honest];
    expect(await holes(client, at)).toBe(1);
    expect((await meet(dialler, listener, at.database, { position })).rollbacks).toBe(0);
    expect(await holes(client, at)).toBe(0);
    expect(await client.vector(at.database)).toEqual(await honest.vector(at.database));
    expect(await meet(dialler, listener, at.database)).toEqual({ received: 0, rollbacks: 0 });
  });

  test("come though the peer names a position, from which on it would be sent what is new", async () => {
    const at = await scene("heal answerer");
    const [client, honest] = [new Asking(), new Peer()];
    await client.replica(at.database).append([at.holed]);
    await honest.replica(at.database).append([at.whole]);
    const position = await client.replica(at.database).position();
    const bob = await TestWriter.of("bob", at.database);
    writerOf.set(toHex(bob.key), bob.key);
    await client.replica(at.database).append([await bob.write(1)]);
    await meet(honest, client, at.database, { position });
    expect(await holes(client, at)).toBe(0);
    expect(await client.vector(at.database)).toEqual(await honest.vector(at.database));
  });

  test.each([0, 4, 9])("at seq %d come too", async (seq) => {
    const at = await scene(`heal at ${seq}`);
    const [client, honest] = [new Asking(), new Peer()];
    await client.replica(at.database).append([await without(at.whole, seq)]);
    await honest.replica(at.database).append([at.whole]);
    await meet(client, honest, at.database);
    expect(await holes(client, at)).toBe(0);
  });

  test("of both sides are sent once in a session, which ends; what only one side holds behind them comes all the same", async () => {
    for (const [name, make] of [
      ["both ask", () => [new Asking(), new Asking()]],
      ["one asks", () => [new Asking(), new Peer()]],
    ] as const)
      for (const isTurned of [false, true]) {
        const at = await scene(`${name} ${isTurned}`);
        const [one, other] = make();
        const more = await at.writer.write(3);
        await one?.replica(at.database).append([at.holed, ...(isTurned ? [] : [more])]);
        await other?.replica(at.database).append([at.holed, ...(isTurned ? [more] : [])]);
        if (one === undefined || other === undefined) throw new TypeError("two sides");
        const first = await meet(one, other, at.database);
        expect(first.rollbacks).toBe(0);
        expect(await one.vector(at.database)).toEqual(await other.vector(at.database));
        expect([await holes(one, at), await holes(other, at)]).toEqual([1, 1]);
        // Again what follows the hole, in each direction in which it is asked for, and no more.
        const again = await meet(one, other, at.database);
        expect(again.rollbacks).toBe(0);
        expect(again.received).toBeLessThanOrEqual(name === "both ask" ? 18 : 9);
      }
  });

  test("of different entries are healed by one another", async () => {
    const at = await scene("each other");
    const [one, other] = [new Asking(), new Asking()];
    await one.replica(at.database).append([at.holed]);
    await other.replica(at.database).append([await without(at.whole, 7)]);
    await meet(one, other, at.database);
    expect([await holes(one, at), await holes(other, at)]).toEqual([0, 0]);
  });

  test("B6 are no rollback: who asks for them names less than it holds", async () => {
    const at = await scene("no rollback");
    const [honest, relay] = [new Peer(), new Asking()];
    await honest.replica(at.database).append([at.whole]);
    await relay.replica(at.database).append([at.holed]);
    expect(await meet(honest, relay, at.database, { isKnown: true })).toEqual({ received: 1, rollbacks: 0 });
    expect(await holes(relay, at)).toBe(0);
  });

  test("B6 hide no rollback: who asks for them and lost entries too says so when it is asked what it holds", async () => {
    const at = await scene("asks and lost");
    const lost = await at.writer.write(5);
    const [honest, relay] = [new Peer(), new Asking()];
    await honest.replica(at.database).append([at.whole, lost]);
    await relay.replica(at.database).append([at.holed]);
    expect(await meet(honest, relay, at.database, { isKnown: true })).toMatchObject({ rollbacks: 1 });
    expect(await holes(relay, at)).toBe(0);
    expect(await relay.vector(at.database)).toEqual(await honest.vector(at.database));
  });

  test("B6 excuse no more than the first vector of a session: who always asks has lost something", async () => {
    const at = await scene("asks again");
    const [honest, relay] = [new Peer(), new Peer()];
    await honest.replica(at.database).append([at.whole]);
    await relay.replica(at.database).append([at.whole]);
    const [theirs, expected] = [relay.replica(at.database), await honest.vector(at.database)];
    const lying = altered(theirs, { wholeVector: async () => new Map() });
    await using connection: Connection = connect(honest, relay);
    const rollbacks = collect(connection.a, "rollback");
    await connection.a.ready;
    await Promise.all([
      connection.a.openDatabases([{ replica: honest.replica(at.database), expected }]),
      connection.b.openDatabases([{ replica: lying }]),
    ]);
    await connection.a.synced([at.database]);
    expect(rollbacks).toEqual([]);
    connection.b.ask(at.database);
    await connection.b.synced([at.database]);
    await connection.a.synced([at.database]);
    expect(rollbacks).toMatchObject([{ was: 9, now: -1 }]);
  });
});
