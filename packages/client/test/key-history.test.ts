// How far back those read whom a named key is shared with, through the public API alone.
import { toHex } from "@selkie/entry";
import fc from "fast-check";
import { expect, test } from "vitest";
import { addDevice, found, join, meet, type Person } from "./support/company.ts";
import { notesOf, textsOf } from "./support/notes.ts";

const write = async (person: Person, text: string, key = "board") =>
  (await notesOf(person)).createDocument({ text }, { key });

/** Everybody has the database open and meets everybody, twice over. */
async function meetAll(...people: readonly Person[]): Promise<void> {
  await Promise.all(people.map(notesOf));
  for (let round = 0; round < 2; round++)
    for (const [at, one] of people.entries()) for (const other of people.slice(at + 1)) await meet(one, other);
}

/** Alice, who founded, and three editors who have met everybody. */
async function fourPeople() {
  await using made = new AsyncDisposableStack();
  const alice = made.use(await found());
  const bob = made.use(await join(alice, "bob", "editor"));
  const carol = made.use(await join(alice, "carol", "editor"));
  const dave = made.use(await join(alice, "dave", "editor"));
  const everybody = [alice, bob, carol, dave];
  await meetAll(...everybody);
  const people = made.move();
  return { alice, bob, carol, dave, everybody, [Symbol.asyncDispose]: () => people.disposeAsync() };
}

test("who is given a key from now on reads nothing from before, whoever turns it and gives what is missing; who has all of it keeps it, and passes it on", async () => {
  await using four = await fourPeople();
  const { alice, bob, carol, dave, everybody } = four;
  await alice.tenant.directory.createKey("board", { share: [bob.name] });
  await write(alice, "1 at first");
  await alice.tenant.directory.shareKey("board", [carol.name], { history: "from-now" });
  await write(alice, "2 with Carol");
  await meetAll(...everybody);
  expect(await textsOf(carol)).toEqual(["2 with Carol"]);
  // Carol holds the history secret of the version that she makes: nobody may lead back from it.
  await carol.tenant.directory.rotateKey("board");
  await write(carol, "3 by Carol");
  await meetAll(...everybody);
  expect(await textsOf(carol)).toEqual(["2 with Carol", "3 by Carol"]);
  expect(await textsOf(bob)).toEqual(["1 at first", "2 with Carol", "3 by Carol"]);
  // Bob has all of it, and gives all of it, though what is current was made by Carol.
  await bob.tenant.directory.shareKey("board", [dave.name], { history: "full" });
  await meet(bob, dave);
  expect(await textsOf(dave)).toEqual(["1 at first", "2 with Carol", "3 by Carol"]);
  await meetAll(...everybody);
  await bob.tenant.directory.rotateKey("board");
  await dave.tenant.directory.rotateKey("board");
  await write(dave, "4 by Dave");
  await meetAll(...everybody);
  expect(await textsOf(carol)).toEqual(["2 with Carol", "3 by Carol", "4 by Dave"]);
  await using phone = await addDevice(carol);
  await using tablet = await addDevice(dave);
  await meetAll(...everybody, phone, tablet);
  expect(await textsOf(phone)).toEqual(await textsOf(carol));
  expect(await textsOf(tablet)).toEqual(await textsOf(alice));
});

test("D11 who reads from now on gives no more than that, and all of it comes later from who has it", async () => {
  await using alice = await found();
  await using bob = await join(alice, "bob", "editor");
  await using carol = await join(alice, "carol", "editor");
  await meetAll(alice, bob, carol);
  await alice.tenant.directory.createKey("board", { history: "from-now" });
  await write(alice, "1 at first");
  await alice.tenant.directory.shareKey("board", [bob.name]);
  await meetAll(alice, bob, carol);
  await expect(bob.tenant.directory.shareKey("board", [carol.name], { history: "full" })).rejects.toMatchObject({
    code: "KEY_WITHHELD",
  });
  await write(bob, "2 by Bob");
  await bob.tenant.directory.shareKey("board", [carol.name]);
  await write(bob, "3 with Carol");
  await meetAll(alice, bob, carol);
  expect(await textsOf(bob)).toEqual(["2 by Bob", "3 with Carol"]);
  expect(await textsOf(carol)).toEqual(["3 with Carol"]);
  await alice.tenant.directory.shareKey("board", [carol.name], { history: "full" });
  await meetAll(alice, bob, carol);
  expect(await textsOf(carol)).toEqual(["1 at first", "2 by Bob", "3 with Carol"]);
  expect(await textsOf(bob)).toEqual(["2 by Bob", "3 with Carol"]);
});

test("a change of rights leaves the past as it is: closed to who came from now on, open to who has it all", async () => {
  await using alice = await found();
  await using bob = await join(alice, "bob", "editor");
  await using carol = await join(alice, "carol", "editor");
  await meetAll(alice, bob, carol);
  await alice.tenant.directory.createKey("board", { share: [bob.name] });
  await write(alice, "1 at first");
  await alice.tenant.directory.shareKey("board", [carol.name], { history: "from-now" });
  for (const { name } of [bob, carol]) await alice.tenant.directory.changeUser(name, { role: "reader" });
  await meetAll(alice, bob, carol);
  await alice.tenant.directory.rotateKey("board");
  await write(alice, "2 for readers");
  await meetAll(alice, bob, carol);
  expect(await textsOf(bob)).toEqual(["1 at first", "2 for readers"]);
  expect(await textsOf(carol)).toEqual(["2 for readers"]);
});

test("an admin who comes later reads a key from as far back as it was made for, and everybody who wrote it goes on", async () => {
  await using alice = await found();
  await using bob = await join(alice, "bob", "editor");
  await alice.tenant.directory.createKey("board", { history: "from-now", share: [bob.name] });
  await meetAll(alice, bob);
  await write(bob, "1 by Bob");
  await meetAll(alice, bob);
  await using carol = await join(alice, "carol", "admin");
  await meetAll(alice, bob, carol);
  await write(bob, "2 by Bob, with Carol");
  await meetAll(alice, bob, carol);
  expect(await textsOf(carol)).toEqual(["2 by Bob, with Carol"]);
  expect(await textsOf(alice)).toEqual(["1 by Bob", "2 by Bob, with Carol"]);
});

const step = fc.record({
  what: fc.constantFrom("rotate", "rotate", "full", "from-now", "from-now", "write", "meet", "meet"),
  who: fc.nat(3),
  to: fc.nat(3),
});

test("who came to a key from now on holds no version of before, and who has all of it reads everything, whoever shared, turned and met in whatever order", async () => {
  await using four = await fourPeople();
  const { alice, everybody } = four;
  let nth = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 12 }), fc.boolean(), async (steps, isFromNow) => {
      const board = `board ${nth++}`;
      await alice.tenant.directory.createKey(board, { history: isFromNow ? "from-now" : "full" });
      await meetAll(...everybody);
      const versionsOf = ({ client }: Person): readonly string[] =>
        client.keyBag
          .tenants()
          .flatMap(({ tenant }) =>
            client.keyBag.keyVersions(tenant).flatMap(({ name, version }) => (name === board ? [toHex(version)] : [])),
          );
      /** By person: what they may not open. Alice may open everything. */
      const closed = new Map<Person, readonly string[]>([[alice, []]]);
      const full = new Set([alice]);
      const written: string[] = [];
      for (const { what, who, to } of steps) {
        const [person = alice, other = alice] = [everybody[who], everybody[to]];
        if (what === "meet") await meet(person, person === other ? alice : other).catch(() => undefined);
        // Only who has heard that it was given the key does something with it.
        if (what === "meet" || versionsOf(person).length === 0) continue;
        if (what === "rotate") await person.tenant.directory.rotateKey(board);
        if (what === "write") {
          written.push(`${written.length} on ${board}`);
          await write(person, written.at(-1) ?? "", board);
        }
        if ((what !== "full" && what !== "from-now") || (what === "full" && !full.has(person))) continue;
        if (!closed.has(other)) closed.set(other, what === "full" ? [] : everybody.flatMap(versionsOf));
        if (what === "full") {
          closed.set(other, []);
          full.add(other);
        }
        await person.tenant.directory.shareKey(board, [other.name], { history: what });
      }
      await meetAll(...everybody);
      const last = [...closed.keys()].map(({ name }) => `last by ${name} on ${board}`);
      for (const [at, person] of [...closed.keys()].entries()) await write(person, last[at] ?? "", board);
      await meetAll(...everybody);
      for (const person of everybody) {
        const texts = (await textsOf(person)).filter((text) => text.endsWith(` on ${board}`));
        const held = new Set(versionsOf(person));
        expect((closed.get(person) ?? []).filter((version) => held.has(version))).toEqual([]);
        if (full.has(person)) expect(texts).toEqual([...written, ...last].sort());
        else if (closed.has(person)) expect(texts).toEqual(expect.arrayContaining(last));
        else expect(texts).toEqual([]);
      }
    }),
    { numRuns: 8 },
  );
}, 60_000);
