import { nativeCrypto } from "@selkie/crypto/native";
import { memoryStore } from "@selkie/store";
import { describe, expect, test } from "vitest";
import { connect, found, join, meet, type Person } from "./support/company.ts";

interface Note {
  text: string;
}

const notesOf = ({ tenant }: Person) => tenant.openDB<Note>("notes");

describe("a named key", () => {
  test("opens its documents to those it is shared with, and hides them from everybody else", async () => {
    await using alice = await found();
    await using bob = await join(alice, "bob", "editor");
    await using carol = await join(alice, "carol", "editor");
    await alice.tenant.directory.createKey("board", { share: [bob.name] });
    const notes = await notesOf(alice);
    const secret = await notes.createDocument({ text: "for the board" }, { key: "board" });
    const open = await notes.createDocument({ text: "for all" });
    const [ofBob, ofCarol] = [await notesOf(bob), await notesOf(carol)];
    await meet(alice, bob);
    await meet(bob, carol);
    expect((await ofBob.getDocument(secret.id)).getData()).toEqual({ text: "for the board" });
    expect(await ofCarol.getAllDocumentIds()).toEqual([open.id]);
    expect(await ofCarol.findDocument(secret.id)).toBeUndefined();
    await expect(ofCarol.createDocument({ text: "mine" }, { key: "board" })).rejects.toMatchObject({
      code: "KEY_UNKNOWN",
    });

    await bob.tenant.directory.shareKey("board", [carol.name]);
    await meet(bob, carol);
    expect((await ofCarol.getDocument(secret.id)).getData()).toEqual({ text: "for the board" });
    await ofCarol.changeDoc(await ofCarol.getDocument(secret.id), (draft) => {
      draft.getData().text = "for the board, and Carol";
    });
    await meet(carol, alice);
    expect(secret.getData()).toEqual({ text: "for the board, and Carol" });
  });

  test("that turns goes on being readable, before and after, to those it is due", async () => {
    await using alice = await found();
    await using bob = await join(alice, "bob", "editor");
    const [notes, ofBob] = [await notesOf(alice), await notesOf(bob)];
    const before = await notes.createDocument({ text: "before" });
    await meet(alice, bob);
    await bob.tenant.directory.rotateKey("default");
    const after = await ofBob.createDocument({ text: "after" });
    await meet(alice, bob);
    expect((await notes.getDocument(after.id)).getData()).toEqual({ text: "after" });
    await alice.tenant.directory.rotateKey("directory");
    await using carol = await join(alice, "carol", "reader");
    const ofCarol = await notesOf(carol);
    await meet(alice, carol);
    expect(await ofCarol.getAllDocumentIds()).toHaveLength(2);
    expect((await ofCarol.getDocument(before.id)).getData()).toEqual({ text: "before" });
    expect((await carol.tenant.directory.users()).map(({ name }) => name).sort()).toEqual(
      [alice.name, bob.name, carol.name].sort(),
    );
  });
});

describe("a revoked user", () => {
  test("P-11 reads nothing that is written afterwards; what it wrote before stays; the others go on", async () => {
    await using alice = await found();
    await using bob = await join(alice, "bob", "editor");
    await using carol = await join(alice, "carol", "editor");
    const [notes, ofBob, ofCarol] = [await notesOf(alice), await notesOf(bob), await notesOf(carol)];
    const his = await ofBob.createDocument({ text: "by Bob, in time" });
    await meet(alice, bob);
    await meet(alice, carol);
    await alice.tenant.directory.revokeUser(bob.name);
    const late = await notes.createDocument({ text: "after Bob" });
    await meet(alice, carol);
    expect((await ofCarol.getDocument(late.id)).getData()).toEqual({ text: "after Bob" });
    expect((await ofCarol.getDocument(his.id)).getData()).toEqual({ text: "by Bob, in time" });
    await ofCarol.changeDoc(await ofCarol.getDocument(his.id), (draft) => {
      draft.getData().text = "by Carol";
    });
    await meet(carol, alice);
    expect((await notes.getDocument(his.id)).getData()).toEqual({ text: "by Carol" });
    const users = (await alice.tenant.directory.users()).map(({ name, role, revoked }) => ({ name, role, revoked }));
    expect(users).toHaveLength(3);
    expect(users).toEqual(
      expect.arrayContaining([
        { name: alice.name, role: "admin", revoked: false },
        { name: bob.name, role: "editor", revoked: true },
        { name: carol.name, role: "editor", revoked: false },
      ]),
    );
    await expect(meet(bob, carol)).rejects.toMatchObject({ code: "CONNECTION_REFUSED" });
    await ofBob.pullChangesFrom(ofCarol.getStore());
    expect(await ofBob.findDocument(late.id)).toBeUndefined();
  });

  test("D9 K-3 slips nothing in behind its cut, whatever date it bears and whoever delivers it, before or after the revocation", async () => {
    await using alice = await found();
    await using bob = await join(alice, "bob", "editor");
    await using carol = await join(alice, "carol", "editor");
    await using dave = await join(alice, "dave", "editor");
    for (const person of [bob, carol, dave]) await meet(alice, person);
    const [notes, ofBob, ofCarol, ofDave] = await Promise.all([alice, bob, carol, dave].map(notesOf));
    if (!notes || !ofBob || !ofCarol || !ofDave) throw new RangeError("four people");
    const shared = await notes.createDocument({ text: "by Alice" });
    for (const person of [bob, carol, dave]) await meet(alice, person);

    await alice.tenant.directory.revokeUser(bob.name);
    const his = await ofBob.createDocument({ text: "by Bob, too late" });
    await ofBob.changeDoc(await ofBob.getDocument(shared.id), (draft) => {
      draft.getData().text = "changed by Bob, too late";
    });
    // Dave has not heard of the revocation when Bob hands him his entries; Carol has.
    await ofDave.pullChangesFrom(ofBob.getStore());
    expect((await ofDave.getDocument(his.id)).getData()).toEqual({ text: "by Bob, too late" });
    expect((await ofDave.getDocument(shared.id)).getData()).toEqual({ text: "changed by Bob, too late" });
    const refused: string[] = [];
    ofCarol.on("quarantined", ({ reason }) => refused.push(reason));
    await meet(alice, carol);
    await ofCarol.pullChangesFrom(ofBob.getStore());
    expect(await ofCarol.findDocument(his.id)).toBeUndefined();
    expect((await ofCarol.getDocument(shared.id)).getData()).toEqual({ text: "by Alice" });
    expect(refused).toContain("BEYOND_CUT");

    const watched = await ofDave.getDocument(shared.id);
    await meet(alice, dave);
    await meet(dave, carol);
    expect(watched.getData()).toEqual({ text: "by Alice" });
    expect(await ofDave.findDocument(his.id)).toBeUndefined();
    for (const database of [notes, ofCarol, ofDave]) {
      expect(await database.getAllDocumentIds()).toEqual([shared.id]);
      expect((await database.getDocument(shared.id)).getHeads()).toEqual(shared.getHeads());
    }
  });

  test("K-4 leaves newcomers the history before the cut, and what honest members built on it", async () => {
    await using alice = await found();
    await using bob = await join(alice, "bob", "editor");
    const ofBob = await notesOf(bob);
    const his = await ofBob.createDocument({ text: "by Bob, in time" });
    const notes = await notesOf(alice);
    await meet(alice, bob);
    await alice.tenant.directory.revokeUser(bob.name);
    await notes.changeDoc(await notes.getDocument(his.id), (draft) => {
      draft.getData().text = "by Bob, and Alice";
    });
    await using erin = await join(alice, "erin", "reader");
    const ofErin = await notesOf(erin);
    await meet(alice, erin);
    expect((await ofErin.getDocument(his.id)).getData()).toEqual({ text: "by Bob, and Alice" });
  });

  test("keeps what it wrote in a database that the admin had never opened: revoking syncs all there are", async () => {
    await using alice = await found();
    await using bob = await join(alice, "bob", "editor");
    const his = await (await bob.tenant.openDB<Note>("plans")).createDocument({ text: "by Bob" });
    const [, line] = await connect(alice, bob);
    await line.synced();
    expect(await alice.tenant.directory.revokeUser(bob.name)).toEqual({ synced: true });
    const plans = await alice.tenant.openDB<Note>("plans");
    expect((await plans.getDocument(his.id)).getData()).toEqual({ text: "by Bob" });
  });

  test.each([0, 1, 2, 3])(
    "keeps what it wrote in a database that the admin is just opening (%i turns into the revocation)",
    async (turns) => {
      await using alice = await found();
      await using bob = await join(alice, "bob", "editor");
      const his = await (await bob.tenant.openDB<Note>("plans")).createDocument({ text: "by Bob" });
      const [, line] = await connect(alice, bob);
      await line.synced();
      const revoked = alice.tenant.directory.revokeUser(bob.name);
      for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
      const [plans] = await Promise.all([alice.tenant.openDB<Note>("plans"), revoked]);
      expect(await revoked).toEqual({ synced: true });
      expect((await plans.getDocument(his.id)).getData()).toEqual({ text: "by Bob" });
    },
  );

  test("that could not be reached first is said so", async () => {
    await using alice = await found();
    await using bob = await join(alice, "bob", "editor");
    expect(await alice.tenant.directory.revokeUser(bob.name)).toEqual({ synced: false });
  });
});

describe("readmission", () => {
  test("lets count what was written in good faith and not received in time, on every replica, and gives no right back", async () => {
    await using alice = await found();
    await using bob = await join(alice, "bob", "editor");
    await using carol = await join(alice, "carol", "editor");
    const [notes, ofBob, ofCarol] = [await notesOf(alice), await notesOf(bob), await notesOf(carol)];
    const known = await ofBob.createDocument({ text: "known" });
    await meet(alice, bob);
    const late = await ofBob.createDocument({ text: "in good faith" });
    await ofCarol.pullChangesFrom(ofBob.getStore());
    await alice.tenant.directory.revokeUser(bob.name);
    await meet(alice, carol);
    expect(await ofCarol.getAllDocumentIds()).toEqual([known.id]);
    const cutOff = async ({ tenant }: Person): Promise<string[]> => {
      const found: string[] = [];
      for await (const { entryId, reason, user } of tenant.directory.quarantined())
        if (reason === "BEYOND_CUT" && user === bob.name) found.push(entryId);
      return found;
    };
    const [entry = ""] = await cutOff(alice);
    expect(await cutOff(carol)).toEqual([entry]);
    await expect(carol.tenant.directory.readmit([entry])).rejects.toMatchObject({ code: "NOT_ADMIN" });
    await expect(alice.tenant.directory.readmit(["00".repeat(32)])).rejects.toMatchObject({ code: "ENTRY_UNKNOWN" });
    expect(await alice.tenant.directory.wouldReadmit([entry])).toEqual([entry]);
    expect(await notes.findDocument(late.id)).toBeUndefined(); // it only asked
    expect(await alice.tenant.directory.readmit([entry])).toEqual([entry]);
    await meet(alice, carol);
    for (const database of [notes, ofCarol])
      expect((await database.getDocument(late.id)).getData()).toEqual({ text: "in good faith" });
    expect([await cutOff(alice), await cutOff(carol)]).toEqual([[], []]);
    const later = await ofBob.createDocument({ text: "after all" });
    await notes.pullChangesFrom(ofBob.getStore());
    expect(await notes.findDocument(later.id)).toBeUndefined();
    await expect(meet(alice, bob)).rejects.toMatchObject({ code: "CONNECTION_REFUSED" });
  });
});

describe("readmission of one entry of several", () => {
  test("lets those count that cannot be told from it by a signature, says which beforehand, and leaves later ones out", async () => {
    await using alice = await found();
    await using bob = await join(alice, "bob", "editor");
    const [notes, ofBob] = [await notesOf(alice), await notesOf(bob)];
    await meet(alice, bob);
    await alice.tenant.directory.revokeUser(bob.name);
    const rows = Array.from({ length: 250 }, (_, at) => ({ text: `row ${at}` }));
    const early = await ofBob.createDocuments(rows); // three entries, of which the last is signed
    await notes.pullChangesFrom(ofBob.getStore());
    const cutOff = async (): Promise<string[]> => {
      const found: string[] = [];
      for await (const { entryId, reason } of alice.tenant.directory.quarantined())
        if (reason === "BEYOND_CUT") found.push(entryId);
      return found;
    };
    const first = await cutOff();
    const later = await ofBob.createDocument({ text: "later" });
    await notes.pullChangesFrom(ofBob.getStore());
    const all = await cutOff();
    expect([first.length, all.length]).toEqual([3, 4]);
    const [one = ""] = first;
    expect(await alice.tenant.directory.wouldReadmit([one])).toEqual(first);
    expect(await cutOff()).toEqual(all); // it only asked
    expect(await alice.tenant.directory.readmit([one])).toEqual(first);
    expect(await notes.getAllDocumentIds()).toHaveLength(early.length);
    expect(await notes.findDocument(later.id)).toBeUndefined();
    expect(await cutOff()).toEqual(all.filter((id) => !first.includes(id)));
  });
});

describe("a user whose rights change", () => {
  test("D11 goes on with what is left, and loses nothing that was not sent", async () => {
    await using alice = await found();
    await using bob = await join(alice, "bob", "admin");
    await using carol = await join(alice, "carol", "editor");
    const [notes, ofBob, ofCarol] = [await notesOf(alice), await notesOf(bob), await notesOf(carol)];
    const sent = await ofBob.createDocument({ text: "sent" });
    await meet(alice, bob);
    const unsent = await ofBob.createDocument({ text: "not sent" });
    await ofBob.changeDoc(sent, (draft) => {
      draft.getData().text = "changed, not sent";
    });
    await alice.tenant.directory.changeUser(bob.name, { role: "editor" });
    await meet(alice, bob); // he hears of it, with his changes sent under the old rights
    await meet(alice, bob); // and has made them anew
    await meet(alice, carol);
    expect(sent.getData()).toEqual({ text: "changed, not sent" });
    for (const database of [notes, ofCarol]) {
      expect((await database.getDocument(unsent.id)).getData()).toEqual({ text: "not sent" });
      expect((await database.getDocument(sent.id)).getData()).toEqual({ text: "changed, not sent" });
      expect((await database.getDocument(sent.id)).getHeads()).toEqual(sent.getHeads());
    }
    await expect(bob.tenant.directory.revokeUser(carol.name)).rejects.toMatchObject({ code: "NOT_ADMIN" });
    await ofBob.changeDoc(unsent, (draft) => {
      draft.getData().text = "as an editor";
    });
    await meet(bob, carol);
    expect((await ofCarol.getDocument(unsent.id)).getData()).toEqual({ text: "as an editor" });
    expect(
      (await alice.tenant.directory.users()).find(({ name, revoked }) => name === bob.name && !revoked),
    ).toMatchObject({
      role: "editor",
    });
  });

  test("D11 writes nothing that counts any more once it only reads", async () => {
    await using alice = await found();
    await using bob = await join(alice, "bob", "editor");
    const [notes, ofBob] = [await notesOf(alice), await notesOf(bob)];
    const note = await ofBob.createDocument({ text: "by an editor" });
    await meet(alice, bob);
    await alice.tenant.directory.changeUser(bob.name, { role: "reader" });
    await ofBob.changeDoc(note, (draft) => {
      draft.getData().text = "too late";
    });
    await notes.pullChangesFrom(ofBob.getStore());
    expect((await notes.getDocument(note.id)).getData()).toEqual({ text: "by an editor" });
    await meet(alice, bob);
    await expect(ofBob.createDocument({ text: "more" })).rejects.toMatchObject({ code: "WRITE_NOT_ALLOWED" });
    expect(note.getData()).toEqual({ text: "by an editor" });
  });

  test("no longer reads what is written under a key that is not shared with it any more", async () => {
    await using alice = await found();
    await using bob = await join(alice, "bob", "editor");
    await alice.tenant.directory.createKey("board", { share: [bob.name] });
    const [notes, ofBob] = [await notesOf(alice), await notesOf(bob)];
    const early = await notes.createDocument({ text: "early" }, { key: "board" });
    await meet(alice, bob);
    await alice.tenant.directory.changeUser(bob.name, { unshare: ["board"] });
    const late = await notes.createDocument({ text: "late" }, { key: "board" });
    const open = await notes.createDocument({ text: "open" });
    await meet(alice, bob);
    expect((await ofBob.getDocument(early.id)).getData()).toEqual({ text: "early" });
    expect((await ofBob.getDocument(open.id)).getData()).toEqual({ text: "open" });
    expect(await ofBob.findDocument(late.id)).toBeUndefined();
  });

  test("P-11 as an admin no more, keeps the keys that were shared with it and no other", async () => {
    await using alice = await found();
    await using bob = await join(alice, "bob", "admin");
    await alice.tenant.directory.createKey("board");
    await alice.tenant.directory.createKey("team", { share: [bob.name] });
    const [notes, ofBob] = [await notesOf(alice), await notesOf(bob)];
    await meet(alice, bob);
    await alice.tenant.directory.changeUser(bob.name, { role: "editor" });
    const board = await notes.createDocument({ text: "late" }, { key: "board" });
    const team = await notes.createDocument({ text: "late" }, { key: "team" });
    await meet(alice, bob);
    expect((await ofBob.getDocument(team.id)).getData()).toEqual({ text: "late" });
    expect(await ofBob.findDocument(board.id)).toBeUndefined();
  });
});

describe("a key that was taken away", () => {
  test("D11 is written under no more, by who holds it still; what is not under it goes on", async () => {
    await using alice = await found();
    await using bob = await join(alice, "bob", "editor");
    await alice.tenant.directory.createKey("board", { share: [bob.name] });
    const [notes, ofBob] = [await notesOf(alice), await notesOf(bob)];
    const early = await notes.createDocument({ text: "early" }, { key: "board" });
    const open = await notes.createDocument({ text: "open" });
    await meet(alice, bob);
    const edit = async (id: typeof early.id, text: string) =>
      ofBob.changeDoc(await ofBob.getDocument(id), (draft) => {
        draft.getData().text = text;
      });
    await edit(early.id, "by Bob, in time");
    await meet(alice, bob);
    expect(early.getData()).toEqual({ text: "by Bob, in time" });
    await edit(early.id, "by Bob, too late");
    await edit(open.id, "by Bob");
    await alice.tenant.directory.changeUser(bob.name, { unshare: ["board"] });
    await meet(alice, bob);
    await meet(alice, bob);
    expect(early.getData()).toEqual({ text: "by Bob, in time" });
    expect(open.getData()).toEqual({ text: "by Bob" });
    expect((await ofBob.getDocument(early.id)).getData()).toEqual({ text: "by Bob, in time" });
    await expect(edit(early.id, "more")).rejects.toMatchObject({ code: "NOT_ENTITLED" });
    await expect(ofBob.deleteDocument(early.id)).rejects.toMatchObject({ code: "NOT_ENTITLED" });
    await expect(ofBob.createDocument({ text: "more" }, { key: "board" })).rejects.toThrow();
    await edit(open.id, "by Bob, since");
    await meet(alice, bob);
    expect(open.getData()).toEqual({ text: "by Bob, since" });
  });

  test("D11 is given by a share, wherever that arrives: what came before it counts then", async () => {
    await using alice = await found();
    await using bob = await join(alice, "bob", "editor");
    await using carol = await join(alice, "carol", "editor");
    await alice.tenant.directory.createKey("board", { share: [carol.name] });
    const [notes, ofBob, ofCarol] = [await notesOf(alice), await notesOf(bob), await notesOf(carol)];
    await meet(alice, carol);
    await alice.tenant.directory.shareKey("board", [bob.name]);
    await meet(alice, bob);
    const his = await ofBob.createDocument({ text: "by Bob" }, { key: "board" });
    const refused: string[] = [];
    ofCarol.on("quarantined", ({ reason }) => refused.push(reason));
    // The entries alone: what the directory says of them comes later.
    const { tenant, database } = ofBob.getStore();
    const entries = memoryStore({ verifier: nativeCrypto, random: (length) => new Uint8Array(length) }).entries(
      tenant,
      database,
    );
    await ofBob.pushChangesTo(entries);
    await ofCarol.pullChangesFrom(entries);
    expect(await ofCarol.findDocument(his.id)).toBeUndefined();
    expect(refused).toEqual(["WRITE_NOT_ENTITLED"]);
    await meet(alice, carol);
    expect((await ofCarol.getDocument(his.id)).getData()).toEqual({ text: "by Bob" });
    for await (const { reason } of carol.tenant.directory.quarantined()) expect.fail(reason);
    await meet(alice, bob);
    expect((await notes.getDocument(his.id)).getData()).toEqual({ text: "by Bob" });
  });
});

test("a revoked device is let in by nobody who knows", async () => {
  await using alice = await found();
  await using bob = await join(alice, "bob", "editor");
  await using carol = await join(alice, "carol", "editor");
  await alice.tenant.directory.revokeUser(bob.name);
  await meet(alice, carol);
  for (const other of [alice, carol])
    await expect(meet(other, bob)).rejects.toMatchObject({ code: "CONNECTION_REFUSED" });
});
