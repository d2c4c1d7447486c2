// Changes of several documents that are one.
import type { Draft } from "@selkie/client";
import { describe, expect, it } from "vitest";
import { connect, found, join, meet, type Person, restart } from "../support/company.ts";

interface Account {
  owner: string;
  euros: number;
}

const accountsOf = ({ tenant }: Person) => tenant.openDB<Account>("accounts");

async function bank() {
  const alice = await found();
  const accounts = await accountsOf(alice);
  const mine = await accounts.createDocument({ owner: "alice", euros: 100 });
  const yours = await accounts.createDocument({ owner: "bob", euros: 0 });
  const changes: string[] = [];
  accounts.on("change", ({ id }) => changes.push(id));
  const historyOf = async (id: typeof mine.id) => (await Array.fromAsync(accounts.history.changes(id))).length;
  return { alice, accounts, mine, yours, changes, historyOf };
}

const pay = (euros: number) => (draft: Draft<Account>) => {
  draft.getData().euros += euros;
};
const setTo = (euros: number) => (draft: Draft<Account>) => {
  draft.getData().euros = euros;
};

/** The sums in two documents, as they are now. */
const sums = (...docs: readonly { getData(): Account }[]) => docs.map((doc) => doc.getData().euros);

describe("a transaction", () => {
  it("changes, creates and deletes documents all at once, and gives what its callback gave", async () => {
    const { accounts, mine, yours, changes } = await bank();
    const made = await accounts.transact(async (tx) => {
      await tx.changeDoc(mine, pay(-30));
      const theirs = await tx.createDocument({ owner: "carol", euros: 20 });
      expect(theirs.getData()).toEqual({ owner: "carol", euros: 20 });
      await tx.changeDoc(theirs, pay(10));
      await tx.deleteDocument(yours);
      expect([mine.getData().euros, yours.isDeleted(), await accounts.findDocument(theirs.id)]).toEqual([
        ...[100, false, undefined],
      ]);
      expect(changes).toEqual([]);
      return theirs;
    });
    expect([mine.getData().euros, yours.isDeleted(), made.getData().euros]).toEqual([70, true, 30]);
    expect(await accounts.getDocument(made.id)).toBe(made);
    expect(changes.toSorted()).toEqual([mine.id, yours.id, made.id].toSorted());
    await accounts.changeDoc(made, pay(1));
    expect(made.getData().euros).toBe(31);
  });

  it("whose callback throws leaves nothing, not in the history either", async () => {
    const { accounts, mine, changes, historyOf } = await bank();
    let made = "";
    const failing = accounts.transact(async (tx) => {
      await tx.changeDoc(mine, pay(-30));
      const doc = await tx.createDocument({ owner: "carol", euros: 30 });
      made = doc.id;
      throw new RangeError("carol has left");
    });
    await expect(failing).rejects.toThrow("carol has left");
    expect([mine.getData().euros, await historyOf(mine.id), changes]).toEqual([100, 1, []]);
    expect((await accounts.getAllDocumentIds()).includes(made as typeof mine.id)).toBe(false);
    await accounts.changeDoc(mine, pay(-1));
    expect(mine.getData().euros).toBe(99);
  });

  it("shows a draft what it did before, and nobody else", async () => {
    const { accounts, mine } = await bank();
    await accounts.transact(async (tx) => {
      for (const seen of [100, 90, 80])
        await tx.changeDoc(mine, (draft) => {
          expect(draft.getData().euros).toBe(seen);
          draft.getData().euros -= 10;
        });
      expect(mine.getData().euros).toBe(100);
    });
    expect(mine.getData().euros).toBe(70);
  });

  it("goes on without an edit that fails, when its callback does", async () => {
    const { accounts, mine, yours } = await bank();
    await accounts.transact(async (tx) => {
      await tx.changeDoc(mine, pay(-30));
      const late = tx.changeDoc(mine, async (draft) => {
        await Promise.resolve();
        draft.getData().euros = 1_000;
      });
      await expect(late).rejects.toMatchObject({ code: "CHANGE_CLOSED" });
      const bad = tx.changeDoc(mine, setTo(Symbol("money") as never));
      await expect(bad).rejects.toMatchObject({ code: "VALUE_UNSUPPORTED" });
      await tx.changeDoc(yours, pay(30));
    });
    expect(sums(mine, yours)).toEqual([70, 30]);
  });

  it("is run again when its document was edited meanwhile, so that no edit is lost", async () => {
    const { accounts, mine, yours } = await bank();
    let runs = 0;
    await accounts.transact(async (tx) => {
      runs += 1;
      await tx.changeDoc(mine, pay(-30));
      if (runs === 1) await accounts.changeDoc(mine, setTo(50));
      await tx.changeDoc(yours, pay(30));
    });
    expect([runs, ...sums(mine, yours)]).toEqual([2, 20, 30]);
  });

  it("that edits its own documents past itself is given up, and nothing of it is done", async () => {
    const { accounts, mine, yours, historyOf } = await bank();
    const always = accounts.transact(async (tx) => {
      await tx.changeDoc(yours, pay(1_000));
      await accounts.changeDoc(yours, pay(1));
      await tx.changeDoc(mine, pay(-1_000));
    });
    await expect(always).rejects.toMatchObject({ code: "TRANSACTION_CONFLICT" });
    expect([...sums(mine, yours), await historyOf(mine.id)]).toEqual([100, 5, 1]);
  });

  it("runs beside others on the same documents, whatever their order, and all of them count", async () => {
    const { accounts, mine, yours } = await bank();
    const move = (from: typeof mine, to: typeof mine, euros: number) =>
      accounts.transact(async (tx) => {
        await tx.changeDoc(from, pay(-euros));
        await tx.changeDoc(to, pay(euros));
      });
    await Promise.all([move(mine, yours, 10), move(yours, mine, 3), move(mine, yours, 1)]);
    expect(sums(mine, yours)).toEqual([92, 8]);
  });

  it("that does not fit into one entry is refused, and nothing of it is done", async () => {
    const { accounts, mine, changes } = await bank();
    const large = accounts.transact(async (tx) => {
      await tx.changeDoc(mine, pay(-30));
      for (let at = 0; at < 100; at++) await tx.createDocument({ owner: `${at}`, euros: 0 });
    });
    await expect(large).rejects.toMatchObject({ code: "TRANSACTION_TOO_LARGE" });
    expect([mine.getData().euros, changes, (await accounts.getAllDocumentIds()).length]).toEqual([100, [], 2]);
    await accounts.changeDoc(mine, pay(-1));
  });

  it("waits for no edit that waits for it: an edit within an edit goes on beside it", async () => {
    const { accounts, mine, yours } = await bank();
    const edit = accounts.changeDoc(yours, async (draft) => {
      draft.getData().euros += 1;
      await moved;
      await accounts.changeDoc(mine, pay(1));
    });
    const moved = Promise.resolve();
    await accounts.transact(async (tx) => {
      await tx.changeDoc(mine, pay(-30));
      await tx.changeDoc(yours, pay(30));
    });
    await edit;
    expect(sums(mine, yours)).toEqual([71, 31]);
  });

  it("takes an edit within an edit, and what is not awaited", async () => {
    const { accounts, mine, yours } = await bank();
    await accounts.transact(async (tx) => {
      await tx.changeDoc(mine, async (draft) => {
        draft.getData().euros -= 10;
        await tx.changeDoc(yours, pay(10));
      });
      void tx.changeDoc(mine, pay(-5));
      void tx.changeDoc(mine, pay(-6));
    });
    expect(sums(mine, yours)).toEqual([79, 10]);
  });

  it("refuses the document that is one too many at once", async () => {
    const { accounts } = await bank();
    await accounts.transact(async (tx) => {
      for (let at = 0; at < 100; at++) await tx.createDocument({ owner: `${at}`, euros: 0 });
      const more = tx.createDocument({ owner: "one more", euros: 0 });
      await expect(more).rejects.toMatchObject({ code: "TRANSACTION_TOO_LARGE" });
    });
    expect((await accounts.getAllDocumentIds()).length).toBe(102);
  });

  it("takes nothing any more once it has ended", async () => {
    const { accounts, mine } = await bank();
    const kept = await accounts.transact(async (tx) => tx);
    await expect(kept.changeDoc(mine, setTo(0))).rejects.toMatchObject({
      code: "CHANGE_CLOSED",
    });
    expect(mine.getData().euros).toBe(100);
  });

  it("creates no document that is there", async () => {
    const { accounts } = await bank();
    await accounts.createDocument({ owner: "dave", euros: 1 }, { id: "dave" });
    const twice = (id: string) =>
      accounts.transact(async (tx) => {
        await tx.createDocument({ owner: "dave", euros: 2 }, { id });
        await tx.createDocument({ owner: "dave", euros: 3 }, { id });
      });
    for (const id of ["dave", "erin"]) await expect(twice(id)).rejects.toMatchObject({ code: "DOC_EXISTS" });
    expect((await accounts.getAllDocumentIds()).length).toBe(3);
  });

  it("is refused to a reader", async () => {
    const { alice, mine } = await bank();
    const bob = await join(alice, "bob", "reader");
    const accounts = await accountsOf(bob);
    await meet(alice, bob);
    const theirs = await accounts.getDocument(mine.id);
    const run = async () => accounts.transact((tx) => tx.changeDoc(theirs, setTo(1)));
    await expect(run()).rejects.toMatchObject({ code: "WRITE_NOT_ALLOWED" });
  });

  it("is there after a restart, and elsewhere, whole", async () => {
    const { alice, accounts, mine, yours } = await bank();
    const { id } = await accounts.transact(async (tx) => {
      await tx.changeDoc(mine, pay(-30));
      await tx.changeDoc(yours, pay(20));
      return tx.createDocument({ owner: "carol", euros: 10 });
    });
    const again = await restart(alice);
    const bob = await join(again, "bob", "editor");
    await accountsOf(again);
    const theirs = await accountsOf(bob);
    await meet(again, bob);
    const docs = await Promise.all([mine.id, yours.id, id].map((each) => theirs.getDocument(each)));
    expect(sums(...docs)).toEqual([70, 20, 10]);
  });

  it("is seen as one here and on another device: whoever is told of one document finds the others moved on", async () => {
    const { alice, accounts, mine, yours } = await bank();
    const bob = await join(alice, "bob", "editor");
    const theirs = await accountsOf(bob);
    await meet(alice, bob);
    const [hisMine, hisYours] = [await theirs.getDocument(mine.id), await theirs.getDocument(yours.id)];
    const seen = new Set<number>();
    for (const [one, other] of [
      [mine, yours],
      [hisMine, hisYours],
    ] as const)
      for (const doc of [one, other]) doc.on("change", () => seen.add(one.getData().euros + other.getData().euros));
    const [up, down] = await connect(alice, bob);
    for (let at = 0; at < 20; at++)
      await accounts.transact(async (tx) => {
        await tx.changeDoc(mine, pay(-1));
        await tx.changeDoc(yours, pay(1));
      });
    await up.synced();
    await down.synced();
    expect([sums(hisMine, hisYours), [...seen]]).toEqual([[80, 20], [100]]);
    await up[Symbol.asyncDispose]();
    await down[Symbol.asyncDispose]();
  });
});
