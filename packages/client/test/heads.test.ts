// Two people compare what they hold, by a text that one shows and the other scans.
import { describe, expect, test } from "vitest";
import { found, join, meet, type Person } from "./support/company.ts";

interface Note {
  text: string;
}

const notesOf = ({ tenant }: Person) => tenant.openDB<Note>("notes");
const compare = async (from: Person, to: Person) => to.tenant.compareHeads(await from.tenant.headsText());

describe("a text of what a device holds", () => {
  test("says who of two people lacks what, in which database, and that they hold the same", async () => {
    await using alice = await found();
    await using bob = await join(alice, "bob", "reader");
    const [ofAlice] = [await notesOf(alice), await notesOf(bob)];
    await ofAlice.createDocument({ text: "one" });
    await meet(alice, bob);
    expect(await compare(bob, alice)).toMatchObject({ verdict: "same", user: bob.name, compared: 2, differences: [] });
    await ofAlice.createDocument({ text: "two" });
    await ofAlice[Symbol.asyncDispose](); // sealed
    const [behind, ahead] = [await compare(alice, bob), await compare(bob, alice)];
    expect(behind).toMatchObject({ verdict: "behind", differences: [{ type: "behind", name: "notes", seq: 1 }] });
    expect(ahead).toMatchObject({ verdict: "ahead", differences: [{ type: "ahead", name: "notes", seq: 1 }] });
    await notesOf(alice);
    await meet(alice, bob);
    expect(await compare(alice, bob)).toMatchObject({ verdict: "same" });
    await alice.tenant.directory.createKey("board");
    expect(await compare(alice, bob)).toMatchObject({ verdict: "behind", differences: [{ name: null }] });
  });

  test("fits one QR code however many databases and chains there are, and says how many found no room", async () => {
    await using alice = await found();
    await using bob = await join(alice, "bob", "editor");
    for (let at = 0; at < 24; at += 1) {
      for (const { tenant } of [alice, bob]) {
        await using database = await tenant.openDB<Note>(`notes ${at}`);
        await database.createDocument({ text: "one" });
      }
    }
    const text = await alice.tenant.headsText();
    expect(text).toMatch(/^[0-9A-Z:]{1,1248}$/);
    expect(await alice.tenant.compareHeads(` ${text.toLowerCase().replaceAll(/.{60}/g, "$&\r\n")}`)).toMatchObject({
      ...{ verdict: "same", compared: 20, left: 5 },
    });
    expect(await compare(alice, bob)).toMatchObject({ verdict: "apart" });
  });

  test("B7 counts only when a device that is in the tenant made it", async () => {
    await using alice = await found();
    await using bob = await join(alice, "bob", "editor");
    await using mallory = await found();
    const text = await bob.tenant.headsText();
    await expect(compare(mallory, alice)).rejects.toMatchObject({ code: "HEADS_OF_OTHER_TENANT" });
    for (const wrong of ["", text.slice(0, -1), text.slice(0, 40), `${text}AA`, text.replace("HEADS:1", "HEADS:2")])
      await expect(alice.tenant.compareHeads(wrong)).rejects.toMatchObject({ code: "HEADS_MALFORMED" });
    for (const at of [50, 60, text.length - 20]) {
      const other = text[at] === "A" ? "B" : "A";
      const changed = alice.tenant.compareHeads(text.slice(0, at) + other + text.slice(at + 1));
      await expect(changed).rejects.toMatchObject({ code: expect.stringMatching(/^HEADS_(NOT_OF_MEMBER|MALFORMED)$/) });
    }
    expect((await alice.tenant.compareHeads(text)).user).toBe(bob.name);
    await alice.tenant.directory.revokeUser(bob.name);
    await expect(alice.tenant.compareHeads(text)).rejects.toMatchObject({ code: "HEADS_NOT_OF_MEMBER" });
  });
});
