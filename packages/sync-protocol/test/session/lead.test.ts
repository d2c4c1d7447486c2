import { equalBytes } from "@selkie/entry";
import { expect, test } from "vitest";
import { altered, connect, Peer } from "../support/peers.ts";
import { settled } from "../support/raw-peer.ts";
import { databaseOf, TestWriter } from "../support/writer.ts";

const lead = databaseOf("directory");
const other = databaseOf("contacts");

/** Alice's writers in both databases. */
async function writers(): Promise<{ readonly inLead: TestWriter; readonly inOther: TestWriter }> {
  return { inLead: await TestWriter.of("alice", lead), inOther: await TestWriter.of("alice", other) };
}

test("nothing of another database goes out before the peer has acknowledged what is here of the lead", async () => {
  const [alice, bob] = [new Peer(), new Peer()];
  const { inLead, inOther } = await writers();
  await alice.replica(lead).append([await inLead.write(2)]);
  await alice.replica(other).append([await inOther.write(2)]);
  const gate = Promise.withResolvers<void>();
  let isAsked = false;
  const slow = altered(bob.replica(lead), {
    append: async (runs) => {
      isAsked = true;
      await gate.promise;
      return await bob.replica(lead).append(runs);
    },
  });
  await using connection = connect(alice, bob, {
    a: { lead },
    b: { open: async (_, database) => (equalBytes(database, lead) ? slow : bob.replica(database)) },
  });
  await connection.a.openDatabases([{ replica: alice.replica(other) }, { replica: alice.replica(lead) }]);
  await settled();
  expect(isAsked).toBe(true);
  expect((await bob.vector(other)).size).toBe(0);
  gate.resolve();
  await connection.a.synced([lead, other]);
  expect(await bob.vector(other)).toEqual(await alice.vector(other));
});

test("what came into the lead while another database was read goes first, though nobody announced it", async () => {
  const [alice, bob] = [new Peer(), new Peer()];
  const { inLead, inOther } = await writers();
  let isWritten = false;
  const replica = altered(alice.replica(other), {
    readAfter: async (position, limit) => {
      if (!isWritten) await alice.replica(lead).append([await inLead.write(1)]);
      isWritten = true;
      return await alice.replica(other).readAfter(position, limit);
    },
  });
  const held: number[] = [];
  const watched = altered(bob.replica(other), {
    append: async (runs) => {
      held.push((await bob.vector(lead)).size);
      return await bob.replica(other).append(runs);
    },
  });
  await using connection = connect(alice, bob, {
    a: { lead },
    b: { open: async (_, database) => (equalBytes(database, other) ? watched : bob.replica(database)) },
  });
  await connection.a.openDatabases([{ replica: alice.replica(lead) }, { replica }]);
  await alice.replica(other).append([await inOther.write(1)]);
  connection.a.announce(other);
  await connection.a.synced([other]);
  expect(held).toEqual([1]);
});

test("a lead that the peer does not have keeps nothing back", async () => {
  const [alice, bob] = [new Peer(), new Peer()];
  const { inLead, inOther } = await writers();
  await alice.replica(lead).append([await inLead.write(1)]);
  await alice.replica(other).append([await inOther.write(1)]);
  await using connection = connect(alice, bob, {
    a: { lead },
    b: { open: async (_, database) => (equalBytes(database, lead) ? undefined : bob.replica(database)) },
  });
  await connection.a.openDatabases([{ replica: alice.replica(lead) }, { replica: alice.replica(other) }]);
  await connection.a.synced([other]);
  expect(await bob.vector(other)).toEqual(await alice.vector(other));
});
