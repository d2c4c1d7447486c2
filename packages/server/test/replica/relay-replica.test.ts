import { limits, runSize, toHex, type Vector, type VerifiedRun } from "@selkie/entry";
import { type EntryStore, type Store, StoreError } from "@selkie/store";
import { beforeEach, describe, expect, test } from "vitest";
import { Counters } from "../../src/counters.ts";
import { silentLogger } from "../../src/log/log.ts";
import { LiveDatabases, type Subscriber } from "../../src/replica/live-databases.ts";
import { RelayReplica } from "../../src/replica/relay-replica.ts";
import type { Admitted } from "../../src/tenants/tenant.ts";
import type { Tenants } from "../../src/tenants/tenants.ts";
import { newStore } from "../fixtures/store.ts";
import { tenantsOn } from "../fixtures/tenants.ts";
import { loginKeyOf, loginOf, memberOf, TestTenant } from "../fixtures/test-tenant.ts";
import { databaseOf, TestWriter } from "../fixtures/test-writer.ts";

const acme = new TestTenant("acme");
const [alice, bob] = [memberOf("alice"), memberOf("bob")];
const contacts = databaseOf("contacts");

let store: Store;
let counters: Counters;
let databases: LiveDatabases;
let told: string[];
let now: number;

beforeEach(() => {
  store = newStore();
  counters = new Counters();
  now = 0;
  databases = new LiveDatabases(counters, () => now);
  told = [];
});

function tenants(loginKeyBytes = 1_000_000): Tenants {
  const caps = { tenants: 10, tenantBytes: 1_000_000, loginKeyBytes };
  return tenantsOn(store, { caps });
}

async function login(all: Tenants, member = alice): Promise<Admitted> {
  const documents = acme.documentsFor([alice, bob]);
  const request = { tenant: acme.id, key: loginKeyOf(loginOf(member)), documents, drop: () => undefined };
  const admitted = await all.admit(request);
  if (admitted === null) throw new TypeError("not admitted");
  return admitted;
}

function subscriberOf(name: string): Subscriber {
  return { announce: () => told.push(`announce ${name}`), compare: () => told.push(`compare ${name}`) };
}

function replicaFor(
  admitted: Admitted,
  name: string,
  entries: EntryStore = store.entries(acme.id, contacts),
): RelayReplica {
  const subscriber = subscriberOf(name);
  const { live } = databases.open(acme.id, contacts, subscriber);
  return new RelayReplica({ store, entries, admitted, live, subscriber, counters, logger: silentLogger });
}

describe("two branches of a chain", () => {
  const split = async () => {
    const writer = new TestWriter(contacts, "w");
    const before = await writer.write(2);
    const other = writer.fork();
    return { before, ours: await writer.write(3), theirs: await other.write(2), later: await other.write() };
  };
  const as = async (all: Tenants, member: typeof alice, purge: boolean): Promise<Admitted> => {
    const admitted = await login(all, member);
    admitted.login.grant = { pull: true, push: true, purge };
    return admitted;
  };
  const headOf = async (replica: RelayReplica, { writer }: VerifiedRun) => (await replica.vector()).get(toHex(writer));

  test("D9 the first that came is kept, whoever brings the other without the right to purge", async () => {
    const all = tenants();
    const mine = replicaFor(await as(all, alice, false), "alice");
    const theirs = replicaFor(await as(all, bob, false), "bob");
    const runs = await split();
    await mine.append([runs.before, runs.ours]);
    for (const replica of [mine, theirs])
      expect(await replica.append([runs.theirs])).toMatchObject([{ type: "fork", seq: 2 }]);
    expect(await headOf(mine, runs.ours)).toMatchObject({ seq: 4, id: runs.ours.entries[2]?.id });
  });

  test("D9 who may purge puts the other in its place, and every session compares what it has", async () => {
    const all = tenants();
    const mine = replicaFor(await as(all, alice, false), "alice");
    const theirs = replicaFor(await as(all, bob, true), "bob");
    const runs = await split();
    await mine.append([runs.before, runs.ours]);
    told.length = 0;
    expect(await theirs.append([runs.theirs])).toEqual([{ type: "appended", count: 2 }]);
    expect([...told].sort()).toEqual(["compare alice", "compare bob"]);
    expect(await headOf(mine, runs.ours)).toMatchObject({ seq: 3, id: runs.theirs.entries[1]?.id });
    expect(await mine.append([runs.later])).toEqual([{ type: "appended", count: 1 }]);
    expect(await mine.append([runs.ours])).toMatchObject([{ type: "fork", seq: 2 }]);
    expect(counters.get("damage_noticed_total")).toBe(0);
  });

  test("D9 two who may purge and hold different branches do not push them over each other as often as they connect", async () => {
    const all = tenants();
    const [mine, theirs] = [await as(all, alice, true), await as(all, bob, true)];
    const runs = await split();
    await replicaFor(mine, "alice").append([runs.before, runs.ours]);
    const kept: (number | undefined)[] = [];
    for (let round = 0; round < 5; round += 1)
      for (const [admitted, run] of [[theirs, runs.theirs] as const, [mine, runs.ours] as const]) {
        const subscriber = subscriberOf("again");
        const { live, close } = databases.open(acme.id, contacts, subscriber);
        const entries = store.entries(acme.id, contacts);
        const replica = new RelayReplica({
          store,
          entries,
          admitted,
          live,
          subscriber,
          counters,
          logger: silentLogger,
        });
        await replica.append([run]);
        kept.push((await headOf(replica, run))?.seq);
        close();
      }
    // Each had its say once.
    expect(kept).toEqual([3, ...Array.from({ length: 9 }, () => 4)]);
    now += 3_600_000;
    const replica = replicaFor(theirs, "bob");
    await replica.append([runs.theirs]);
    expect(await headOf(replica, runs.theirs)).toMatchObject({ seq: 3 });
  });

  test("D9 a run that begins behind the fork takes nobody's place", async () => {
    const all = tenants();
    const replica = replicaFor(await as(all, bob, true), "bob");
    const runs = await split();
    await replica.append([runs.before, runs.ours]);
    expect(await replica.append([runs.later])).toMatchObject([{ type: "fork", seq: 3 }]);
    expect(await headOf(replica, runs.ours)).toMatchObject({ seq: 4 });
  });
});

describe("append", () => {
  test("stores runs and tells every other session of the database, not the one they came from", async () => {
    const all = tenants();
    const mine = replicaFor(await login(all), "alice");
    replicaFor(await login(all, bob), "bob");
    const elsewhere = databases.open(acme.id, databaseOf("other"), subscriberOf("elsewhere"));
    const run = await new TestWriter(contacts, "w").write(3);
    expect(await mine.append([run])).toEqual([{ type: "appended", count: 3 }]);
    expect(told).toEqual(["announce bob"]);
    expect(await mine.append([run])).toEqual([{ type: "known" }]);
    expect(told).toEqual(["announce bob"]);
    elsewhere.close();
  });

  test("refuses a login key without the right to push, and stores nothing", async () => {
    const admitted = await login(tenants());
    admitted.login.grant = { pull: true, push: false, purge: false };
    const replica = replicaFor(admitted, "alice");
    const run = await new TestWriter(contacts, "w").write();
    expect(await replica.append([run])).toEqual([{ type: "refused", code: "NOT_PERMITTED" }]);
    expect((await replica.vector()).size).toBe(0);
  });

  test("what is under way when the right ends is not stored, and costs nothing", async () => {
    const admitted = await login(tenants());
    const replica = replicaFor(admitted, "alice");
    const run = await new TestWriter(contacts, "w").write();
    const appending = replica.append([run]);
    admitted.login.grant = null;
    expect(await appending).toEqual([{ type: "refused", code: "NOT_PERMITTED" }]);
    expect((await store.entries(acme.id, contacts).vector()).size).toBe(0);
    expect(admitted.tenant.usage.bytesOf(admitted.login.key)).toBe(0);
  });

  test("charges the login key for what was new, and for nothing twice", async () => {
    const admitted = await login(tenants());
    const replica = replicaFor(admitted, "alice");
    const writer = new TestWriter(contacts, "w");
    const [one, two] = [await writer.write(2), await writer.write(2)];
    await replica.append([one]);
    await replica.append([one, two]);
    expect(admitted.tenant.usage.bytesOf(admitted.login.key)).toBe(runSize(one) + runSize(two));
  });

  test("over its quota a login key is refused run by run, what is here already passes, and reading works", async () => {
    const writer = new TestWriter(contacts, "w");
    const [one, two] = [await writer.write(2), await writer.write(2)];
    const small = await new TestWriter(contacts, "small").write(1);
    const replica = replicaFor(await login(tenants(runSize(one) + runSize(small))), "alice");
    expect(await replica.append([one, two, small])).toEqual([
      { type: "appended", count: 2 },
      { type: "refused", code: "QUOTA_EXCEEDED" },
      { type: "appended", count: 1 },
    ]);
    expect(await replica.append([one])).toEqual([{ type: "known" }]);
    expect((await replica.read(writer.key, 0, { entries: 10, bytes: 10_000 }))?.entries).toHaveLength(2);
    expect(counters.get("quota_refused_total")).toBe(1);
  });

  test("F4 who has begun as many chains as are left begins no more, also after a restart; it goes on with those there are, and others begin", async () => {
    const all = tenants();
    const admitted = await login(all);
    const replica = replicaFor(admitted, "alice");
    const [first, second] = [new TestWriter(contacts, "first"), new TestWriter(contacts, "second")];
    admitted.tenant.begun.note(contacts, admitted.login.key, limits.vectorWriters - 4_097);
    expect(await replica.append([await first.write()])).toEqual([{ type: "appended", count: 1 }]);
    const again = await login(tenants());
    const replicas = [replica, replicaFor(again, "alice again")];
    const run = await second.write();
    for (const each of replicas) {
      expect(await each.append([run, await first.write()])).toEqual([
        { type: "refused", code: "TOO_MANY_CHAINS" },
        { type: "appended", count: 1 },
      ]);
    }
    expect(await replicaFor(await login(all, bob), "bob").append([run])).toEqual([{ type: "appended", count: 1 }]);
  });

  test("usage survives a restart", async () => {
    const run = await new TestWriter(contacts, "w").write(5);
    await replicaFor(await login(tenants()), "alice").append([run]);
    const again = await login(tenants());
    expect(again.tenant.usage.bytesOf(again.login.key)).toBe(runSize(run));
    expect(again.tenant.usage.totalBytes).toBe(runSize(run));
  });

  test("leaving writes down a charge that was given back", async () => {
    const all = tenants();
    const admitted = await login(all);
    const replica = replicaFor(admitted, "alice");
    const run = await new TestWriter(contacts, "w").write(5);
    await replica.append([run]);
    await replica.append([run]);
    await all.leave(admitted);
    const again = await login(tenants());
    expect(again.tenant.usage.bytesOf(again.login.key)).toBe(runSize(run));
  });

  test("a full disk refuses pushing with a code of its own, charges nothing, and reading works", async () => {
    const writer = new TestWriter(contacts, "w");
    const [stored, refused] = [await writer.write(1), await writer.write(1)];
    const admitted = await login(tenants());
    const replica = replicaFor(admitted, "alice");
    await replica.append([stored]);
    const full = new StoreError("STORE_FULL", "full");
    const failing = { ...store, state: store.state, commit: () => Promise.reject(full) } as unknown as Store;
    const { live } = databases.open(acme.id, contacts, subscriberOf("alice"));
    const onFullDisk = new RelayReplica({
      store: failing,
      entries: store.entries(acme.id, contacts),
      admitted,
      live,
      subscriber: subscriberOf("alice"),
      counters,
      logger: silentLogger,
    });
    expect(await onFullDisk.append([refused])).toEqual([{ type: "refused", code: "RELAY_FULL" }]);
    expect(admitted.tenant.usage.totalBytes).toBe(runSize(stored));
    expect((await onFullDisk.read(writer.key, 0, { entries: 9, bytes: 9_000 }))?.entries).toHaveLength(1);
    expect(counters.get("store_full_total")).toBe(1);
  });

  test("what a login that was ended has in flight is neither stored nor served", async () => {
    const all = tenants();
    const admin = await login(all);
    const ended = await login(all, bob);
    const replica = replicaFor(ended, "bob");
    const writer = new TestWriter(contacts, "w");
    await replica.append([await writer.write()]);
    await all.present(admin, [acme.list({ members: [alice], height: 2 })]);
    expect(await replica.append([await writer.write()])).toEqual([{ type: "refused", code: "NOT_PERMITTED" }]);
    expect(await replica.read(writer.key, 0, { entries: 9, bytes: 9_000 })).toBeNull();
    expect(await replica.readAfter(0, { entries: 9, bytes: 9_000 })).toMatchObject({ runs: [], done: true });
  });

  test("a store that fails charges nothing and announces nothing", async () => {
    const admitted = await login(tenants());
    replicaFor(await login(tenants(), bob), "bob");
    const replica = replicaFor(admitted, "alice");
    const run = await new TestWriter(contacts, "w").write(5);
    await store[Symbol.asyncDispose]();
    await expect(replica.append([run])).rejects.toMatchObject({ code: "STORE_CLOSED" });
    expect(admitted.tenant.usage.totalBytes).toBe(0);
    expect(told).toEqual([]);
  });
});

describe("damage", () => {
  test("an entry that can no longer be read makes every session compare vectors, once", async () => {
    const writer = new TestWriter(contacts, "w");
    const runs = [await writer.write(2), await writer.write(2)];
    const entries = new DamagedEntries(store.entries(acme.id, contacts));
    const all = tenants();
    const mine = replicaFor(await login(all), "alice", entries);
    replicaFor(await login(all, bob), "bob", entries);
    await mine.append(runs);
    told = [];
    expect((await mine.vector()).size).toBe(1);
    entries.damagedFrom = 2;
    const limit = { entries: 2, bytes: 10_000 };
    expect((await mine.read(writer.key, 0, limit))?.entries).toHaveLength(2);
    expect(told).toEqual([]);
    expect(await mine.read(writer.key, 2, limit)).toBeNull();
    expect(told).toEqual(["compare alice", "compare bob"]);
    await mine.read(writer.key, 2, limit);
    await mine.vector();
    expect(told).toHaveLength(2);
    expect(counters.get("damage_noticed_total")).toBe(1);
  });

  test("an append that makes entries behind it readable again makes every session compare, not only read on", async () => {
    const writer = new TestWriter(contacts, "w");
    const [repaired, behind] = [await writer.write(2), await writer.write(2)];
    const whole = newStore().entries(acme.id, contacts);
    await whole.append([repaired, behind]);
    const all = tenants();
    const mine = replicaFor(await login(all), "alice", whole);
    replicaFor(await login(all, bob), "bob", whole);
    expect(await mine.append([repaired])).toEqual([{ type: "appended", count: 2 }]);
    expect(told).toEqual(["compare alice", "compare bob"]);
  });

  test("reading beyond the end of a chain is no damage", async () => {
    const writer = new TestWriter(contacts, "w");
    const mine = replicaFor(await login(tenants()), "alice");
    await mine.append([await writer.write(2)]);
    await mine.vector();
    expect(await mine.read(writer.key, 2, { entries: 1, bytes: 1_000 })).toBeNull();
    expect(told).toEqual([]);
  });
});

/** A store whose disk loses the end of every chain: what a store answers once it has noticed. */
class DamagedEntries implements EntryStore {
  damagedFrom = Number.POSITIVE_INFINITY;
  readonly #whole: EntryStore;
  readonly tenant: EntryStore["tenant"];
  readonly database: EntryStore["database"];
  constructor(whole: EntryStore) {
    this.#whole = whole;
    this.tenant = whole.tenant;
    this.database = whole.database;
  }
  async vector(): Promise<Vector> {
    const vector = await this.#whole.vector();
    const left = [...vector].map(
      ([writer, head]) => [writer, { ...head, seq: Math.min(head.seq, this.damagedFrom - 1) }] as const,
    );
    return new Map(left);
  }
  async read(...[writer, from, limit]: Parameters<EntryStore["read"]>): Promise<VerifiedRun | null> {
    return from >= this.damagedFrom ? null : this.#whole.read(writer, from, limit);
  }
  readAfter = (...args: Parameters<EntryStore["readAfter"]>) => this.#whole.readAfter(...args);
  position = () => this.#whole.position();
  append = (...args: Parameters<EntryStore["append"]>) => this.#whole.append(...args);
  find = (...args: Parameters<EntryStore["find"]>) => this.#whole.find(...args);
  scan = () => this.#whole.scan();
  retire = (...args: Parameters<EntryStore["retire"]>) => this.#whole.retire(...args);
  unretire = (...args: Parameters<EntryStore["unretire"]>) => this.#whole.unretire(...args);
}
