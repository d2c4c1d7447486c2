// Purging through the public API alone: what goes, where, and what everybody is told.
import type { Alarm, Database, DatabaseEvents, DocId } from "@selkie/client";
import { toHex } from "@selkie/entry";
import { expect, test } from "vitest";
import { addDevice, deviceOf, found, join, meet, type Person, restart } from "./support/company.ts";

interface Note {
  text: string;
}

const code = (wanted: string) => expect.objectContaining({ code: wanted });
const notesOf = ({ tenant }: Person): Promise<Database<Note>> => tenant.openDB<Note>("notes");

async function edit(person: Person, id: DocId, text: string): Promise<void> {
  const notes = await notesOf(person);
  await notes.changeDoc(await notes.getDocument(id), (draft) => {
    draft.getData().text = text;
  });
}

/** What somebody is told next of this kind. */
async function told<Type extends keyof DatabaseEvents>(person: Person, type: Type): Promise<DatabaseEvents[Type]> {
  const notes = await notesOf(person);
  return new Promise((resolve) => {
    const off = notes.on(type, (event) => {
      off();
      resolve(event);
    });
  });
}

/** What documents say, by id; those that are purged too. */
async function stateOf(person: Person, ids: readonly DocId[]): Promise<readonly string[]> {
  const notes = await notesOf(person);
  const texts = ids.map(async (id) => (await notes.getDocument(id)).getData().text);
  return Promise.all(texts.map((text) => text.catch((error: { code: string }) => error.code)));
}

async function feedOf(person: Person): Promise<readonly string[]> {
  const items = await Array.fromAsync((await notesOf(person)).iterateChangesSince(null));
  return items.map(({ type, doc }) => `${type} ${doc.getData().text ?? ""}`.trim()).sort();
}

/** How many parts are holes in what somebody holds. */
async function holesOf(person: Person): Promise<number> {
  const runs = await Array.fromAsync((await notesOf(person)).getStore().scan());
  const parts = runs.flatMap(({ entries }) => entries.flatMap((entry) => entry.parts));
  return parts.filter(({ type }) => type === "hole").length;
}

/** The long sealed rows on somebody's disk, which hold what databases show. */
function large({ place }: Person): ReadonlySet<string> {
  const { state } = place.disk.content;
  const rows = new Set<string>();
  const end = new Uint8Array(200).fill(255);
  for (let row = state.first(new Uint8Array(), end); row !== undefined; ) {
    if (row.value.length > 10_000) rows.add(toHex(row.key));
    row = state.first(Uint8Array.of(...row.key, 0), end);
  }
  return rows;
}

function alarmsOf({ tenant }: Person): Alarm["code"][] {
  const alarms: Alarm["code"][] = [];
  tenant.on("alarm", ({ code }) => alarms.push(code));
  return alarms;
}

/** Alice and others who have two documents of hers; `purgeAfter` in seconds. */
async function company(roles: readonly ("admin" | "editor" | "reader")[], purgeAfter: number | null = 0) {
  const alice = await found();
  if (purgeAfter !== null) await alice.tenant.settings.change({ purgeAfter });
  const notes = await notesOf(alice);
  const doc = await notes.createDocument({ text: "first" });
  await notes.changeDoc(doc, (draft) => {
    draft.getData().text = "second";
  });
  const other = await notes.createDocument({ text: "stays" });
  const others: Person[] = [];
  for (const [at, role] of roles.entries()) {
    const person = await join(alice, `p${at}`, role);
    await notesOf(person);
    await meet(alice, person);
    others.push(person);
  }
  for (const person of others) await meet(alice, person); // now they know each other
  const everybody = [alice, ...others];
  return {
    ...{ alice, others, notes, doc, other, ids: [doc.id, other.id] },
    [Symbol.asyncDispose]: async () => {
      for (const person of everybody) await person[Symbol.asyncDispose]();
    },
  };
}

const DEAD = ["DOC_PURGED", "stays"];
const ALIVE = ["second", "stays"];

test("removes a document here and wherever others sync, and its id is dead", async () => {
  await using at = await company(["editor"]);
  const { alice, notes, doc, other, ids } = at;
  const [bob] = at.others as [Person];
  expect(await feedOf(bob)).toEqual(["changed second", "changed stays"]);
  const report = await notes.purgeDocHistory(doc.id);
  const device = await deviceOf(bob);
  expect(report).toEqual({
    ...{ parts: 1, dropped: 1, kept: null, synced: false },
    pending: [{ where: "device", name: device, until: null }],
  });
  expect(await stateOf(alice, ids)).toEqual(DEAD);
  expect(doc.isDeleted()).toBe(true);
  expect(await notes.findDocument(doc.id)).toBeUndefined();
  expect(await notes.getAllDocumentIds()).toEqual([other.id]);
  for (const lost of [
    notes.changeDoc(doc, () => undefined),
    notes.undeleteDocument(doc.id),
    notes.history.getDocumentAt(doc.id, new Date()),
    Array.fromAsync(notes.history.changes(doc.id)),
    notes.history.restore(doc.id, doc.getHeads()),
  ])
    await expect(lost).rejects.toEqual(code("DOC_PURGED"));

  const purged = told(bob, "purged");
  await meet(alice, bob);
  expect(await purged).toEqual({ id: doc.id, changes: 0 });
  expect(await stateOf(bob, ids)).toEqual(DEAD);
  expect(await feedOf(bob)).toEqual(["changed stays", "purged"]);
  expect([await holesOf(alice), await holesOf(bob)]).toEqual([1, 1]);
});

test("keeps the newest state as a new document, whose history begins with it", async () => {
  await using at = await company(["editor"]);
  const { alice, notes, doc } = at;
  const [bob] = at.others as [Person];
  const { kept } = await notes.purgeDocHistory(doc.id, { keep: "newest" });
  await meet(alice, bob);
  if (kept === null) throw new RangeError("nothing was kept");
  expect(await stateOf(bob, [doc.id, kept])).toEqual(["DOC_PURGED", "second"]);
  expect(await Array.fromAsync((await notesOf(bob)).history.changes(kept))).toHaveLength(1);
  await expect(notes.purgeDocHistory(doc.id, { keep: "newest" })).rejects.toEqual(code("DOC_PURGED"));
});

test("keeps what was acknowledged meanwhile, or tells its author that it is gone: nothing is lost in silence", async () => {
  await using alice = await found();
  await alice.tenant.settings.change({ purgeAfter: 0 });
  const notes = await notesOf(alice);
  for (let ticks = 0; ticks < 60; ticks += 3) {
    const { id } = await notes.createDocument({ text: "first" });
    const doc = await notes.getDocument(id);
    const lost: number[] = [];
    const off = notes.on("purged", ({ changes }) => lost.push(changes));
    const purging = notes.purgeDocHistory(id, { keep: "newest" });
    for (let tick = 0; tick < ticks; tick++) await Promise.resolve();
    const isAcknowledged = await notes
      .changeDoc(doc, (draft) => {
        draft.getData().text = "meanwhile";
      })
      .then(
        () => true,
        () => false,
      );
    const { kept } = await purging;
    const [text] = await stateOf(alice, kept === null ? [] : [kept]);
    await new Promise((resolve) => setImmediate(resolve));
    off();
    expect([ticks, !isAcknowledged || text === "meanwhile" || lost.some((changes) => changes > 0)]).toEqual([
      ticks,
      true,
    ]);
  }
});

test("D11 is for admins alone", async () => {
  await using at = await company(["editor", "reader"]);
  for (const person of at.others)
    await expect((await notesOf(person)).purgeDocHistory(at.doc.id)).rejects.toEqual(code("NOT_ADMIN"));
  await expect(at.notes.purgeDocHistory("0".repeat(64) as DocId)).rejects.toEqual(code("DOC_NOT_FOUND"));
});

test("tells the author of what was edited meanwhile, and takes it in when it is done again", async () => {
  await using at = await company(["editor"]);
  const { alice, notes, doc, ids } = at;
  const [bob] = at.others as [Person];
  await edit(bob, doc.id, "offline");
  await edit(bob, doc.id, "still offline");
  await notes.purgeDocHistory(doc.id);
  const [author, reader] = [told(bob, "purged"), told(alice, "quarantined")];
  await meet(alice, bob);
  expect(await author).toEqual({ id: doc.id, changes: 2 });
  await meet(alice, bob);
  expect(await reader).toMatchObject({ user: bob.name, reason: "DOC_PURGED" });
  expect([await stateOf(alice, ids), await stateOf(bob, ids)]).toEqual([DEAD, DEAD]);
  expect(await notes.purgeDocHistory(doc.id)).toMatchObject({ parts: 2, dropped: 2 });
  await meet(alice, bob);
  expect([await holesOf(alice), await holesOf(bob)]).toEqual([2, 2]);
});

test("is told over a restart, once", async () => {
  await using at = await company(["editor"]);
  const { alice, notes, doc, ids } = at;
  const [bob] = at.others as [Person];
  await edit(bob, doc.id, "offline");
  await (await notesOf(bob))[Symbol.asyncDispose]();
  await notes.purgeDocHistory(doc.id);
  await meet(alice, bob);
  let again = await restart(bob);
  expect(await told(again, "purged")).toEqual({ id: doc.id, changes: 1 });
  again = await restart(again);
  await using last = again;
  let isTold = false;
  (await notesOf(last)).on("purged", () => {
    isTold = true;
  });
  expect(await stateOf(last, ids)).toEqual(DEAD);
  await meet(alice, last);
  expect(isTold).toBe(false);
});

test("waits: the document is dead at once, and back when the admin turns out to have been out", async () => {
  await using at = await company(["admin", "editor"], null);
  const { alice, doc, ids } = at;
  const [bob, carol] = at.others as [Person, Person];
  const before = Date.now();
  const report = await (await notesOf(bob)).purgeDocHistory(doc.id);
  expect(report).toMatchObject({ parts: 1, dropped: 0 });
  const here = report.pending.find(({ where }) => where === "here");
  expect(here?.until?.getTime()).toBeGreaterThanOrEqual(before + 604_800_000);
  await meet(bob, carol);
  expect([await stateOf(bob, ids), await stateOf(carol, ids)]).toEqual([DEAD, DEAD]);
  expect([await holesOf(bob), await holesOf(carol)]).toEqual([0, 0]);
  await alice.tenant.directory.revokeUser(bob.name);
  await meet(alice, carol);
  await meet(alice, carol);
  expect([await stateOf(alice, ids), await stateOf(carol, ids)]).toEqual([ALIVE, ALIVE]);
});

test("comes back from who has it still, where it was carried out before it counted no more", async () => {
  await using at = await company(["admin", "editor"]);
  const { alice, doc, ids } = at;
  const [bob, carol] = at.others as [Person, Person];
  await (await notesOf(bob)).purgeDocHistory(doc.id);
  await meet(bob, carol);
  expect(await holesOf(carol)).toBe(1);
  await alice.tenant.directory.revokeUser(bob.name);
  await meet(alice, carol);
  await meet(alice, carol);
  expect(await stateOf(carol, ids)).toEqual(ALIVE);
  expect(await holesOf(carol)).toBe(0);
});

test("comes back where the last purge that names what was dropped is one that still waits", async () => {
  await using alice = await found();
  await alice.tenant.settings.change({ purgeAfter: 0 });
  const { id } = await (await notesOf(alice)).createDocument({ text: "text" });
  await using other = await addDevice(alice);
  await using bob = await join(alice, "bob", "admin");
  await using carol = await join(alice, "carol", "admin");
  await using dave = await join(alice, "dave", "editor");
  await using erin = await join(alice, "erin", "editor");
  for (const person of [other, bob, carol, dave, erin]) {
    await notesOf(person);
    await meet(alice, person);
    await meet(alice, person);
  }
  await edit(carol, id, "late for Bob's");
  await (await notesOf(bob)).purgeDocHistory(id);
  await meet(bob, dave);
  expect(await holesOf(dave)).toBeGreaterThan(0);
  await alice.tenant.settings.change({ purgeAfter: 604_800 });
  await meet(alice, erin);
  await meet(erin, dave);
  await meet(dave, carol);
  await (await notesOf(carol)).purgeDocHistory(id);
  await meet(carol, dave);
  // Alice's devices know of neither purge, each of one revocation.
  await alice.tenant.directory.revokeUser(bob.name);
  await other.tenant.directory.revokeUser(carol.name);
  for (let round = 0; round < 3; round++) for (const person of [alice, other]) await meet(person, dave);
  expect(await stateOf(alice, [id])).toEqual(["text"]);
  expect(await stateOf(dave, [id])).toEqual(["text"]);
});

test("leaves nothing of what a database showed, also where nobody opens it again", async () => {
  await using alice = await found();
  await alice.tenant.settings.change({ purgeAfter: 0 });
  const notes = await notesOf(alice);
  const [id, other] = await notes.createDocuments(
    Array.from({ length: 600 }, (_, n) => ({ text: `${n}`.repeat(200) })),
  );
  if (id === undefined || other === undefined) throw new RangeError("documents were made");
  // With a long history it has a snapshot, too.
  for (let n = 0; n < 260; n++) await edit(alice, id, toHex(crypto.getRandomValues(new Uint8Array(100))));
  let bob = await join(alice, "bob", "editor");
  await notesOf(bob);
  await meet(alice, bob);
  bob = await restart(bob);
  const before = large(bob);
  await notes.purgeDocHistory(id);
  await meet(alice, bob);
  const after = large(bob);
  expect([...before].filter((row) => !after.has(row))).toHaveLength(2);
  const [gone, there] = await stateOf(bob, [id, other]);
  expect([gone, there]).toEqual(["DOC_PURGED", "1".repeat(200)]);
  await bob[Symbol.asyncDispose]();
});

test("does not wait where admins of two people say so; saying it twice does nothing", async () => {
  await using at = await company(["admin"], null);
  const { alice, notes, doc, ids } = at;
  const [bob] = at.others as [Person];
  expect(await notes.purgeDocHistory(doc.id)).toMatchObject({ dropped: 0 });
  expect(await notes.purgeDocHistory(doc.id)).toMatchObject({ dropped: 0 });
  await meet(alice, bob);
  expect(await (await notesOf(bob)).purgeDocHistory(doc.id)).toMatchObject({ parts: 1, dropped: 1 });
  await meet(alice, bob);
  expect([await holesOf(alice), await holesOf(bob)]).toEqual([1, 1]);
  expect([await stateOf(alice, ids), await stateOf(bob, ids)]).toEqual([DEAD, DEAD]);
});

test("is one purge where two admins make it at once", async () => {
  await using at = await company(["admin", "editor"]);
  const { alice, notes, doc, ids } = at;
  const [bob, carol] = at.others as [Person, Person];
  await edit(bob, doc.id, "bob's");
  await notes.purgeDocHistory(doc.id);
  await (await notesOf(bob)).purgeDocHistory(doc.id);
  await meet(alice, bob);
  await meet(alice, carol);
  await meet(alice, bob);
  for (const person of [alice, bob, carol]) {
    expect(await stateOf(person, ids)).toEqual(DEAD);
    expect(await holesOf(person)).toBe(2);
  }
});

test("B10 explains what is missing to who joins later; what nobody purged is missed, and comes from elsewhere", async () => {
  await using at = await company(["editor"]);
  const { alice, notes, doc, other } = at;
  const [bob] = at.others as [Person];
  await notes.purgeDocHistory(doc.id);
  await meet(alice, bob);
  await using carol = await join(alice, "carol", "editor");
  await using dave = await join(alice, "dave", "editor");
  await meet(alice, bob);
  const [ofCarol, ofDave] = [alarmsOf(carol), alarmsOf(dave)];
  await notesOf(carol);
  await meet(bob, carol);
  expect(ofCarol).toEqual([]);
  expect(await stateOf(carol, [doc.id, other.id])).toEqual(DEAD);
  // Bob says that something else was purged, too.
  const runs = await Array.fromAsync((await notesOf(bob)).getStore().scan());
  const ids = runs.flatMap(({ entries }) => entries.map(({ id }) => id));
  await (await notesOf(bob)).getStore().retire(ids.flatMap((id) => [1, 2, 3].map((index) => ({ id, index }))));
  await notesOf(dave);
  await meet(bob, dave);
  expect(ofDave).toEqual(["PART_MISSING"]);
  await meet(alice, dave);
  expect(await stateOf(dave, [doc.id, other.id])).toEqual(DEAD);
});

test("a name that the app chose is dead with its document", async () => {
  await using at = await company(["editor"]);
  const { alice, notes } = at;
  const [bob] = at.others as [Person];
  const named = await notes.createDocument({ text: "named" }, { id: "settings" });
  await (await notesOf(bob)).createDocument({ text: "of bob" }, { id: "settings" });
  await notes.purgeDocHistory(named.id);
  await expect(notes.createDocument({ text: "again" }, { id: "settings" })).rejects.toEqual(code("DOC_PURGED"));
  const author = told(bob, "purged");
  await meet(alice, bob);
  expect(await author).toEqual({ id: named.id, changes: 1 });
  await using again = await restart(bob);
  expect(await stateOf(again, [named.id])).toEqual(["DOC_PURGED"]);
  await meet(alice, again);
  expect(await stateOf(alice, [named.id])).toEqual(["DOC_PURGED"]);
});
