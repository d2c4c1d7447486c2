import { describe, expect, test } from "vitest";
import { found, join, meet, type Person } from "./support/company.ts";

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
    expect(await alice.tenant.directory.users()).toEqual(
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
});
