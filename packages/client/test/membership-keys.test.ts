import { describe, expect, test } from "vitest";
import { found, join, meet, type Person } from "./support/company.ts";

interface Note {
  text: string;
}

const notesOf = ({ tenant }: Person) => tenant.openDB<Note>("notes");

/** Everybody meets everybody, twice over: what somebody gives another on the way arrives. */
async function meetAll(...people: readonly Person[]): Promise<void> {
  for (let round = 0; round < 2; round++)
    for (const [at, one] of people.entries()) for (const other of people.slice(at + 1)) await meet(one, other);
}

async function textsOf(person: Person): Promise<readonly string[]> {
  const notes = await notesOf(person);
  const docs = await Promise.all((await notes.getAllDocumentIds()).map((id) => notes.getDocument(id)));
  return docs.map((doc) => doc.getData().text).sort();
}

/** Everybody writes a note, and everybody reads what everybody wrote. */
async function expectAllToWrite(...people: readonly Person[]): Promise<void> {
  await Promise.all(people.map(notesOf));
  for (const person of people) await (await notesOf(person)).createDocument({ text: `by ${person.name}` });
  await meetAll(...people);
  const [first = [], ...others] = await Promise.all(people.map(textsOf));
  expect(first).toEqual(expect.arrayContaining(people.map(({ name }) => `by ${name}`)));
  for (const other of others) expect(other).toEqual(first);
}

describe("nobody is locked out", () => {
  test("D10 who is let in while another admin turns a key writes at once, and everybody reads it", async () => {
    await using alice = await found();
    await using bob = await join(alice, "bob", "admin");
    await using carol = await join(alice, "carol", "editor");
    await bob.tenant.directory.rotateKey("default"); // he has not heard of Carol
    await (await notesOf(bob)).createDocument({ text: "under the key that Carol was not given" });
    await meet(alice, bob);
    await meet(alice, carol);
    await Promise.all([notesOf(alice), notesOf(bob)]);
    const hers = await (await notesOf(carol)).createDocument({ text: "by Carol" });
    await meet(alice, carol);
    await meet(alice, bob);
    for (const person of [alice, bob])
      expect((await (await notesOf(person)).getDocument(hers.id)).getData()).toEqual({ text: "by Carol" });
    await expectAllToWrite(alice, bob, carol);
    expect(await textsOf(carol)).toContain("under the key that Carol was not given");
  });

  test("D10 the same while another admin revokes somebody, so that the directory's key turns too", async () => {
    await using alice = await found();
    await using bob = await join(alice, "bob", "admin");
    await using dave = await join(alice, "dave", "editor");
    await meet(alice, bob);
    await using carol = await join(alice, "carol", "editor");
    await bob.tenant.directory.revokeUser(dave.name);
    await meet(alice, bob);
    await meet(alice, carol);
    await notesOf(alice);
    const hers = await (await notesOf(carol)).createDocument({ text: "by Carol" });
    await meet(alice, carol);
    expect((await (await notesOf(alice)).getDocument(hers.id)).getData()).toEqual({ text: "by Carol" });
    await expectAllToWrite(alice, bob, carol);
    for (const { tenant } of [alice, bob, carol])
      expect((await tenant.directory.users()).filter(({ revoked }) => revoked).map(({ name }) => name)).toEqual([
        dave.name,
      ]);
  });
});
