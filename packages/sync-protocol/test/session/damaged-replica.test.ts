import { type Replica, toHex, type Vector, type VerifiedRun } from "@selkie/entry";
import { describe, expect, test } from "vitest";
import { altered, collect, connect, holding, Peer } from "../support/peers.ts";
import { settled } from "../support/raw-peer.ts";
import { databaseOf, TestWriter } from "../support/writer.ts";

const database = databaseOf("damaged");

describe("a damaged replica", () => {
  /** A relay's replica in which the entries from 3 on do not revive: the first read that meets them learns so. */
  async function damagedFrom3(runs: readonly VerifiedRun[]) {
    const [first] = runs;
    if (first === undefined) throw new TypeError("no run");
    const inner = (await holding(database, ...runs)).replica(database);
    const state = { damage: "unnoticed" as "unnoticed" | "noticed" | "healed" };
    const replica = altered(inner, {
      async vector() {
        return state.damage === "noticed" ? vectorOf(first) : await inner.vector();
      },
      async read(of, from, limit) {
        if (state.damage === "healed") return await inner.read(of, from, limit);
        state.damage = "noticed";
        return from < 3 ? first : null;
      },
      async append(appended) {
        if (state.damage === "noticed" && appended.some(({ firstSeq }) => firstSeq <= 3)) state.damage = "healed";
        return await inner.append(appended);
      },
    });
    return { replica, state };
  }

  test("is filled again by another peer once a read finds the damage, and then serves everybody", async () => {
    const writer = await TestWriter.of("alice", database);
    const runs = [await writer.write(3), await writer.write(3), await writer.write(3)];
    const { replica, state } = await damagedFrom3(runs);
    const [relay, healthy, empty] = [new Peer(), await holding(database, ...runs), new Peer()];
    const open = async (): Promise<Replica> => replica;
    await using ofHealthy = connect(healthy, relay, { b: { open } });
    await ofHealthy.a.openDatabases([{ replica: healthy.replica(database) }]);
    await using ofEmpty = connect(empty, relay, { b: { open } });
    const damages = collect(ofEmpty.b, "damaged");
    ofEmpty.b.on("damaged", (event) => ofHealthy.b.compare(event.database));
    ofHealthy.b.on("received", (event) => ofEmpty.b.compare(event.database));
    await ofEmpty.a.openDatabases([{ replica: empty.replica(database) }]);
    for (let i = 0; i < 5; i++) await settled();
    expect(damages.length).toBeGreaterThan(0);
    expect(state.damage).toBe("healed");
    expect(await empty.vector(database)).toEqual(await healthy.vector(database));
  });

  test("that is known to its user is filled again when the user asks to compare", async () => {
    const writer = await TestWriter.of("alice", database);
    const runs = [await writer.write(3), await writer.write(3)];
    const client = await holding(database, ...runs);
    let replica: Replica = (await holding(database, ...runs)).replica(database);
    const changing = altered(replica, {
      vector: () => replica.vector(),
      position: () => replica.position(),
      read: (of, from, limit) => replica.read(of, from, limit),
      append: (appended) => replica.append(appended),
    });
    await using connection = connect(client, new Peer(), { b: { open: async () => changing } });
    await connection.a.openDatabases([{ replica: client.replica(database) }]);
    await connection.a.synced([database]);
    const emptied = new Peer();
    replica = emptied.replica(database);
    connection.b.compare(database);
    await settled();
    expect(await emptied.vector(database)).toEqual(await client.vector(database));
  });
});

function vectorOf(run: VerifiedRun): Vector {
  const last = run.entries.at(-1);
  return last === undefined ? new Map() : new Map([[toHex(run.writer), { seq: last.header.seq, id: last.id }]]);
}
