import { expect, test } from "vitest";
import { addDevice, found, join, meet, type Person } from "./support/company.ts";
import { notesOf, textsOf } from "./support/notes.ts";

async function write(person: Person, text: string, key?: string): Promise<void> {
  await (await notesOf(person)).createDocument({ text }, key === undefined ? {} : { key });
}

/** Everybody has the database open and meets everybody, twice over. */
async function meetAll(...people: readonly Person[]): Promise<void> {
  await Promise.all(people.map(notesOf));
  for (let round = 0; round < 2; round++)
    for (const [at, one] of people.entries()) for (const other of people.slice(at + 1)) await meet(one, other);
}

test("who joins a tenant founded from now on reads what is written from then on, and nothing from before, whoever turns keys", async () => {
  await using alice = await found("from-now");
  await write(alice, "1 before Bob");
  await using bob = await join(alice, "bob", "admin");
  await write(alice, "2 with Bob");
  await meetAll(alice, bob);
  expect(await textsOf(bob)).toEqual(["2 with Bob"]);
  await using carol = await join(bob, "carol", "editor");
  await write(bob, "3 with Carol");
  await write(carol, "4 by Carol");
  await meetAll(alice, bob, carol);
  // Every link there is lies in the directory that they share now; none of them opens what came before.
  for (const person of [alice, bob, carol]) await person.tenant.directory.rotateKey("default");
  await write(alice, "5 by Alice");
  await meetAll(alice, bob, carol);
  expect(await textsOf(alice)).toEqual(["1 before Bob", "2 with Bob", "3 with Carol", "4 by Carol", "5 by Alice"]);
  expect(await textsOf(bob)).toEqual(["2 with Bob", "3 with Carol", "4 by Carol", "5 by Alice"]);
  expect(await textsOf(carol)).toEqual(["3 with Carol", "4 by Carol", "5 by Alice"]);
  // The directory itself is read from its beginning.
  expect((await carol.tenant.directory.users()).map(({ name }) => name)).toContain(alice.name);
});

test("a key that is shared in such a tenant opens what is written from then on; let in while it turns, nobody is locked out", async () => {
  await using alice = await found("from-now");
  await using bob = await join(alice, "bob", "admin");
  await using carol = await join(alice, "carol", "editor");
  await alice.tenant.directory.createKey("board");
  await write(alice, "1 before the share", "board");
  await alice.tenant.directory.shareKey("board", [carol.name]);
  await write(alice, "2 after the share", "board");
  await bob.tenant.directory.rotateKey("default"); // he has not heard of Carol
  await meetAll(alice, bob, carol);
  await write(carol, "3 by Carol");
  await write(carol, "4 by Carol, for the board", "board");
  await meetAll(alice, bob, carol);
  expect(await textsOf(carol)).toEqual(["2 after the share", "3 by Carol", "4 by Carol, for the board"]);
  expect(await textsOf(alice)).toEqual([
    "1 before the share",
    "2 after the share",
    "3 by Carol",
    "4 by Carol, for the board",
  ]);
  expect(await textsOf(bob)).toContain("3 by Carol");
});

test("a further device reads what the person's first one reads", async () => {
  await using alice = await found("from-now");
  await write(alice, "1 before Bob");
  await using bob = await join(alice, "bob", "editor");
  await write(alice, "2 with Bob");
  await write(bob, "3 by Bob");
  await meetAll(alice, bob);
  await using phone = await addDevice(bob);
  await using tablet = await addDevice(alice);
  await write(phone, "4 from the phone");
  await meetAll(alice, bob, phone, tablet);
  const since = ["2 with Bob", "3 by Bob", "4 from the phone"];
  for (const device of [bob, phone]) expect(await textsOf(device)).toEqual(since);
  for (const device of [alice, tablet]) expect(await textsOf(device)).toEqual(["1 before Bob", ...since]);
});

test("who joins a tenant founded without a word reads everything", async () => {
  await using alice = await found();
  await write(alice, "1 before Bob");
  await using bob = await join(alice, "bob", "reader");
  await meetAll(alice, bob);
  expect(await textsOf(bob)).toEqual(["1 before Bob"]);
});
