// What a relay remembers of parts that are missing: no more than is, and no less.
import { toHex, type VerifiedRun, wantedParts } from "@selkie/entry";
import { nativeVerifier } from "@selkie/entry/native";
import type { EntryStore } from "@selkie/store";
import { expect, test } from "vitest";
import { Counters } from "../../src/counters.ts";
import { silentLogger } from "../../src/log/log.ts";
import { KnownHoles } from "../../src/replica/known-holes.ts";
import { LiveDatabases } from "../../src/replica/live-databases.ts";
import { RelayReplica } from "../../src/replica/relay-replica.ts";
import { Tenants } from "../../src/tenants/tenants.ts";
import { newStore } from "../fixtures/store.ts";
import { loginKeyOf, loginOf, memberOf, TestTenant } from "../fixtures/test-tenant.ts";
import { databaseOf, TestWriter } from "../fixtures/test-writer.ts";

const contacts = databaseOf("contacts");
const holed: (run: VerifiedRun) => VerifiedRun = wantedParts(nativeVerifier, { recipients: [], tags: [] });

async function relay() {
  const acme = new TestTenant("acme");
  const [store, counters, alice] = [newStore(), new Counters(), memberOf("alice")];
  const caps = { tenants: 10, tenantBytes: 1_000_000, loginKeyBytes: 1_000_000 };
  const all = new Tenants({
    ...{ store, verifier: nativeVerifier, caps, registration: "open", counters, logger: silentLogger },
  });
  const request = { key: loginKeyOf(loginOf(alice)), documents: acme.documentsFor([alice]), drop: () => undefined };
  const admitted = await all.admit({ tenant: acme.id, ...request });
  if (admitted === null) throw new TypeError("not admitted");
  admitted.login.grant = { pull: true, push: true, purge: true };
  const subscriber = { announce: () => undefined, compare: () => undefined };
  const { live } = new LiveDatabases(counters, () => 0).open(acme.id, contacts, subscriber);
  const entries = store.entries(acme.id, contacts);
  const logger = silentLogger;
  const replica = new RelayReplica({ store, entries, admitted, live, subscriber, counters, logger });
  return { replica, entries, holes: admitted.tenant.holes };
}

test("F4 of what is not taken, or is here whole, nothing is remembered", async () => {
  const { replica, holes } = await relay();
  const [writer, stranger] = [new TestWriter(contacts, "w"), new TestWriter(contacts, "stranger")];
  const whole = await writer.write(3);
  await stranger.write(5);
  await replica.append([whole]);
  const results = await replica.append([holed(whole), holed(await stranger.write())]);
  expect(results.map(({ type }) => type)).toEqual(["known", "gap"]);
  expect(holes.mayHave(contacts)).toBe(false);
  const more = await writer.write(2);
  await replica.append([holed(more), holed(await writer.write())]);
  expect((await replica.wholeVector())?.get(toHex(writer.key))?.seq).toBe(2);
  await replica.append([more]);
  expect((await replica.wholeVector())?.get(toHex(writer.key))?.seq).toBe(4);
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
  await holes.look(slow);
  await entries.append([second]);
  await holes.look(entries);
  expect([...(await holes.cut(entries, await entries.vector())).values()]).toMatchObject([{ seq: 0 }]);
});

test("F4 how a relay calls what it has asked for is as short for many chains as for one", async () => {
  const holes = new KnownHoles();
  const names = new Set<string>();
  for (let n = 0; n < 50; n += 1) {
    holes.note(contacts, [holed(await new TestWriter(contacts, `w${n}`).write())], new Map());
    names.add(holes.version(contacts));
  }
  expect(names.size).toBe(50);
  expect([...names].every(({ length }) => length === 64)).toBe(true);
});
