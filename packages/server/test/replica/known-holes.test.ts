// What a relay remembers of parts that are missing: no more than is, and no less.
import { adoptOwnRun, identifyEntry, parseWriterKey, toHex, type VerifiedRun, wantedParts } from "@selkie/entry";
import { nativeVerifier } from "@selkie/entry/native";
import type { EntryStore } from "@selkie/store";
import { expect, test } from "vitest";
import { Counters } from "../../src/counters.ts";
import { silentLogger } from "../../src/log/log.ts";
import { KnownHoles } from "../../src/replica/known-holes.ts";
import { LiveDatabases } from "../../src/replica/live-databases.ts";
import { RelayReplica } from "../../src/replica/relay-replica.ts";
import { bytesOf } from "../fixtures/identity.ts";
import { newStore } from "../fixtures/store.ts";
import { tenantsOn } from "../fixtures/tenants.ts";
import { loginKeyOf, loginOf, memberOf, TestTenant } from "../fixtures/test-tenant.ts";
import { databaseOf, TestWriter } from "../fixtures/test-writer.ts";

const contacts = databaseOf("contacts");
const holed: (run: VerifiedRun) => VerifiedRun = wantedParts(nativeVerifier, {
  recipients: [],
  tags: [],
  contentsOnly: false,
});

/** A relay with what it reads of chains, and what it notes. */
async function relay() {
  const acme = new TestTenant("acme");
  const [store, counters, logger] = [newStore(), new Counters(), silentLogger];
  const [alice, bob] = [memberOf("alice"), memberOf("bob")];
  const documents = acme.documentsFor([alice, bob]);
  const caps = { tenants: 10, tenantBytes: 10_000_000, loginKeyBytes: 10_000_000 };
  const clock = { now: 0 };
  const entries = store.entries(acme.id, contacts);
  /** How many entries were asked for, each time. */
  const reads: number[] = [];
  const [read, commit] = [entries.read.bind(entries), store.commit.bind(store)];
  entries.read = (writer, from, limit) => {
    reads.push(limit.entries);
    return read(writer, from, limit);
  };
  /** Sizes of records. */
  const noted: number[] = [];
  store.commit = (write) => {
    for (const { key, value } of write.put ?? []) noted.push(key.length + value.length);
    return commit(write);
  };
  /** The relay starts; gives how somebody connects. */
  const start = () => {
    const tenants = tenantsOn(store, { caps, counters });
    const subscriber = { announce: () => undefined, compare: () => undefined };
    const { live } = new LiveDatabases(counters, () => clock.now).open(acme.id, contacts, subscriber);
    return async (member = alice) => {
      const request = { key: loginKeyOf(loginOf(member)), documents, drop: () => undefined };
      const admitted = await tenants.admit({ tenant: acme.id, ...request });
      if (admitted === null) throw new TypeError("not admitted");
      admitted.login.grant = { pull: true, push: true, purge: true };
      return new RelayReplica({ store, entries, admitted, live, subscriber, counters, logger });
    };
  };
  const connect = start();
  return { replica: await connect(), connect, restart: start, bob, clock, entries, reads, noted };
}

/** Chains of three entries; gives the second of each, which is stored with a hole. */
async function holedChains(replica: RelayReplica, count: number, name = "w"): Promise<readonly VerifiedRun[]> {
  const left: VerifiedRun[] = [];
  for (let n = 0; n < count; n += 1) {
    const writer = new TestWriter(contacts, `${name}${n}`);
    const runs = [await writer.write(), await writer.write(), await writer.write()];
    await replica.append(runs.map((run, at) => (at === 1 ? holed(run) : run)));
    left.push(...runs.slice(1, 2));
  }
  return left;
}

/** The seq that each chain ends at in what a session asks with. */
async function askedWith(replica: RelayReplica): Promise<ReadonlyMap<string, number> | null> {
  const vector = await replica.wholeVector();
  return vector === null ? null : new Map([...vector].map(([name, { seq }]) => [name, seq]));
}

test("F4 of what is not taken, or is here whole, nothing is remembered", async () => {
  const { replica, connect, bob } = await relay();
  const [writer, stranger] = [new TestWriter(contacts, "w"), new TestWriter(contacts, "stranger")];
  const whole = await writer.write(3);
  await stranger.write(5);
  await replica.append([whole]);
  const results = await replica.append([holed(whole), holed(await stranger.write())]);
  expect(results.map(({ type }) => type)).toEqual(["known", "gap"]);
  expect(await replica.wholeVector()).toBeNull();
  const more = await writer.write(2);
  await replica.append([holed(more), holed(await writer.write())]);
  const endAsked = async (session: RelayReplica) => (await askedWith(session))?.get(toHex(writer.key));
  expect(await endAsked(await connect())).toBe(2);
  await replica.append([more]);
  expect(await endAsked(await connect(bob))).toBe(4);
});

test("D9 a branch that is put in the place of another is asked for where parts of it are missing", async () => {
  const { replica } = await relay();
  const writer = new TestWriter(contacts, "w");
  await replica.append([await writer.write(2)]);
  const other = writer.fork();
  await replica.append([await writer.write(3)]);
  expect(await replica.append([holed(await other.write(2))])).toEqual([{ type: "appended", count: 2 }]);
  expect((await replica.wholeVector())?.get(toHex(writer.key))?.seq).toBe(1);
});

test("D9 where another branch takes the place of one with holes, the entry before is the one that is held then", async () => {
  const [holes, writer] = [new KnownHoles(), new TestWriter(contacts, "w")];
  const other = writer.fork();
  const [first, second] = [await writer.write(), holed(await writer.write())];
  const name = toHex(writer.key);
  holes.note(contacts, [first, second], new Map());
  const branch = await other.write(3);
  expect(holes.note(contacts, [branch], null)).toEqual([name]);
  const [held, , last] = branch.entries;
  const vector = new Map(last === undefined ? [] : [[name, { seq: 2, id: last.id }]]);
  expect(holes.cut(contacts, vector, [name]).get(name)).toEqual({ seq: 0, id: held?.id });
});

test("what comes with holes while it is looked what is missing stays known", async () => {
  const { entries } = await relay();
  const [holes, writer] = [new KnownHoles(), new TestWriter(contacts, "w")];
  const [first, second] = [await writer.write(), holed(await writer.write())];
  const note = async (run: VerifiedRun): Promise<void> => void holes.note(contacts, [run], await entries.vector());
  await note(holed(first));
  await entries.append([first]);
  const slow: EntryStore = Object.assign(Object.create(entries) as EntryStore, {
    database: contacts,
    read: async (...where: Parameters<EntryStore["read"]>) => {
      const run = await entries.read(...where);
      if (run === null) await note(second); // it is about to be stored when the end of the chain was seen
      return run;
    },
  });
  const name = toHex(writer.key);
  await holes.look(slow, [name]);
  await entries.append([second]);
  await holes.look(entries, [name]);
  expect([...holes.cut(contacts, await entries.vector(), [name]).values()]).toMatchObject([{ seq: 0 }]);
});

test("F4 a login is asked once in a while, chain by chain: one more with holes brings up none of the others", async () => {
  const { replica, connect, bob } = await relay();
  const [one] = await holedChains(replica, 1, "one");
  const first = await connect();
  expect([...((await askedWith(first))?.values() ?? [])]).toEqual([0]);
  expect([...((await askedWith(first))?.values() ?? [])]).toEqual([0]); // the session says so when it sends the vector
  expect(await askedWith(await connect())).toBeNull();
  const [other] = await holedChains(replica, 1, "other");
  const asked = await askedWith(await connect());
  expect([one, other].map((run) => run && asked?.get(toHex(run.writer)))).toEqual([2, 0]);
  expect([...((await askedWith(await connect(bob)))?.values() ?? [])]).toEqual([0, 0]);
});

test("F4 nothing is read of chains that a login was asked for lately, and of the others one entry where it lacks parts still", async () => {
  const { replica, connect, reads } = await relay();
  await holedChains(replica, 20);
  reads.length = 0;
  expect((await askedWith(await connect()))?.size).toBe(20);
  expect(reads).toEqual(Array.from({ length: 20 }, () => 1));
  expect(await askedWith(await connect())).toBeNull();
  expect(reads).toHaveLength(20);
});

test("F4 a session is asked for a thousand chains at most, and the next one for others", async () => {
  const { replica, connect, reads } = await relay();
  const [entry = fail()] = holed(await new TestWriter(contacts, "w").write()).entries;
  const { signature, header } = entry;
  if (signature === null) return expect.fail("a signed entry");
  // As if each were signed by a writer of its own: to make and check so many signatures takes seconds.
  const runs = Array.from({ length: 1_030 }, (_, n) => {
    const writer = parseWriterKey(bytesOf(`w${n}`));
    return adoptOwnRun([identifyEntry(nativeVerifier, { ...entry, header: { ...header, writer } })], signature);
  });
  await replica.append(runs);
  const asked: number[] = [];
  for (let session = 0; session < 3; session += 1) {
    reads.length = 0;
    const vector = await askedWith(await connect());
    asked.push(vector === null ? 0 : runs.length - vector.size);
    expect(reads.length).toBe(asked.at(-1));
  }
  expect(asked).toEqual([1_024, 6, 0]);
});

test("what nobody brings is asked for less and less often", async () => {
  const { replica, connect, clock } = await relay();
  await holedChains(replica, 1);
  const days: number[] = [];
  for (let day = 0; day < 130; day += 1) {
    clock.now = day * 86_400_000;
    if ((await askedWith(await connect())) !== null) days.push(day);
  }
  expect(days).toEqual([0, 1, 3, 7, 15, 31, 63, 95, 127]);
});

test("F4 a chain with holes is a note of its own, however many there are; a relay that starts again has them all", async () => {
  const { replica, noted, reads, restart } = await relay();
  noted.length = 0;
  const [first, ...others] = await holedChains(replica, 30);
  expect(Math.max(...noted)).toBeLessThan(256);
  const session = await restart()();
  expect([...((await askedWith(session))?.values() ?? [])]).toEqual(Array.from({ length: 30 }, () => 0));

  await session.append(others);
  const asked = await askedWith(await restart()());
  expect([...(asked ?? [])].filter(([, seq]) => seq === 0)).toEqual([[toHex(first?.writer ?? fail()), 0]]);
  reads.length = 0;
  await askedWith(await restart()());
  expect(reads).toEqual([1]); // what was brought is not looked at again
});

const fail = (): never => {
  throw new RangeError("a chain");
};
