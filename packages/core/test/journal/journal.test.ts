// Local changes until an entry holds them: what is on disk when, whatever ends the run.
import { parseEntryId, parseWriterKey } from "@selkie/entry";
import { MemoryDisk, memoryStore, publicState, type Store } from "@selkie/store";
import { describe, expect, test } from "vitest";
import { Journal } from "../../src/journal/journal.ts";
import type { JournalRow } from "../../src/journal/journal-row.ts";
import { LocalState, rowKind } from "../../src/local/local-state.ts";
import { otherDatabase, pattern, repeatableCrypto, testDatabase, testTenant } from "../fixture.ts";

const crypto = repeatableCrypto("journal");
const secret = await crypto.importSecret(pattern("local", 32));
const here = parseEntryId(pattern("a directory head", 32));
const there = parseEntryId(pattern("another", 32));

const row = (name: string, more: Partial<JournalRow> = {}): JournalRow => ({
  ...{ writer: parseWriterKey(pattern("writer", 32)), frontier: [here], kind: "change", counter: null, time: 1 },
  ...{ stem: pattern("document", 16), keyId: pattern("key", 16), change: new TextEncoder().encode(name) },
  ...more,
});

const namesOf = (rows: readonly JournalRow[]): readonly string[] =>
  rows.map(({ change }) => new TextDecoder().decode(change));

interface Run {
  readonly journal: Journal;
  readonly store: Store;
  readonly local: LocalState;
  readonly reports: unknown[];
}

/** The app starts on a disk, which nobody else has open. */
async function start(disk: MemoryDisk): Promise<Run> {
  disk.crash();
  const store = memoryStore({ verifier: crypto, random: (length) => crypto.randomBytes(length), disk });
  const local = new LocalState(crypto, store.state, secret, testTenant);
  const reports: unknown[] = [];
  const report = (error: unknown): void => void reports.push(error);
  return { journal: await Journal.open(store, local, { database: testDatabase, report }), store, local, reports };
}

/** What would be there if the power failed now. */
const left = async (disk: MemoryDisk): Promise<readonly string[]> => namesOf((await start(disk.copy())).journal.rows);

describe("the changes of one transaction", () => {
  test("become durable together, or not at all, and are known as such after a restart", async () => {
    const disk = new MemoryDisk();
    const { journal } = await start(disk);
    await journal.add(row("before"));
    const durable = journal.addTogether([row("a"), row("b"), row("c")], []);
    expect(await left(disk)).toEqual(["before"]);
    expect(journal.isEmpty).toBe(false);
    await durable;
    await journal.add(row("after"));
    const { rows } = (await start(disk.copy())).journal;
    expect(rows.map(({ withLast = false }) => withLast)).toEqual([false, false, true, true, false]);
    expect(namesOf(rows)).toEqual(["before", "a", "b", "c", "after"]);
    await journal.clear();
    expect(journal.isEmpty).toBe(true);
  });
});

describe("a transaction of which the first goes", () => {
  /** One change, and two transactions of three. */
  async function written(disk: MemoryDisk): Promise<Journal> {
    const { journal } = await start(disk);
    await Promise.all([
      journal.add(row("before")),
      journal.addTogether([row("a"), row("b"), row("c")], []),
      journal.addTogether([row("d"), row("e"), row("f")], []),
    ]);
    return journal;
  }
  const shown = (rows: readonly JournalRow[]): string =>
    rows.map(({ withLast, change }) => (withLast ? "+" : " ") + new TextDecoder().decode(change)).join("");

  test("begins with the next, and joins nothing that stood before it", async () => {
    const disk = new MemoryDisk();
    const journal = await written(disk);
    expect(shown(journal.rows)).toBe(" before a+b+c d+e+f");
    const gone = new Set(journal.rows.filter((one) => namesOf([one]).some((name) => "ade".includes(name))));
    await journal.exchange(gone, [], []);
    for (const { rows } of [journal, (await start(disk.copy())).journal]) expect(shown(rows)).toBe(" before b+c f");
  });

  test("does so where it is set aside, too, and what is set aside by itself", async () => {
    const disk = new MemoryDisk();
    const journal = await written(disk);
    await journal.replace((one) => (namesOf([one]).some((name) => "aef".includes(name)) ? null : one), []);
    expect([shown(journal.sealable), shown(journal.aside)]).toEqual([" before b+c d", " a e+f"]);
  });
});

describe("a change in the journal", () => {
  test("has its place at once, and may be sealed once it is durable", async () => {
    const disk = new MemoryDisk();
    const { journal } = await start(disk);
    const durable = journal.add(row("a"));
    expect([namesOf(journal.rows), journal.take(9).rows, await left(disk)]).toEqual([["a"], [], []]);
    await durable;
    expect([namesOf(journal.rows), namesOf(journal.take(9).rows), await left(disk)]).toEqual([["a"], ["a"], ["a"]]);
  });

  test("is read back as it was, in the order in which changes were made, and in its own database only", async () => {
    const disk = new MemoryDisk();
    const { journal } = await start(disk);
    const rows = ["a", "b", "c"].map((name, at) => row(name, { time: at, kind: at === 0 ? "create" : "change" }));
    for (const one of rows) await journal.add(one);
    const { journal: again, store, local, reports } = await start(disk);
    expect(again.rows).toEqual(rows);
    expect(reports).toEqual([]);
    const other = await Journal.open(store, local, { database: otherDatabase, report: () => undefined });
    expect(other.rows).toEqual([]);
  });

  test("shares its commit with those made in the same turn, and with those made while the one before is written", async () => {
    const { journal } = await start(new MemoryDisk());
    const first = [journal.add(row("a")), journal.add(row("b"))];
    await Promise.resolve(); // the first commit begins
    const second = [journal.add(row("c")), journal.add(row("d"))];
    await Promise.all([...first, ...second]);
    expect(journal.take(1)).toEqual({ rows: journal.rows.slice(0, 2), batches: [0] });
    expect(journal.take(3)).toEqual({ rows: journal.rows, batches: [0, 1] });
  });

  test("comes with the rows beside it, or neither does", async () => {
    const disk = new MemoryDisk();
    const { journal, local, store } = await start(disk);
    const key = local.key(rowKind.writer, testDatabase);
    await journal.add(row("a"), [await local.seal(key, Uint8Array.of(1))]);
    expect(await store.state.get(key)).toBeDefined();
    const beside = await local.seal(key, Uint8Array.of(2));
    disk.crash();
    await expect(journal.add(row("b"), [beside])).rejects.toMatchObject({ code: "JOURNAL_FAILED" });
    const after = await start(disk);
    expect(namesOf(after.journal.rows)).toEqual(["a"]);
    expect(await after.local.recall(key)).toEqual(Uint8Array.of(1));
  });

  test("made at another frontier is taken in another turn", async () => {
    const { journal } = await start(new MemoryDisk());
    const rows = [row("a"), row("b"), row("c", { frontier: [here, there] }), row("d", { frontier: [there] }), row("e")];
    await Promise.all(rows.map((one) => journal.add(one)));
    const turns: (readonly string[])[] = [];
    for (let taken = journal.take(9); taken.rows.length > 0; taken = journal.take(9)) {
      turns.push(namesOf(taken.rows));
      journal.forget(taken.batches);
    }
    expect(turns).toEqual([["a", "b"], ["c"], ["d"], ["e"]]);
  });
});

describe("a change that an entry holds", () => {
  test("is gone from the disk with the commit that appends it, and from memory once that is durable", async () => {
    const disk = new MemoryDisk();
    const { journal, store } = await start(disk);
    await journal.add(row("a"));
    await journal.add(row("b"));
    const { batches } = journal.take(1);
    await store.commit({ remove: [...journal.keysOf(batches)] });
    expect([namesOf(journal.rows), await left(disk)]).toEqual([["a", "b"], ["b"]]);
    journal.forget(batches);
    expect(namesOf(journal.rows)).toEqual(["b"]);
  });
});

describe("a journal whose disk fails", () => {
  test("loses only what it did not acknowledge, and takes nothing more: it could build on what was lost", async () => {
    const disk = new MemoryDisk();
    const { journal } = await start(disk);
    await journal.add(row("a"));
    const lost = [journal.add(row("b")), journal.add(row("c", { frontier: [there] }))];
    disk.crash(); // whoever writes from now on is told that the store is closed
    for (const one of lost) await expect(one).rejects.toMatchObject({ code: "JOURNAL_FAILED" });
    await expect(journal.add(row("d"))).rejects.toMatchObject({
      code: "JOURNAL_FAILED",
      cause: { code: "STORE_CLOSED" },
    });
    expect([namesOf(journal.rows), namesOf(journal.take(9).rows)]).toEqual([["a"], ["a"]]);
    expect(await left(disk)).toEqual(["a"]);
  });

  test("reports a damaged batch, leaves it where it is, and goes on behind it", async () => {
    const disk = new MemoryDisk();
    const { journal, local } = await start(disk);
    for (const name of ["a", "b", "c"]) await journal.add(row(name));
    const keys = journal.keysOf([1, 2]);
    for (const key of keys) disk.content.state.put(key, Uint8Array.of(...(disk.content.state.get(key) ?? []), 0));
    const after = await start(disk);
    expect(namesOf(after.journal.rows)).toEqual(["a"]);
    expect(after.reports).toEqual(keys.map(() => expect.objectContaining({ code: "LOCAL_STATE_DAMAGED" })));
    await after.journal.add(row("d"));
    expect(await left(disk)).toEqual(["a", "d"]);
    for (const key of keys) expect(disk.content.state.get(key)).toBeDefined();
    expect(local.key(rowKind.journal, testDatabase)).toEqual(keys[0]?.subarray(0, -8));
  });

  test("leaves a batch that this device sealed and that is none it knows where it is, and says so: its software is older", async () => {
    const disk = new MemoryDisk();
    const { store, local } = await start(disk);
    const key = local.key(rowKind.journal, testDatabase, new Uint8Array(8));
    await store.commit({ put: [await local.seal(key, Uint8Array.of(9, 9))] });
    const { journal, reports, local: again } = await start(disk);
    expect(journal.rows).toEqual([]);
    expect(reports).toMatchObject([{ code: "LOCAL_STATE_DAMAGED" }]);
    expect(await again.recall(key)).toEqual(Uint8Array.of(9, 9));
  });

  test("takes a row that nobody sealed for a damaged one", async () => {
    const disk = new MemoryDisk();
    const { store, local } = await start(disk);
    const key = local.key(rowKind.journal, testDatabase, new Uint8Array(8));
    await store.state.put(key, publicState(pattern("not sealed", 100)));
    const { journal, reports } = await start(disk);
    expect(journal.rows).toEqual([]);
    expect(reports).toMatchObject([{ code: "LOCAL_STATE_DAMAGED" }]);
  });
});

describe("rows that are rewritten", () => {
  const renamed = (one: JournalRow): JournalRow => row(`new ${namesOf([one])}`);

  test("take the place of the old ones in one commit, with what is beside them", async () => {
    const disk = new MemoryDisk();
    const { journal, local, store } = await start(disk);
    await Promise.all([journal.add(row("a")), journal.add(row("b"))]);
    await journal.add(row("c"));
    const beside = await local.seal(local.key(rowKind.writer, testDatabase), Uint8Array.of(1));
    await journal.replace(renamed, [beside]);
    expect([namesOf(journal.sealable), await left(disk)]).toEqual(
      Array.from({ length: 2 }, () => ["new a", "new b", "new c"]),
    );
    expect(await store.state.get(beside.key)).toEqual(beside.value);
  });

  test("keeps what is added while rows are rewritten, and rewrites what was on its way to the disk", async () => {
    const disk = new MemoryDisk();
    const { journal } = await start(disk);
    await journal.add(row("a"));
    const adding = [journal.add(row("b"))];
    const replacing = journal.replace(
      (one) => ({ ...one, change: new TextEncoder().encode(`${namesOf([one])[0]}!`) }),
      [],
    );
    for (const name of ["c", "d", "e"]) {
      await new Promise((resolve) => setImmediate(resolve));
      adding.push(journal.add(row(name)));
    }
    await Promise.all([replacing, ...adding]);
    const all = namesOf(journal.rows).toSorted();
    expect(all.map((name) => name[0])).toEqual(["a", "b", "c", "d", "e"]);
    expect(all.slice(0, 2)).toEqual(["a!", "b!"]);
    expect([...(await left(disk))].toSorted()).toEqual(all);
    expect(namesOf(journal.take(9).rows).toSorted()).toEqual(all);
  });

  test("wait when they have to, and keep nobody else from being sealed; nothing of them is lost", async () => {
    const disk = new MemoryDisk();
    const { journal } = await start(disk);
    await Promise.all([journal.add(row("a")), journal.add(row("b waits"))]);
    await journal.add(row("c waits"));
    await journal.replace((one) => (namesOf([one])[0]?.endsWith("waits") === true ? null : renamed(one)), []);
    await journal.add(row("d"));
    expect(namesOf(journal.sealable)).toEqual(["new a", "d"]);
    expect(namesOf(journal.take(9).rows)).toEqual(["new a", "d"]);
    expect([...(await left(disk))].sort()).toEqual(["b waits", "c waits", "d", "new a"]);
    expect(namesOf(journal.rows).toSorted()).toEqual(["b waits", "c waits", "d", "new a"]);
  });

  test("stay as they were when the disk fails", async () => {
    const disk = new MemoryDisk();
    const { journal } = await start(disk);
    await journal.add(row("a"));
    disk.crash();
    await expect(journal.replace(renamed, [])).rejects.toMatchObject({ code: "STORE_CLOSED" });
    expect([namesOf(journal.rows), await left(disk)]).toEqual([["a"], ["a"]]);
  });
});

describe("rows that are exchanged", () => {
  test("leave what was made with them where it was: before what builds on it", async () => {
    const disk = new MemoryDisk();
    const { journal } = await start(disk);
    await journal.addTogether([row("gone"), row("a")], []);
    await journal.add(row("b"));
    await journal.add(row("gone too"));
    const gone = journal.rows.filter((one) => namesOf([one])[0]?.startsWith("gone"));
    await journal.exchange(new Set(gone), [row("c")], []);
    expect([namesOf(journal.rows), await left(disk)]).toEqual(Array.from({ length: 2 }, () => ["a", "b", "c"]));
  });
});

describe("a journal that is cleared", () => {
  test("gives back all that is durable when it begins, what waits too, and leaves none of it", async () => {
    const disk = new MemoryDisk();
    const { journal } = await start(disk);
    await journal.add(row("a"));
    await journal.add(row("waits"));
    await journal.replace((one) => (namesOf([one])[0] === "waits" ? null : one), []);
    const last = journal.add(row("under way"));
    expect(namesOf(await journal.clear()).toSorted()).toEqual(["a", "under way", "waits"]);
    await last;
    expect([journal.rows, await left(disk)]).toEqual([[], []]);
    expect(await journal.clear()).toEqual([]);
  });
});
