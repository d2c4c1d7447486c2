// A side that wants only some parts of what the other sends. docs/spec/sync.md section 6.4.
import {
  adoptOwnRun,
  type DatabaseId,
  entryType,
  identifyEntry,
  type KeyTag,
  type Part,
  parseCiphertext,
  parseKeyTag,
  parseSalt,
  parseWriterKey,
  partKind,
  type Replica,
  type VerifiedRun,
  type Wanted,
  ZERO_ENTRY_ID,
} from "@selkie/entry";
import { describe, expect, test } from "vitest";
import { openMachine } from "../support/machine.ts";
import { altered, connect, Peer } from "../support/peers.ts";
import { faceOpenListener, settled } from "../support/raw-peer.ts";
import { bytesOf, databaseOf, TestKey, tenant, verifier } from "../support/writer.ts";

const database = databaseOf("wanting");
const [red, blue] = ["red", "blue"].map((name) => parseKeyTag(bytesOf(name, 16))) as [KeyTag, KeyTag];
const onlyRed: Wanted = { recipients: [], tags: [red], contentsOnly: false };

/** Entries of one writer with a part under each of the two tags. */
class Painter {
  readonly #key: TestKey;
  #seq = 0;
  #prev = ZERO_ENTRY_ID;

  private constructor(key: TestKey) {
    this.#key = key;
  }

  static async of(name: string): Promise<Painter> {
    return new Painter(await TestKey.of(name));
  }

  async write(id: DatabaseId = database): Promise<VerifiedRun> {
    const part = (table: number): Part => {
      const ciphertext = parseCiphertext(bytesOf(`${this.#seq} ${table}`, 300));
      return { type: "sealed", kind: partKind.change, table, ciphertext };
    };
    const writer = parseWriterKey(this.#key.publicKey);
    const place = { database: id, writer, seq: this.#seq, prev: this.#prev };
    const header = { type: entryType.change, control: false, ...place, salt: parseSalt(bytesOf("salt", 24)) };
    const entry = identifyEntry(verifier, { header, table: [red, blue], parts: [part(0), part(1)], signature: null });
    this.#seq += 1;
    this.#prev = entry.id;
    return adoptOwnRun([entry], await this.#key.sign("sign-entry", entry.id));
  }
}

/** What is held: for each entry, which of its parts are here. */
async function held(peer: Peer): Promise<readonly string[]> {
  const shown: string[] = [];
  for await (const { entries } of peer.store.entries(tenant, database).scan())
    for (const { parts } of entries) shown.push(parts.map(({ type }) => (type === "sealed" ? "x" : "-")).join(""));
  return shown;
}

const open = (peer: Peer, wanted?: Wanted) => ({
  replica: peer.replica(database),
  ...(wanted === undefined ? {} : { wanted }),
});

describe("a side that says which parts it wants", () => {
  test.each(["a", "b"] as const)("gets those, of what was there and of what comes (%s says it)", async (side) => {
    const [one, other] = [new Peer(), new Peer()];
    const [wanting, full] = side === "a" ? [one, other] : [other, one];
    const painter = await Painter.of("alice");
    await full.replica(database).append([await painter.write(), await painter.write()]);
    await using connection = connect(one, other);
    const back = side === "a" ? connection.b : connection.a;
    await connection[side].ready;
    await connection[side].openDatabases([open(wanting, onlyRed)]);
    await connection[side].synced([database]);
    await full.replica(database).append([await painter.write()]);
    back.announce(database);
    await back.synced([database]);
    expect(await held(wanting)).toEqual(["x-", "x-", "x-"]);
    expect(await wanting.vector(database)).toEqual(await full.vector(database));
  });

  test("F4 gets at a pace what it does not want, once that is much: it was read for it", async () => {
    const [one, other] = [new Peer(), new Peer()];
    const painter = await Painter.of("alice");
    const runs: VerifiedRun[] = [];
    for (let n = 0; n < 30; n += 1) runs.push(await painter.write());
    await other.replica(database).append(runs);
    const opened = [open(one, { recipients: [], tags: [], contentsOnly: false })];
    await using connection = connect(one, other, { b: { limits: { leftOutBytes: 10_000, sliceBytes: 2_000 } } });
    await connection.a.openDatabases(opened);
    let isHere = false;
    const synced = connection.a.synced([database]).then(() => {
      isHere = true;
    });
    for (let turn = 0; turn < 20; turn += 1) await settled();
    const before = (await held(one)).length;
    expect(before).toBeGreaterThan(10);
    expect(before).toBeLessThan(25);
    for (let tenths = 0; tenths < 20; tenths += 1) {
      other.scheduler.advance(100);
      await settled();
    }
    const after = (await held(one)).length;
    expect(after - before).toBeGreaterThan(0);
    expect(isHere).toBe(false);
    for (let seconds = 0; seconds < 20; seconds += 1) {
      other.scheduler.advance(1_000);
      await settled();
    }
    await synced;
    expect(await held(one)).toEqual(runs.map(() => "--"));
  });

  test("sends everything itself: what one wants says nothing of what the other does", async () => {
    const [one, other] = [new Peer(), new Peer()];
    await one.replica(database).append([await (await Painter.of("alice")).write()]);
    await using connection = connect(one, other);
    await connection.a.openDatabases([open(one, onlyRed)]);
    await connection.a.synced([database]);
    expect(await held(other)).toEqual(["xx"]);
  });

  test("gets the parts that it left out when it asks for them, and everything from then on", async () => {
    const [one, other] = [new Peer(), new Peer()];
    const painter = await Painter.of("alice");
    await other.replica(database).append([await painter.write(), await painter.write()]);
    let isAsking = false;
    const replica: Replica = altered(one.replica(database), {
      wholeVector: async () => (isAsking ? new Map() : null),
    });
    await using connection = connect(one, other);
    await connection.a.openDatabases([{ replica, wanted: onlyRed }]);
    await connection.a.synced([database]);
    expect(await held(one)).toEqual(["x-", "x-"]);

    isAsking = true;
    connection.a.want(database, null);
    connection.a.ask(database);
    await connection.a.synced([database]);
    expect(await held(one)).toEqual(["xx", "xx"]);
    await other.replica(database).append([await painter.write()]);
    connection.b.announce(database);
    await connection.b.synced([database]);
    expect(await held(one)).toEqual(["xx", "xx", "xx"]);
  });

  test.each([false, true])(
    "says so though both open it at the same moment (who says it dials: %s)",
    async (isDialler) => {
      const [one, other] = [new Peer(), new Peer()];
      const [wanting, full] = isDialler ? [one, other] : [other, one];
      await full.replica(database).append([await (await Painter.of("alice")).write()]);
      await using connection = connect(one, other);
      await Promise.all([connection.a.ready, connection.b.ready]);
      await Promise.all([
        connection.a.openDatabases([open(one, isDialler ? onlyRed : undefined)]),
        connection.b.openDatabases([open(other, isDialler ? undefined : onlyRed)]),
      ]);
      await connection.a.synced([database]);
      await connection.b.synced([database]);
      expect(await held(wanting)).toEqual(["x-"]);
    },
  );

  test("says it of the database as it is opened in the end, where the other side opens it at the same moment", () => {
    const machine = openMachine("listener");
    const want = { type: "want", database, wanted: onlyRed } as const;
    machine.feed({ type: "open", caller: 1, requests: [{ id: database, position: null, wanted: null }] });
    const snapshot = { position: 0, digest: bytesOf("digest", 16), asks: false, isAhead: false };
    machine.feed({ type: "prepared", handles: [1], snapshots: [snapshot] }, want);
    machine.hear({ type: "open", items: [bare(database)] });
    const opened = [{ handle: 0, position: 0, equal: true, asks: false }];
    machine.feed({ type: "replicasOpened", first: 0, handles: [0], opened });
    machine.hear({ type: "opened", first: 0, answers: [{ type: "crossed" }] });
    expect(machine.drain().filter(({ type }) => type === "want")).toEqual([
      { type: "want", handle: 0, wanted: onlyRed },
    ]);
    expect(machine.state.databases.wanted.ours).toBe(1);
  });

  test("may say so of what the other side has opened", async () => {
    const [one, other] = [new Peer(), new Peer()];
    await using connection = connect(one, other);
    await connection.a.openDatabases([open(one)]);
    await connection.b.openDatabases([open(other, onlyRed)]);
    await settled();
    await one.replica(database).append([await (await Painter.of("alice")).write()]);
    connection.a.announce(database);
    await connection.a.synced([database]);
    expect(await held(other)).toEqual(["x-"]);
  });

  test("says it anew when it opens the database again", async () => {
    const [one, other] = [new Peer(), new Peer()];
    const painter = await Painter.of("alice");
    await using connection = connect(one, other);
    await connection.a.openDatabases([open(one, onlyRed)]);
    await connection.a.closeDatabases([database]);
    await other.replica(database).append([await painter.write()]);
    await connection.a.openDatabases([open(one)]);
    await connection.a.synced([database]);
    expect(await held(one)).toEqual(["xx"]);
  });
});

describe("F4 what is wanted is bounded", () => {
  const tags = (count: number): readonly KeyTag[] =>
    Array.from({ length: count }, (_, at) => parseKeyTag(bytesOf(`tag ${at}`, 16)));
  const many: Wanted = { recipients: [], tags: tags(1_024), contentsOnly: false };
  const ids = Array.from({ length: 20 }, (_, at) => databaseOf(`many ${at}`));

  test("in one database: more is refused here", async () => {
    await using connection = connect(new Peer(), new Peer());
    await connection.a.ready;
    for (const wanted of [
      { recipients: [], tags: tags(1_025), contentsOnly: false },
      { recipients: Array.from({ length: 17 }, (_, at) => bytesOf(`recipient ${at}`)), tags: [], contentsOnly: false },
    ])
      expect(() => connection.a.want(database, wanted)).toThrow(expect.objectContaining({ code: "BAD_OPTIONS" }));
  });

  test("in all databases of a session: who names more is refused, in an open and later", async () => {
    const item = (id: DatabaseId) => ({ id, digest: bytesOf("digest", 16), position: null, wanted: many });
    const { raw, session } = await faceOpenListener(new Peer());
    await raw.send({ type: "open", items: ids.slice(0, 16).map(item) });
    await raw.take("opened");
    await raw.send({ type: "want", handle: 0, wanted: many }); // instead of what it wanted before
    await raw.send({ type: "open", items: ids.slice(16, 17).map(item) });
    expect((await session.closed)?.code).toBe("LIMIT_EXCEEDED");

    const later = await faceOpenListener(new Peer());
    await later.raw.send({ type: "open", items: ids.slice(0, 17).map((id, at) => (at === 16 ? bare(id) : item(id))) });
    await later.raw.take("opened");
    await later.raw.send({ type: "want", handle: 32, wanted: { recipients: [], tags: [red], contentsOnly: false } });
    expect((await later.session.closed)?.code).toBe("LIMIT_EXCEEDED");
  });

  test("and who has more to name gets all parts of the databases beyond", () => {
    const machine = openMachine("dialler");
    machine.feed({ type: "open", caller: 1, requests: ids.map((id) => ({ id, position: null, wanted: many })) });
    const snapshots = ids.map(() => ({ position: 0, digest: bytesOf("digest", 16), asks: false, isAhead: false }));
    machine.feed({ type: "prepared", handles: ids.map((_, at) => 2 * at), snapshots });
    const [message] = machine.drain().filter(({ type }) => type === "open");
    const said = message?.type === "open" ? message.items.map(({ wanted }) => wanted !== undefined) : [];
    expect(said).toEqual(ids.map((_, at) => at < 16));
  });

  test("a want of what is not open ends the session", async () => {
    const { raw, session } = await faceOpenListener(new Peer());
    await raw.send({ type: "want", handle: 0, wanted: null });
    expect((await session.closed)?.code).toBe("UNEXPECTED_MESSAGE");
  });
});

const bare = (id: DatabaseId) => ({ id, digest: bytesOf("digest", 16), position: null });
