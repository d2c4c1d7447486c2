// What the calls of a database take: handles or ids, messages, a key, signals.
import {
  CoreError,
  type Counter,
  counter,
  type Database,
  type Draft,
  docIdNamed,
  type HistoryItem,
  type MarkEnds,
  whenVerified,
} from "@selkie/client";
import { describe, expect, test } from "vitest";
import { found, join, meet, type Person, restart } from "../support/company.ts";

interface Note {
  text: string;
  likes?: Counter;
}

async function historyOf(notes: Database<Note>, id: Parameters<Database<Note>["getDocument"]>[0]) {
  const items: HistoryItem[] = [];
  for await (const item of notes.history.changes(id)) items.push(item);
  return items.map(({ kind, message }) => [kind, message]);
}

/** An edit of the text. */
const say = (text: string) => (draft: Draft<Note>) => {
  draft.getData().text = text;
};

const gaveUp = new Error("gave up");
const aborted = (): AbortSignal => AbortSignal.abort(gaveUp);

describe("a document is named", () => {
  test("by its handle or by its id, in all that is done with it", async () => {
    await using alice = await found();
    const notes = await alice.tenant.openDB<Note>("notes");
    const doc = await notes.createDocument({ text: "one" });
    const { id } = doc;
    const heads = doc.getHeads();
    expect(await notes.changeDoc(id, say("two"))).toBe(doc);
    await notes.transact(async (tx) => void (await tx.changeDoc(id, say("three"))));
    expect(doc.getData()).toEqual({ text: "three" });
    expect(await notes.history.restore(doc, heads)).toBe(doc);
    expect(doc.getData()).toEqual({ text: "one" });
    for (const named of [doc, id]) {
      await notes.deleteDocument(named);
      expect(doc.isDeleted()).toBe(true);
      expect(await notes.undeleteDocument(named)).toBe(doc);
    }
    expect((await notes.purgeDocHistory(doc)).pending.length).toBeGreaterThanOrEqual(0);
    await expect(notes.changeDoc(id, () => undefined)).rejects.toMatchObject({ code: "DOC_PURGED" });
  });
});

describe("a document of the app's own id", () => {
  test("is found by it on every device, before it is there, under the key of its database or another", async () => {
    await using alice = await found();
    await using bob = await join(alice, "bob", "editor");
    await alice.tenant.directory.createKey("board", { share: ["CN=bob/O=acme"] });
    const [notes, board] = [
      await alice.tenant.openDB<Note>("notes"),
      await alice.tenant.openDB<Note>("notes", { key: "board" }),
    ];
    const today = docIdNamed(notes, "today");
    expect(await notes.findDocument(today)).toBeUndefined();
    const doc = await notes.createDocument({ text: "of all" }, { id: "today" });
    const ofBoard = await board.createDocument({ text: "of the board" }, { id: "today" });
    expect([doc.id, ofBoard.id]).toEqual([today, docIdNamed(board, "today")]);
    expect(docIdNamed(notes, "today", { key: "board" })).toBe(ofBoard.id);
    expect(docIdNamed(notes, "tomorrow")).not.toBe(today);
    const his = await bob.tenant.openDB<Note>("notes");
    await meet(alice, bob);
    expect((await his.getDocument(docIdNamed(his, "today"))).getData()).toEqual({ text: "of all" });
    const other = await his.findDocument(docIdNamed(his, "today", { key: "board" }));
    expect(other?.getData()).toEqual({ text: "of the board" });
    expect(() => docIdNamed(his, "today", { key: "none" })).toThrow(expect.objectContaining({ code: "KEY_UNKNOWN" }));
  });

  test("is given with what the type of a document requires", async () => {
    await using alice = await found();
    const [notes, drafts] = [
      await alice.tenant.openDB<Note>("notes"),
      await alice.tenant.openDB<Partial<Note>>("drafts"),
    ];
    const forgotten = async () => {
      // @ts-expect-error a note has a text
      await notes.createDocument();
      // @ts-expect-error in a transaction, too
      await notes.transact((tx) => tx.createDocument());
    };
    expect(forgotten).toBeTypeOf("function");
    expect((await drafts.createDocument()).getData()).toEqual({});
    expect((await drafts.transact((tx) => tx.createDocument())).getData()).toEqual({});
    expect((await (await alice.tenant.openDB("things")).createDocument()).getData()).toEqual({});
  });
});

describe("a database", () => {
  test("has a name", async () => {
    await using alice = await found();
    for (const name of ["", "a".repeat(201), "two\nlines", "\ud800"])
      for (const options of [undefined, { at: new Date() }])
        await expect(alice.tenant.openDB(name, options as undefined)).rejects.toMatchObject({ code: "NAME_INVALID" });
  });
});

describe("a message", () => {
  test("stands in the history of whatever was done, here and with others", async () => {
    await using alice = await found();
    await using bob = await join(alice, "bob", "editor");
    const notes = await alice.tenant.openDB<Note>("notes");
    const doc = await notes.createDocument({ text: "one" });
    const heads = doc.getHeads();
    await notes.changeDoc(doc, say("two"), { message: "changed" });
    await notes.deleteDocument(doc, { message: "deleted" });
    await notes.undeleteDocument(doc, { message: "undeleted" });
    await notes.deleteDocument(doc);
    await notes.history.restore(doc, heads, { message: "as it was" });
    await notes.transact(
      async (tx) => {
        await tx.changeDoc(doc, say("three"));
        await tx.changeDoc(doc, say("four"), { message: "its own" });
        await tx.deleteDocument(doc);
      },
      { message: "together" },
    );
    const told = [
      ["change", null],
      ["change", "changed"],
      ["delete", "deleted"],
      ["undelete", "undeleted"],
      ["delete", null],
      ["undelete", "as it was"],
      ["change", "as it was"],
      ["change", "together"],
      ["change", "its own"],
      ["delete", "together"],
    ];
    expect(await historyOf(notes, doc.id)).toEqual(told);
    const ofBob = await bob.tenant.openDB<Note>("notes");
    await meet(alice, bob);
    expect(await historyOf(ofBob, doc.id)).toEqual(told);
  });

  test("is refused when it is too long, before anything is done", async () => {
    await using alice = await found();
    const notes = await alice.tenant.openDB<Note>("notes");
    const doc = await notes.createDocument({ text: "one" });
    const message = "x".repeat(1_025);
    for (const refused of [
      notes.deleteDocument(doc, { message }),
      notes.history.restore(doc, doc.getHeads(), { message }),
      notes.transact((tx) => tx.deleteDocument(doc), { message }),
    ])
      await expect(refused).rejects.toMatchObject({ code: "VALUE_UNSUPPORTED" });
    expect([doc.isDeleted(), await historyOf(notes, doc.id)]).toEqual([false, [["change", null]]]);
  });
});

describe("a database opened with a key", () => {
  /** Whether somebody sees a document. */
  const sees = async ({ tenant }: Person, id: Parameters<Database<Note>["getDocument"]>[0]): Promise<boolean> =>
    (await (await tenant.openDB<Note>("notes")).findDocument(id)) !== undefined;

  test("creates documents under it, unless another is named; another handle does not", async () => {
    await using alice = await found();
    await using bob = await join(alice, "bob", "editor");
    await alice.tenant.directory.createKey("board");
    const board = await alice.tenant.openDB<Note>("notes", { key: "board" });
    const one = await board.createDocument({ text: "one" });
    const [many] = await board.createDocuments([{ text: "many" }]);
    const staged = await board.transact((tx) => tx.createDocument({ text: "staged" }));
    const named = await board.createDocument({ text: "named" }, { key: "default" });
    const open = await (await alice.tenant.openDB<Note>("notes")).createDocument({ text: "open" });
    if (many === undefined) return expect.fail("a document");
    await bob.tenant.openDB<Note>("notes");
    await meet(alice, bob);
    expect(await Promise.all([one.id, many, staged.id].map((id) => sees(bob, id)))).toEqual([false, false, false]);
    expect(await Promise.all([named.id, open.id].map((id) => sees(bob, id)))).toEqual([true, true]);
  });

  test("opens also where nobody holds it, and says so when a document is created", async () => {
    await using alice = await found();
    const notes = await alice.tenant.openDB<Note>("notes", { key: "nobody's" });
    await expect(notes.createDocument({ text: "one" })).rejects.toMatchObject({ code: "KEY_UNKNOWN" });
    expect(await notes.getAllDocumentIds()).toEqual([]);
  });
});

describe("a signal", () => {
  test("ends the opening of a database, which can be opened afterwards, and stays open where somebody has it open", async () => {
    const alice = await found();
    const { id } = await (await alice.tenant.openDB<Note>("notes")).createDocument({ text: "one" });
    await using again = await restart(alice);
    const { tenant } = again;
    const signal = aborted();
    await expect(tenant.openDB<Note>("notes", { signal })).rejects.toBe(gaveUp);
    await expect(tenant.openDB<Note>("notes", { at: new Date(), signal })).rejects.toBe(gaveUp);
    const notes = await tenant.openDB<Note>("notes", { signal: new AbortController().signal });
    await expect(tenant.openDB<Note>("notes", { signal })).rejects.toBe(gaveUp);
    await using past = await tenant.openDB<Note>("notes", { at: new Date(), signal: new AbortController().signal });
    expect((await notes.getDocument(id)).getData()).toEqual({ text: "one" });
    expect((await past.getDocument(id)).getData()).toEqual({ text: "one" });
  });

  test("ends what waits for others, and leaves the database as it is", async () => {
    await using alice = await found();
    await using bob = await join(alice, "bob", "editor");
    const [notes, ofBob] = [await alice.tenant.openDB<Note>("notes"), await bob.tenant.openDB<Note>("notes")];
    const { id } = await notes.createDocument({ text: "one" });
    const signal = aborted();
    await expect(ofBob.pullChangesFrom(notes.getStore(), { signal })).rejects.toBe(gaveUp);
    await expect(notes.pushChangesTo(ofBob.getStore(), { signal })).rejects.toBe(gaveUp);
    await expect(whenVerified(notes, { signal })).rejects.toBe(gaveUp);
    expect(await ofBob.getAllDocumentIds()).toEqual([]);
    const still = new AbortController();
    expect(await ofBob.pullChangesFrom(notes.getStore(), { signal: still.signal })).toEqual({ entries: 1 });
    await whenVerified(ofBob, { signal: still.signal });
    expect(await ofBob.getAllDocumentIds()).toEqual([id]);
  });
});

describe("what a document shows", () => {
  test("counts only within a change, and says so with a code, before and after a restart", async () => {
    const alice = await found();
    const notes = await alice.tenant.openDB<Note>("notes");
    const doc = await notes.createDocument({ text: "one", likes: counter(1) });
    const counting = (likes: Counter | undefined) => (): unknown => likes?.increment();
    const closed = expect.objectContaining({ name: "CoreError", code: "CHANGE_CLOSED" });
    expect(counting(doc.getData().likes)).toThrow(closed);
    await notes.changeDoc(doc, (draft) => void draft.getData().likes?.increment());
    expect(counting(doc.getData().likes)).toThrow(closed);
    expect([doc.getData().likes?.value, Object.isFrozen(doc.getData().likes)]).toEqual([2, true]);
    await using again = await restart(alice);
    const reopened = await again.tenant.openDB<Note>("notes");
    const { likes } = (await reopened.getDocument(doc.id)).getData();
    expect([counting(likes), likes?.value, `${likes?.valueOf()}`]).toEqual([expect.any(Function), 2, "2"]);
    expect(counting(likes)).toThrow(CoreError);
    // What is shown may be written again, as a counter of its own.
    await reopened.changeDoc(doc.id, (draft) => void Object.assign(draft.getData(), { likes }));
    await reopened.changeDoc(doc.id, (draft) => void draft.getData().likes?.increment(3));
    expect((await reopened.getDocument(doc.id)).getData().likes?.value).toBe(5);
  });

  test("has no mark of null: what takes marks away has a name of its own", async () => {
    await using alice = await found();
    const notes = await alice.tenant.openDB<Note>("notes");
    const doc = await notes.createDocument({ text: "one" });
    const nothing = JSON.parse("null") as MarkEnds;
    const mark = notes.changeDoc(doc, (draft) => draft.text(["text"]).mark({ start: 0, end: 1 }, "bold", nothing));
    await expect(mark).rejects.toMatchObject({ code: "VALUE_UNSUPPORTED" });
  });
});

describe("a signal, too,", () => {
  test("ends whatever looks into the past, of a database as it is and as it was, and nothing is left of that", async () => {
    await using alice = await found();
    const notes = await alice.tenant.openDB<Note>("notes");
    const { id } = await notes.createDocument({ text: "one" });
    await notes.changeDoc(id, say("two"));
    await using past = await alice.tenant.openDB<Note>("notes", { at: new Date(Date.now() + 60_000) });
    for (const { history } of [notes, past]) {
      const when = new Date(Date.now() + 60_000);
      const looks: Record<string, (options: { signal?: AbortSignal }) => Promise<unknown>> = {
        changes: async (options) => {
          const items: unknown[] = [];
          for await (const item of history.changes(id, options)) items.push(item);
          return items.length;
        },
        document: async (options) => (await history.getDocumentAt(id, when, options))?.getData(),
        heads: async (options) => (await history.getDocumentAt(id, [], options))?.getData(),
        ids: (options) => history.getAllDocumentIdsAt(when, options),
        diff: async (options) => (await history.diff(id, new Date(0), when, options)).length > 0,
      };
      for (const [name, look] of Object.entries(looks)) {
        await expect(look({ signal: aborted() })).rejects.toBe(gaveUp);
        if (name === "heads") continue; // of which nothing is read
        const giving = new AbortController();
        const looking = look({ signal: giving.signal });
        giving.abort(gaveUp);
        await expect(looking).rejects.toBe(gaveUp);
      }
      const seen = await Promise.all(Object.values(looks).map((look) => look({})));
      expect(seen).toEqual([2, { text: "two" }, undefined, [id], true]);
    }
  });
});
