import { type Counter, counter } from "@selkie/client";
import { describe, expect, it } from "vitest";
import { found, join, meet, type Person, restart } from "../support/company.ts";

interface Page {
  title: string;
  chapters?: { body: string }[];
  likes?: Counter;
}

const pagesOf = ({ tenant }: Person) => tenant.openDB<Page>("pages");

/** Two people with one page open, who have met. */
async function two(page: Page) {
  const alice = await found();
  const bob = await join(alice, "bob", "editor");
  const [ofAlice, ofBob] = [await pagesOf(alice), await pagesOf(bob)];
  const { id } = await ofAlice.createDocument(page);
  await meet(alice, bob);
  return { alice, bob, ofAlice, ofBob, id, here: await ofAlice.getDocument(id), there: await ofBob.getDocument(id) };
}

describe("a text", () => {
  it("is edited by two people at once, and keeps what both wrote", async () => {
    const { alice, bob, ofAlice, ofBob, here, there } = await two({ title: "a long day" });
    await ofAlice.changeDoc(here, (draft) => draft.text(["title"]).splice(2, 4, "short"));
    await ofBob.changeDoc(there, (draft) => draft.text(["title"]).splice(10, 0, " in May"));
    await meet(alice, bob);
    expect(here.getData().title).toBe("a short day in May");
    expect(there.getData().title).toBe("a short day in May");
    expect(there.getHeads()).toEqual(here.getHeads());
  });

  it("is edited at every place between two letters and at no other, wherever it lies", async () => {
    await using alice = await found();
    const pages = await alice.tenant.openDB<{ texts: { t: string }[] }>("pages");
    for (const text of ["", "a", "a\u{1f600}", "\u{1f600}\u{1f601}b", "é\u{1f600}"]) {
      const page = await pages.createDocument({ texts: [{ t: "before" }, { t: text }] });
      const path = ["texts", 1, "t"];
      for (let at = -1; at <= text.length + 1; at++) {
        const before = page.getData().texts[1]?.t ?? "";
        const isInside = at >= 0 && at <= before.length;
        const isWhole = isInside && !/[\ud800-\udbff]$/.test(before.slice(0, at));
        const edit = pages.changeDoc(page, (draft) => draft.text(path).splice(at, 0, "-"));
        if (!isWhole) await expect(edit).rejects.toMatchObject({ code: "VALUE_UNSUPPORTED" });
        else await edit;
        const after = isWhole ? `${before.slice(0, at)}-${before.slice(at)}` : before;
        expect(page.getData().texts).toEqual([{ t: "before" }, { t: after }]);
        if (isWhole) await pages.changeDoc(page, (draft) => draft.text(path).splice(at, 1));
      }
    }
    const none = await pages.createDocument({ texts: [] });
    for (const path of [["texts"], ["texts", 0], ["texts", "t"], ["nothing", "t"], [0]])
      await expect(pages.changeDoc(none, (draft) => draft.text(path).splice(0, 0, "-"))).rejects.toMatchObject({
        code: "VALUE_UNSUPPORTED",
      });
  });

  it("keeps what others write when it is updated to what an input field holds", async () => {
    const { alice, bob, ofAlice, ofBob, here, there } = await two({ title: "", chapters: [{ body: "one two three" }] });
    await ofAlice.changeDoc(here, (draft) => draft.text(["chapters", 0, "body"]).update("one 2 three"));
    await ofBob.changeDoc(there, (draft) => draft.text(["chapters", 0, "body"]).update("one two three four"));
    await meet(alice, bob);
    expect(here.getData().chapters?.[0]?.body).toBe("one 2 three four");
  });

  it("costs a few bytes a letter, and not the whole text again", async () => {
    const { ofAlice, here } = await two({ title: "x".repeat(20_000) });
    const before = await sizeOf(ofAlice);
    await ofAlice.changeDoc(here, (draft) => draft.text(["title"]).splice(10_000, 0, "y"));
    expect((await sizeOf(ofAlice)) - before).toBeLessThan(500);
  });

  it("reads as it stands within the change", async () => {
    const { ofAlice, here } = await two({ title: "a" });
    await ofAlice.changeDoc(here, (draft) => {
      const title = draft.text(["title"]);
      title.splice(1, 0, "b");
      expect(String(title)).toBe("ab");
      expect(draft.getData().title).toBe("ab");
      draft.getData().title = "anew";
      expect(String(title)).toBe("anew");
    });
    expect(here.getData().title).toBe("anew");
  });

  it("refuses what is no stretch of it, and changes nothing", async () => {
    const { ofAlice, here } = await two({ title: "a😀b" });
    const heads = here.getHeads();
    const bad: readonly (readonly [number, number, string?])[] = [
      [5, 0],
      [-1, 0],
      [0, 5],
      [0, -1],
      [0.5, 0],
      [Number.NaN, 0],
      [2, 0], // between the halves of the surrogate pair
      [0, 2],
      [0, 0, "\ud83d"],
    ];
    for (const [at, count, insert] of bad)
      await expect(
        ofAlice.changeDoc(here, (draft) => draft.text(["title"]).splice(at, count, insert)),
      ).rejects.toMatchObject({ code: "VALUE_UNSUPPORTED" });
    for (const path of [[], ["titel"], ["chapters", 0, "body"], ["title", 0], ["__proto__"]])
      await expect(ofAlice.changeDoc(here, (draft) => draft.text(path).splice(0, 0, "x"))).rejects.toMatchObject({
        code: "VALUE_UNSUPPORTED",
      });
    expect(here.getHeads()).toEqual(heads);
    expect(here.getData().title).toBe("a😀b");
  });

  it("cannot be edited once its change has ended", async () => {
    const { ofAlice, here } = await two({ title: "a" });
    const edit = ofAlice.changeDoc(here, async (draft) => {
      const title = draft.text(["title"]);
      await Promise.resolve();
      title.splice(0, 0, "late");
    });
    await expect(edit).rejects.toMatchObject({ code: "CHANGE_CLOSED" });
    expect(here.getData().title).toBe("a");
  });
});

describe("a counter", () => {
  it("loses nothing that two people count at once, and outlives a restart", async () => {
    const { alice, bob, ofAlice, ofBob, here, there, id } = await two({ title: "", likes: counter(5) });
    await ofAlice.changeDoc(here, (draft) => void draft.getData().likes?.increment());
    await ofBob.changeDoc(there, (draft) => void draft.getData().likes?.decrement(3));
    await meet(alice, bob);
    expect(Number(here.getData().likes)).toBe(3);
    expect(Number(there.getData().likes)).toBe(3);
    await using again = await restart(alice);
    expect(Number((await (await pagesOf(again)).getDocument(id)).getData().likes)).toBe(3);
  });

  it("counts in whole numbers that a number can hold, and only within a change", async () => {
    const { ofAlice, here } = await two({ title: "", likes: counter(2 ** 53 - 2) });
    for (const by of [1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])
      await expect(ofAlice.changeDoc(here, (draft) => void draft.getData().likes?.increment(by))).rejects.toMatchObject(
        { code: "VALUE_UNSUPPORTED" },
      );
    expect(() => counter().increment()).toThrowError(expect.objectContaining({ code: "CHANGE_CLOSED" }));
    let late: Counter | undefined;
    await ofAlice.changeDoc(here, (draft) => {
      late = draft.getData().likes;
    });
    expect(() => late?.decrement()).toThrowError(expect.objectContaining({ code: "CHANGE_CLOSED" }));
    expect(Number(here.getData().likes)).toBe(2 ** 53 - 2);
  });
});

describe("a counter that two people counted too far", () => {
  it("says so with a code, and a new one takes its place", async () => {
    const { alice, bob, ofAlice, ofBob, here, there } = await two({ title: "", likes: counter(0) });
    const most = 2 ** 53 - 2;
    await ofAlice.changeDoc(here, (draft) => void draft.getData().likes?.increment(most));
    await ofBob.changeDoc(there, (draft) => void draft.getData().likes?.increment(most));
    await meet(alice, bob);
    for (const by of [1, -1])
      await expect(ofAlice.changeDoc(here, (draft) => void draft.getData().likes?.increment(by))).rejects.toMatchObject(
        { code: "VALUE_UNSUPPORTED" },
      );
    await ofAlice.changeDoc(here, (draft) => {
      draft.getData().likes = counter(1);
    });
    await meet(alice, bob);
    expect(Number(there.getData().likes)).toBe(1);
  });
});

describe("a deleted document", () => {
  it("comes back as it was, everywhere, and can be edited and deleted again", async () => {
    const { alice, bob, ofAlice, ofBob, here, there, id } = await two({ title: "kept" });
    await ofAlice.deleteDocument(here);
    await meet(alice, bob);
    expect(there.isDeleted()).toBe(true);
    const back = await ofBob.undeleteDocument(id);
    expect(back.getData()).toEqual({ title: "kept" });
    await ofBob.changeDoc(back, (draft) => draft.text(["title"]).splice(4, 0, " on"));
    await meet(alice, bob);
    expect(here.isDeleted()).toBe(false);
    expect(here.getData().title).toBe("kept on");
    expect(await ofAlice.getAllDocumentIds()).toEqual([id]);
    await ofAlice.deleteDocument(id);
    await meet(alice, bob);
    expect(there.isDeleted()).toBe(true);
    await using again = await restart(bob);
    expect(await (await pagesOf(again)).getAllDocumentIds()).toEqual([]);
  });

  it("stays deleted when somebody deleted it again without knowing that it was back", async () => {
    const { alice, bob, ofAlice, ofBob, here, there, id } = await two({ title: "" });
    await ofAlice.deleteDocument(here);
    await ofBob.deleteDocument(there);
    await ofAlice.undeleteDocument(id);
    await meet(alice, bob);
    expect([here.isDeleted(), there.isDeleted()]).toEqual([true, true]);
    await ofBob.undeleteDocument(id);
    await meet(alice, bob);
    expect([here.isDeleted(), there.isDeleted()]).toEqual([false, false]);
  });

  it("is nothing to undelete while it is there, and unknown when it is not", async () => {
    const { ofAlice, here } = await two({ title: "" });
    const heads = here.getHeads();
    await ofAlice.undeleteDocument(here.id);
    expect(here.getHeads()).toEqual(heads);
    const other = await (await pagesOf(await found())).createDocument({ title: "" });
    await expect(ofAlice.undeleteDocument(other.id)).rejects.toMatchObject({ code: "DOC_NOT_FOUND" });
  });
});

/** Bytes of all entries of a database, once everything is sealed. */
async function sizeOf(database: Awaited<ReturnType<typeof pagesOf>>): Promise<number> {
  const store = database.getStore();
  let size = 0;
  for await (const run of store.scan())
    for (const entry of run.entries)
      for (const part of entry.parts) if (part.type === "sealed") size += part.ciphertext.length;
  return size;
}
