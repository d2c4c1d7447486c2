import { cp, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { VerifiedRun } from "@selkie/entry";
import { describe, expect, test } from "vitest";
import { TestClient } from "../fixtures/test-client.ts";
import { TempDirectory, TestRelay } from "../fixtures/test-relay.ts";
import { loginOf, memberOf, TestTenant } from "../fixtures/test-tenant.ts";
import { databaseOf, TestWriter } from "../fixtures/test-writer.ts";

const acme = new TestTenant("acme");
const [alice, bob, carol] = [memberOf("alice"), memberOf("bob"), memberOf("carol")];
const members = [alice, bob, carol];
const contacts = databaseOf("contacts");

/** Flips one bit of a file in the first place where these bytes stand. */
async function flip(file: string, bytes: Uint8Array): Promise<void> {
  const content = await readFile(file);
  const at = content.indexOf(bytes);
  if (at < 0) throw new RangeError("the bytes are not in the file");
  content[at + 5] = (content[at + 5] ?? 0) ^ 0x10;
  await writeFile(file, content);
}

function ciphertextOf(run: VerifiedRun, index: number): Uint8Array {
  const part = run.entries[index]?.parts[0];
  if (part?.type !== "sealed") throw new TypeError("a sealed part was due");
  return part.ciphertext.subarray(0, 32);
}

describe("one flipped bit in the relay's database", () => {
  test("in an entry: it is not served, what depends on it neither, and a client that has it heals everybody", async () => {
    await using directory = await TempDirectory.create();
    const writer = new TestWriter(contacts, "alice");
    const runs = [await writer.write(2), await writer.write(2), await writer.write(2)];
    const first = await TestRelay.start({ directory: directory.path });
    const a = await TestClient.login(first.url, acme, alice, members);
    await a.open(contacts);
    for (const run of runs) await a.push(run);
    await a.session.close();
    await first[Symbol.asyncDispose]();
    await flip(join(directory.path, "data/selkie.db"), ciphertextOf(runs[1] ?? never(), 1));

    await using second = await TestRelay.start({ directory: directory.path });
    await using b = await TestClient.login(second.url, acme, bob, members);
    await b.open(contacts);
    await b.session.synced([contacts]);
    // Up to the last signature before the damage, and no further.
    expect(await b.count(contacts)).toBe(2);
    await using again = await TestClient.login(second.url, acme, alice, members, a.store);
    await again.open(contacts);
    await b.holds(contacts, 6);
    expect(await b.contents(contacts)).toBe(await again.contents(contacts));
    await using c = await TestClient.login(second.url, acme, carol, members);
    await c.open(contacts);
    await c.session.synced([contacts]);
    expect(await c.contents(contacts)).toBe(await again.contents(contacts));
  });

  test("while clients are connected: the first reader that meets it makes those who have the entry bring it", async () => {
    await using directory = await TempDirectory.create();
    const writer = new TestWriter(contacts, "alice");
    const runs = [await writer.write(2), await writer.write(2)];
    const before = await TestRelay.start({ directory: directory.path });
    const a = await TestClient.login(before.url, acme, alice, members);
    await a.open(contacts);
    for (const run of runs) await a.push(run);
    await a.session.close();
    await before[Symbol.asyncDispose]();

    await flip(join(directory.path, "data/selkie.db"), ciphertextOf(runs[1] ?? never(), 0));
    await using relay = await TestRelay.start({ directory: directory.path });
    // Both sides' vectors agree, so nothing is read when Alice connects.
    await using connected = await TestClient.login(relay.url, acme, alice, members, a.store);
    await connected.open(contacts);
    await connected.session.synced([contacts]);
    expect(relay.relay.counters.get("damage_noticed_total")).toBe(0);
    await using b = await TestClient.login(relay.url, acme, bob, members);
    await b.open(contacts);
    await b.holds(contacts, 4);
    expect(await b.contents(contacts)).toBe(await connected.contents(contacts));
    expect(relay.relay.counters.get("damage_noticed_total")).toBe(1);
  });

  test("in what says who may connect: nobody is let in wrongly, and the documents brought again repair it", async () => {
    await using directory = await TempDirectory.create();
    const first = await TestRelay.start({ directory: directory.path });
    const client = await TestClient.login(first.url, acme, alice, members);
    await client[Symbol.asyncDispose]();
    await first[Symbol.asyncDispose]();
    await flip(join(directory.path, "data/selkie.db"), acme.slotLogin(alice, loginOf(alice)).subarray(40, 80));

    await using second = await TestRelay.start({ directory: directory.path, limits: { refusalMs: 0 } });
    const credentials = acme.credentials(loginOf(alice));
    const refused = await TestClient.dial(second.url, { tenant: acme, credentials });
    await expect(refused.session.ready).rejects.toMatchObject({ reason: "LOGIN_REFUSED" });
    await using repaired = await TestClient.login(second.url, acme, alice, members);
    await repaired[Symbol.asyncDispose]();
    await using again = await TestClient.dial(second.url, { tenant: acme, credentials });
    expect((await again.session.ready).rights.push).toBe(true);
  });
});

describe("a relay restored from an older copy of its directory", () => {
  test("B6 gets back from its clients what it lost, and each of them sees that it was set back", async () => {
    await using directory = await TempDirectory.create();
    await using backup = await TempDirectory.create();
    const writers = members.map((member) => new TestWriter(contacts, member.name));
    let relay = await TestRelay.start({ directory: directory.path });
    let clients = await Promise.all(members.map((member) => TestClient.login(relay.url, acme, member, members)));
    for (const client of clients) await client.open(contacts);
    await Promise.all(clients.map(async (client, index) => client.push(await (writers[index] ?? never()).write(2))));
    for (const client of clients) await client.holds(contacts, 6);
    await relay[Symbol.asyncDispose]();
    await cp(directory.path, backup.path, { recursive: true });

    relay = await TestRelay.start({ directory: directory.path });
    const stores = clients.map(({ store }) => store);
    const reconnect = () =>
      Promise.all(members.map((member, index) => TestClient.login(relay.url, acme, member, members, stores[index])));
    clients = await reconnect();
    for (const client of clients) await client.open(contacts);
    await Promise.all(clients.map(async (client, index) => client.push(await (writers[index] ?? never()).write(3))));
    for (const client of clients) await client.holds(contacts, 15);
    const known = await (clients[0] ?? never()).replica(contacts).vector();
    await relay[Symbol.asyncDispose]();

    relay = await TestRelay.start({ directory: backup.path });
    expect(await readdir(backup.path)).toEqual(["data"]);
    await using set = relay;
    clients = await reconnect();
    const lost = (clients[0] ?? never()).next("rollback");
    for (const client of clients) {
      await client.session.openDatabases([{ replica: client.replica(contacts), expected: known }]);
    }
    expect(await lost).toMatchObject({ was: 4, now: 1 });
    for (const client of clients) await client.session.synced([contacts]);
    await using fresh = await TestClient.login(set.url, acme, alice, members);
    await fresh.open(contacts);
    await fresh.session.synced([contacts]);
    expect(await fresh.count(contacts)).toBe(15);
    expect(await fresh.contents(contacts)).toBe(await (clients[0] ?? never()).contents(contacts));
    for (const client of clients) await client[Symbol.asyncDispose]();
  });
});

function never(): never {
  throw new TypeError("it is there");
}
