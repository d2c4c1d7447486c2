// Two admins who revoke somebody at the same time, with partial views of what was written.
import { expect, test } from "vitest";
import { found, join, meet, type Person } from "./support/company.ts";

interface Note {
  text: string;
}

const notesOf = ({ tenant }: Person) => tenant.openDB<Note>("notes");

/** Who meets whom afterwards: in the end everybody knows all. */
const MEETINGS = {
  "the admins first": ["ab", "bd", "ad"],
  "Dave between them": ["ad", "bd", "ad", "ab"],
  "Dave with the other": ["bd", "ad", "bd", "ab"],
} as const;

for (const [name, meetings] of Object.entries(MEETINGS))
  test(`D10 two admins who revoke somebody at once, knowing more and less of it, end alike: what both knew counts, the rest when it is readmitted from above (${name})`, async () => {
    await using alice = await found();
    await using bob = await join(alice, "bob", "admin");
    await using carol = await join(alice, "carol", "editor");
    await using dave = await join(alice, "dave", "editor");
    for (const person of [bob, carol, dave]) await meet(alice, person);
    const [notes, ofBob, ofCarol, ofDave] = await Promise.all([alice, bob, carol, dave].map(notesOf));
    if (!notes || !ofBob || !ofCarol || !ofDave) throw new RangeError("four people");
    const known = await ofCarol.createDocument({ text: "known to both" });
    for (const person of [alice, bob]) await meet(carol, person);
    const more = await ofCarol.createDocument({ text: "known to Bob" });
    await meet(carol, bob);

    await bob.tenant.directory.revokeUser(carol.name);
    await alice.tenant.directory.revokeUser(carol.name);
    // She knows of neither, and writes on. What Alice gets at once she gets under one signature: it could be readmitted as one only.
    await notes.pullChangesFrom(ofCarol.getStore());
    const late = await ofCarol.createDocument({ text: "too late" });
    for (const database of [notes, ofBob, ofDave]) await database.pullChangesFrom(ofCarol.getStore());

    const people = { a: alice, b: bob, d: dave };
    for (const [one, other] of meetings as readonly string[])
      await meet(people[one as keyof typeof people], people[other as keyof typeof people]);
    const shown = async (database: typeof notes) => [...(await database.getAllDocumentIds())].sort();
    for (const database of [notes, ofBob, ofDave]) expect(await shown(database)).toEqual([known.id]);

    const cutOff: string[] = [];
    for await (const { entryId, reason, user } of alice.tenant.directory.quarantined())
      if (reason === "BEYOND_CUT" && user === carol.name) cutOff.push(entryId);
    expect(cutOff).toHaveLength(2);
    const [first = ""] = cutOff;
    // Alice let Bob in: he lifts no cut of hers.
    await expect(bob.tenant.directory.readmit([first])).rejects.toMatchObject({ code: "NOT_PERMITTED" });
    await alice.tenant.directory.readmit([first]);
    await meet(alice, bob);
    await meet(alice, dave);
    for (const database of [notes, ofBob, ofDave]) {
      expect(await shown(database)).toEqual([known.id, more.id].sort());
      expect(await database.findDocument(late.id)).toBeUndefined();
    }
    for (const { tenant } of [alice, bob, dave]) {
      const users = (await tenant.directory.users()).filter(({ name: user }) => user === carol.name);
      expect(users.map(({ revoked }) => revoked)).toEqual([true]);
    }
  });
