import { type Client, createClient, memory } from "@selkie/client";
import { pipe } from "@selkie/sync-protocol";
import { expect } from "vitest";

interface Contact {
  name: string;
  region?: string;
  revenue?: number;
}

/** Two people, each with a client of their own in memory, Bob admitted by Alice; they meet over a pipe. */
async function aliceAndBob(): Promise<{
  alice: Client;
  bob: Client;
  acme: Awaited<ReturnType<Client["createTenant"]>>;
  acmeOfBob: Awaited<ReturnType<Client["joinTenant"]>>;
}> {
  const alice = await createClient({ store: memory(), password: "alice-password" });
  const bob = await createClient({ store: memory(), password: "bob-password" });
  const acme = await alice.createTenant("acme-corp", { user: "CN=alice/O=acme" });
  const request = await bob.createJoinRequest("CN=bob/O=acme");
  const response = await acme.directory.approveJoinRequest(request, { role: "editor" });
  return { alice, bob, acme, acmeOfBob: await bob.joinTenant(response) };
}

/** Created on one side, received on the other, edited offline on both, converged. */
export async function createChangeSync(): Promise<void> {
  const { alice, bob, acme, acmeOfBob } = await aliceAndBob();
  const contacts = await acme.openDB<Contact>("contacts");
  const john = await contacts.createDocument({ name: "John Doe", region: "EMEA", revenue: 120 });

  const [near, far] = pipe();
  const [up, line] = await Promise.all([
    acme.connect(near, { peer: "dialler" }),
    acmeOfBob.connect(far, { peer: "listener" }),
  ]);
  const contactsOfBob = await acmeOfBob.openDB<Contact>("contacts");
  await up.synced();
  await line.synced();
  const hisJohn = await contactsOfBob.getDocument(john.id);
  expect(hisJohn.getData()).toEqual({ name: "John Doe", region: "EMEA", revenue: 120 });
  await up[Symbol.asyncDispose]();
  await line[Symbol.asyncDispose]();

  await contacts.changeDoc(john, (draft) => {
    draft.getData().region = "APAC";
  });
  await contactsOfBob.changeDoc(hisJohn, (draft) => {
    draft.getData().revenue = 150;
  });
  expect(john.getHeads()).not.toEqual(hisJohn.getHeads());
  await contacts.pullChangesFrom(contactsOfBob.getStore());
  await contacts.pushChangesTo(contactsOfBob.getStore());
  expect(john.getData()).toEqual({ name: "John Doe", region: "APAC", revenue: 150 });
  expect(hisJohn.getData()).toEqual(john.getData());
  expect(hisJohn.getHeads()).toEqual(john.getHeads());
  await alice[Symbol.asyncDispose]();
  await bob[Symbol.asyncDispose]();
}
