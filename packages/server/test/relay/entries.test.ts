import {
  type ArrivedRuns,
  type DatabaseId,
  identifyEntry,
  labelled,
  parseSignature,
  type Replica,
  type Vector,
  type VerifiedRun,
} from "@selkie/entry";
import { nativeVerifier } from "@selkie/entry/native";
import { describe, expect, test } from "vitest";
import { identityOf } from "../fixtures/identity.ts";
import { RecordedTransport } from "../fixtures/recorded-transport.ts";
import { TestClient } from "../fixtures/test-client.ts";
import { TestRelay } from "../fixtures/test-relay.ts";
import { loginOf, memberOf, TestTenant } from "../fixtures/test-tenant.ts";
import { databaseOf, TestWriter } from "../fixtures/test-writer.ts";

const acme = new TestTenant("acme");
const [alice, bob] = [memberOf("alice"), memberOf("bob")];
const READER = { pull: true, push: false, purge: false };
const contacts = databaseOf("contacts");

/** A replica of a liar: it offers one run, as if it were verified. */
function offering(database: DatabaseId, run: VerifiedRun): Replica {
  const last = run.entries.at(-1);
  if (last === undefined) throw new TypeError("nothing to offer");
  const head = { seq: last.header.seq, id: last.id };
  const vector: Vector = new Map([[Buffer.from(run.writer).toString("hex"), head]]);
  return {
    database,
    vector: async () => vector,
    read: async (_writer, from) => (from === run.firstSeq ? run : null),
    readAfter: async (): Promise<ArrivedRuns> => ({ runs: [run], position: 1, done: true }),
    position: async () => 1,
    append: async (runs) => runs.map(() => ({ type: "known" })),
  };
}

/** The run with another signature on its last entry. */
function signedBy(run: VerifiedRun, signature: Uint8Array): VerifiedRun {
  const last = run.entries.length - 1;
  const entries = run.entries.map((entry, index) =>
    index === last ? identifyEntry(nativeVerifier, { ...entry, signature: parseSignature(signature) }) : entry,
  );
  // The cast is the lie: nobody verified this.
  return { ...run, entries } as unknown as VerifiedRun;
}

async function offer(relay: TestRelay, run: VerifiedRun, database = run.database): Promise<string> {
  await using client = await TestClient.login(relay.url, acme, alice, [alice]);
  const refused = client.next("refused", ({ by }) => by === "peer");
  await client.session.openDatabases([{ replica: offering(database, run) }]);
  return await Promise.race([
    refused.then(({ code }) => code),
    client.session.closed.then((failure) => `ended: ${failure}`),
  ]);
}

describe("an entry", () => {
  test("F5 that somebody else signed is refused and not stored", async () => {
    await using relay = await TestRelay.start();
    const run = await new TestWriter(contacts, "w").write(2);
    const id = run.entries[1]?.id ?? new Uint8Array();
    const forged = signedBy(run, identityOf("somebody else").signBytes(labelled("sign-entry", id)));
    expect(await offer(relay, forged)).toBe("SIGNATURE_INVALID");
    expect(await relay.store.databases(acme.id)).toEqual([]);
    expect(relay.relay.counters.get("entries_stored_total")).toBe(0);
  });

  test("F5 whose signature is random bytes is refused and not stored", async () => {
    await using relay = await TestRelay.start();
    const run = await new TestWriter(contacts, "w").write();
    expect(await offer(relay, signedBy(run, new Uint8Array(64).fill(7)))).toBe("SIGNATURE_INVALID");
    expect(await relay.store.databases(acme.id)).toEqual([]);
  });

  test("K-7 that was made for another database is refused and not stored", async () => {
    await using relay = await TestRelay.start();
    const run = await new TestWriter(databaseOf("elsewhere"), "w").write();
    expect(await offer(relay, run, contacts)).toBe("SIGNATURE_INVALID");
    expect(await relay.store.databases(acme.id)).toEqual([]);
  });

  test("F5 from a session without the right to push ends that session before anything is verified", async () => {
    await using relay = await TestRelay.start();
    const members = [alice, { ...bob, rights: READER }];
    await using owner = await TestClient.login(relay.url, acme, alice, members);
    await owner.open(contacts);
    // A reader that believes it may push: the rights in the relay's answer are changed on the way.
    const lie = (frame: Uint8Array): Uint8Array => (frame[0] === 3 ? frame.with(1, 7) : frame);
    await using reader = await TestClient.dial(relay.url, {
      tenant: acme,
      credentials: acme.credentials(loginOf(bob)),
      through: (transport) => new RecordedTransport(transport, lie),
    });
    expect((await reader.session.ready).rights.push).toBe(true);
    const checked = relay.relay.counters.get("signatures_checked_total");
    const run = await new TestWriter(contacts, "w").write();
    await reader.replica(contacts).append([run]);
    await reader.open(contacts).catch(() => undefined);
    expect(await reader.session.closed).toMatchObject({ reason: "NOT_PERMITTED" });
    expect(relay.relay.counters.get("signatures_checked_total")).toBe(checked);
    expect(await relay.store.databases(acme.id)).toEqual([]);
  });
});

describe("a reader", () => {
  test("pulls everything and hears of new entries live", async () => {
    await using relay = await TestRelay.start();
    const members = [alice, { ...bob, rights: READER }];
    await using owner = await TestClient.login(relay.url, acme, alice, members);
    await using reader = await TestClient.login(relay.url, acme, bob, members);
    // Opened before anybody wrote to it: the reader is subscribed all the same.
    await reader.open(contacts);
    await owner.open(contacts);
    await owner.push(await new TestWriter(contacts, "w").write(4));
    await reader.holds(contacts, 4);
    expect(await reader.contents(contacts)).toBe(await owner.contents(contacts));
  });
});

describe("over its quota", () => {
  test("a login key is refused pushing with a typed code, and pulls on", async () => {
    await using relay = await TestRelay.start({ limits: { loginKeyBytes: 5_000 } });
    await using a = await TestClient.login(relay.url, acme, alice, [alice, bob]);
    await using b = await TestClient.login(relay.url, acme, bob, [alice, bob]);
    await a.open(contacts);
    await b.open(contacts);
    const refused = a.next("refused", ({ by }) => by === "peer");
    await a.replica(contacts).append([await new TestWriter(contacts, "big").write(10, 1_000)]);
    a.session.announce(contacts);
    expect((await refused).code).toBe("QUOTA_EXCEEDED");
    await b.push(await new TestWriter(contacts, "small").write(3));
    await a.holds(contacts, 13);
    expect(await b.count(contacts)).toBe(3);
  });
});
