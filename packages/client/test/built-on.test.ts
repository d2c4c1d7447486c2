// Honest work on top of what somebody wrote after being revoked, by people who had not heard of it.
import { expect, test } from "vitest";
import { found, join, meet, type Person, restart } from "./support/company.ts";

interface Note {
  text: string;
  more?: string;
}

const notesOf = ({ tenant }: Person) => tenant.openDB<Note>("notes");

test.each(["sent to somebody who had not heard either", "not sent"] as const)(
  "D9 what was made on top of what counts no more is made anew on what counts, once; all go on in the document (%s)",
  async (how) => {
    await using alice = await found();
    await using bob = await join(alice, "bob", "editor");
    await using carol = await join(alice, "carol", "editor");
    await using dave = await join(alice, "dave", "editor");
    const [notes, ofBob, ofCarol, ofDave] = await Promise.all([alice, bob, carol, dave].map(notesOf));
    if (!notes || !ofBob || !ofCarol || !ofDave) throw new RangeError("four people");
    const note = await notes.createDocument({ text: "by Alice" });
    for (const person of [bob, carol, dave]) await meet(alice, person);
    const put = async (database: typeof notes, data: Partial<Note>) =>
      database.changeDoc(await database.getDocument(note.id), (draft) => void Object.assign(draft.getData(), data));
    const shownBy = async (database: typeof notes) => (await database.getDocument(note.id)).getData();

    await alice.tenant.directory.revokeUser(bob.name);
    await put(ofBob, { text: "by Bob, too late" });
    await ofCarol.pullChangesFrom(ofBob.getStore());
    await put(ofCarol, { more: "of Carol" });
    if (how !== "not sent") await meet(carol, dave);
    const reissued: string[] = [];
    const said = new Promise<void>((resolve) => {
      for (const database of [ofCarol, ofDave]) {
        database.on("reissued", ({ id, changes }) => resolve(void reissued.push(`${id} ${changes}`)));
        database.on("waiting", () => reissued.push("waiting"));
      }
    });
    await meet(alice, carol);
    await meet(alice, carol);
    await meet(alice, dave);
    for (const database of [notes, ofCarol, ofDave])
      expect(await shownBy(database)).toEqual({ text: "by Alice", more: "of Carol" });
    await said;
    expect(reissued).toEqual([`${note.id} 1`]);

    await put(ofCarol, { more: "of Carol, again" });
    await meet(alice, carol);
    await meet(alice, dave);
    for (const database of [notes, ofCarol, ofDave])
      expect(await shownBy(database)).toEqual({ text: "by Alice", more: "of Carol, again" });
    expect(reissued.length).toBe(1);

    await using again = await restart(carol);
    await put(await notesOf(again), { more: "of Carol, later" });
    await meet(alice, again);
    expect(await shownBy(notes)).toEqual({ text: "by Alice", more: "of Carol, later" });
  },
);
