import { createClient, memory } from "@selkie/client";
import { fromBase64url, toBase64url } from "@selkie/entry";
import { pipe } from "@selkie/sync-protocol";
import { expect, test } from "vitest";

const PREFIX = "selkie:join-response:1:";

/** The response with another directory: what somebody makes who saw the request and guessed the rest. */
function forged(response: string): string {
  const bytes = fromBase64url(response.slice(PREFIX.length));
  // [request 16, salt 16, tenant 32, name, directory 32, ...]: the directory is the second string of 32 bytes.
  const marks = [...bytes.keys()].filter((at) => bytes[at] === 0x58 && bytes[at + 1] === 32);
  const directory = marks[1] ?? 0;
  bytes[directory + 2] = (bytes[directory + 2] ?? 0) ^ 1;
  return PREFIX + toBase64url(bytes);
}

test("a forged join response does not shut out the genuine one", async () => {
  await using alice = await createClient({ store: memory(), password: "alice-password" });
  await using bob = await createClient({ store: memory(), password: "bob-password" });
  const acme = await alice.createTenant("acme-corp", { user: "CN=alice/O=acme" });
  const response = await acme.directory.approveJoinRequest(await bob.createJoinRequest("CN=bob/O=acme"), {
    role: "editor",
  });
  const astray = await bob.joinTenant(forged(response.toString()));
  await expect(astray.openDB("contacts")).rejects.toMatchObject({ code: "DIRECTORY_UNKNOWN" });
  await astray[Symbol.asyncDispose]();

  const acmeOfBob = await bob.joinTenant(response);
  const [near, far] = pipe();
  const [line] = await Promise.all([
    acmeOfBob.connect(near, { peer: "dialler" }),
    acme.connect(far, { peer: "listener" }),
  ]);
  await line.synced();
  expect((await acmeOfBob.directory.users()).map(({ name }) => name).sort()).toEqual([
    "CN=alice/O=acme",
    "CN=bob/O=acme",
  ]);
  await expect(bob.joinTenant(response)).rejects.toMatchObject({ code: "TENANT_EXISTS" });
});

test("who joins over a direct connection reads and writes over it, without connecting again", async () => {
  await using alice = await createClient({ store: memory(), password: "alice-password" });
  await using bob = await createClient({ store: memory(), password: "bob-password" });
  const acme = await alice.createTenant("acme-corp", { user: "CN=alice/O=acme" });
  const request = await bob.createJoinRequest("CN=bob/O=acme");
  const acmeOfBob = await bob.joinTenant(await acme.directory.approveJoinRequest(request, { role: "editor" }));
  const notes = await acme.openDB<{ text: string }>("notes");
  const [near, far] = pipe();
  const [line, up] = await Promise.all([
    acmeOfBob.connect(near, { peer: "dialler" }),
    acme.connect(far, { peer: "listener" }),
  ]);
  const notesOfBob = await acmeOfBob.openDB<{ text: string }>("notes");
  const { id } = await notesOfBob.createDocument({ text: "from Bob" });
  await line.synced();
  await up.synced();
  expect((await notes.getDocument(id)).getData()).toEqual({ text: "from Bob" });
});
