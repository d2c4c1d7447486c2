// Documents with a long history are loaded from snapshots: they are what their changes make of them, whatever becomes of a snapshot.
import * as Automerge from "@automerge/automerge";
import { toHex } from "@selkie/entry";
import { expect, test } from "vitest";
import { whenVerified } from "../../src/database/over-database.ts";
import { type DocId, docIdOf } from "../../src/document/doc-id.ts";
import { longHistory } from "../../src/document/snapshot.ts";
import type { KeyVersion } from "../../src/keys/key-version.ts";
import { rowKind } from "../../src/local/local-state.ts";
import { type Random as AnyRandom, Random } from "../automerge/random-history.ts";
import { begin as builtOn, hear, insert, textOn } from "./built-on.ts";
import { type Author, type Device, Lab, placeOf } from "./lab.ts";
import { randomChains } from "./random-chains.ts";
import { flipped, isOfKind, putRows, type Row, stateRows } from "./state-rows.ts";

const isSnapshot = isOfKind(rowKind.snapshots);
/** A text that can't be edited: no projection says it. */
const unsaid = (text: string) => ({ text, fixed: new Automerge.ImmutableString("fixed") });

async function edit(device: Device, id: DocId, times: number): Promise<void> {
  for (let n = 0; n < times; n++) await insert(device, id, n, "x");
}

/** A long document that no projection is kept of, on a device that received it from somebody. */
async function longOn(device: Device, author: Author, title: string): Promise<DocId> {
  const place = placeOf(title);
  const made = Automerge.from(unsaid("canary"), { actor: author.actor(place) });
  const change = Automerge.getLastLocalChange(made) ?? expect.fail("a change was made");
  await device.receive(await author.write([author.part(place, change, { kind: "create" })]));
  await edit(device, docIdOf(place), longHistory);
  return docIdOf(place);
}

/** A device with a long document, which was closed. */
async function closed(seed: string, names?: readonly string[]) {
  const lab = await Lab.begin(seed, names);
  const author = await lab.author("author");
  const device = await lab.device("alice");
  await device.database.createDocuments(Array.from({ length: 300 }, (_, n) => ({ n })));
  const id = await longOn(device, author, "long");
  await device.close();
  return { lab, device, author, id };
}

/** What a device shows of a document, whether that was before its entries were read, and what it shows then. */
async function shown(device: Device, id: DocId) {
  let isEarly: boolean | null = null;
  device.database.on("verifying", () => {
    isEarly ??= false;
  });
  const first = await textOn(device, id);
  isEarly ??= true;
  let isVerified = false;
  device.database.on("verified", () => {
    isVerified = true;
  });
  await whenVerified(device.database);
  return { first, isEarly: isEarly && isVerified, last: await textOn(device, id), heads: await device.heads(id) };
}

/** The same with these rows in the local state of a device that is closed. */
async function shownWith(device: Device, id: DocId, rows: readonly Row[]) {
  const { disk } = device;
  device.disk = disk.copy();
  await putRows(device, rows);
  await device.open();
  const found = await shown(device, id);
  device.crash();
  device.timers.length = 0;
  device.disk = disk;
  return found;
}

const snapshotsOn = async (device: Device): Promise<readonly Row[]> => (await stateRows(device)).filter(isSnapshot);
const keysOf = (rows: readonly Row[]): readonly string[] => rows.map(({ key }) => toHex(key)).sort();

test("a long document is shown before its entries are read, and goes on from there, with all of its history", async () => {
  const { device, id } = await closed("long");
  await device.open();
  const doc = await device.database.getDocument(id);
  const heads = doc.getHeads();
  const text = `${"x".repeat(longHistory)}canary`;
  expect(await shown(device, id)).toEqual({ first: text, isEarly: true, last: text, heads });
  expect(Object.isFrozen(doc.getData())).toBe(true);
  const heard: unknown[] = [];
  doc.on("change", (patches) => heard.push(...patches));
  await insert(device, id, 0, "more ");
  expect(heard.length).toBeGreaterThan(0);
  expect(await textOn(device, id)).toBe(`more ${text}`);
  const items = await Array.fromAsync(device.database.history.changes(id));
  expect(items.length).toBe(longHistory + 2);
  const past = await device.database.history.getDocumentAt(id, items[0]?.heads ?? []);
  expect(past?.getData()).toEqual(unsaid("canary"));
  expect((await device.database.history.diff(id, heads, doc.getHeads())).length).toBeGreaterThan(0);
  expect(device.reports).toEqual([]);
});

test("whoever listens to a document that was shown from its snapshot is told what others do", async () => {
  const { lab, device, id } = await closed("others");
  await device.open();
  const bob = await lab.device("bob");
  const before = await device.runs();
  await bob.receive(...before);
  await insert(bob, id, 0, "bob ");
  await device.close();
  await device.open();
  const doc = await device.database.getDocument(id);
  const heard: unknown[] = [];
  doc.on("change", (patches) => heard.push(...patches));
  await whenVerified(device.database);
  await device.receive(...(await bob.runs()));
  expect(heard).toEqual([{ action: "splice", path: ["text", 0], value: "bob " }]);
  expect(await textOn(device, id)).toBe(await textOn(bob, id));
});

test("what comes to a document is added to its snapshot, which is made anew when that is much; short documents have none", async () => {
  const { device, id } = await closed("growing");
  const sizes: number[] = [];
  let [saved] = await stateRows(device).then((rows) => rows.filter((row) => isSnapshot(row) && row.value.length > 200));
  for (const times of [1, 3, longHistory >> 2]) {
    await device.open();
    await edit(device, id, times);
    const text = await textOn(device, id);
    await device.close();
    await device.open();
    expect(await shown(device, id)).toMatchObject({ first: text, isEarly: true, last: text });
    await device.close();
    const rows = await snapshotsOn(device);
    sizes.push(rows.length);
    const now = rows.find(({ key }) => toHex(key) === toHex(saved?.key ?? key));
    expect(toHex(now?.value ?? new Uint8Array()) === toHex(saved?.value ?? new Uint8Array())).toBe(times < 10);
    saved = now;
  }
  expect(sizes).toEqual([3, 3, 2]); // the index, what was saved, and what came since
  await device.open();
  const short = await device.database.createDocument({ text: "short" });
  await edit(device, short.id, longHistory - 2);
  await device.database.createDocuments(Array.from({ length: 600 }, (_, n) => ({ n })));
  await device.close();
  expect((await snapshotsOn(device)).length).toBe(2);
});

test("P-10 G1 nothing of a snapshot lies on the disk in clear", async () => {
  const { device, id } = await closed("clear");
  const rows = await snapshotsOn(device);
  await device.open();
  const heads = await device.heads(id);
  const bytes = rows.map(({ value }) => Buffer.from(value).toString("latin1")).join();
  expect(bytes.length).toBeGreaterThan(300);
  expect(bytes).not.toContain("canary");
  for (const head of heads) expect(bytes).not.toContain(Buffer.from(head, "hex").toString("latin1"));
});

test("a snapshot that is damaged, cut, missing, of another document or of an older copy is as if it were not there", async () => {
  const { device, author, id } = await closed("damaged");
  const older = await stateRows(device);
  await device.open();
  await whenVerified(device.database);
  const other = await longOn(device, author, "other");
  await edit(device, id, 3);
  await device.close();
  const now = await stateRows(device);
  const truth = await shownWith(device, id, now);
  expect(truth).toMatchObject({ isEarly: true, first: truth.last });
  const read = { ...truth, isEarly: false };
  const mine = now.filter((row) => isSnapshot(row) && toHex(row.key).includes(id));
  const [saved, since] = mine as [Row, Row];
  const theirs = now.find((row) => isSnapshot(row) && toHex(row.key).includes(other)) as Row;
  const old = older.find((row) => toHex(row.key) === toHex(saved.key)) as Row;
  expect([mine.length, toHex(old.value)]).toEqual([2, toHex(saved.value)]);
  const withRows = (...some: readonly Row[]): readonly Row[] =>
    now.map((row) => some.find(({ key }) => toHex(key) === toHex(row.key)) ?? row);
  for (const row of mine) {
    for (const at of [0, 25, -1])
      expect(await shownWith(device, id, withRows({ ...row, value: flipped(row.value, at) }))).toEqual(read);
    expect(await shownWith(device, id, withRows({ ...row, value: row.value.slice(0, 50) }))).toEqual(read);
    expect(
      await shownWith(
        device,
        id,
        now.filter((each) => each !== row),
      ),
    ).toEqual(read);
    expect(await shownWith(device, id, withRows({ ...row, value: theirs.value }))).toEqual(read);
  }
  expect(await shownWith(device, id, withRows({ ...saved, value: since.value }))).toEqual(read);
  // An older copy of everything that is no entry.
  expect(await shownWith(device, id, older)).toEqual(read);
});

test("a snapshot of an older copy is loaded with what came since, and never instead of it", async () => {
  const { device, id } = await closed("set back");
  const older = await snapshotsOn(device);
  await device.open();
  await edit(device, id, longHistory);
  await device.close();
  const now = await stateRows(device);
  const truth = await shownWith(device, id, now);
  expect(truth.isEarly).toBe(true);
  const others = now.map((row) => older.find(({ key }) => toHex(key) === toHex(row.key)) ?? row);
  expect(await shownWith(device, id, others)).toEqual({ ...truth, isEarly: false });
});

test("without their index snapshots count for nothing, and are made anew", async () => {
  const { device, id } = await closed("index");
  const now = await stateRows(device);
  const [index, saved] = now.filter(isSnapshot) as [Row, Row];
  await putRows(
    device,
    now.filter((row) => row !== index),
  );
  await device.open();
  await whenVerified(device.database);
  expect(await snapshotsOnOpen(device)).toEqual([]);
  await edit(device, id, 1);
  await device.close();
  expect(keysOf(await snapshotsOn(device))).toEqual(keysOf([index, saved]));
  await device.open();
  expect((await shown(device, id)).isEarly).toBe(true);
});

test("P-11 the snapshot of a document under a key that is on this device no more goes, and is never shown again", async () => {
  const { lab, device, id: kept } = await closed("lost key", ["default", "board"]);
  await device.open();
  const secret = await device.database.createDocument({ text: "canary" }, { key: "board" });
  await edit(device, secret.id, longHistory);
  await device.close();
  const before = await snapshotsOn(device);
  expect(before.length).toBe(3);
  device.lose(lab.keys[1] as KeyVersion);
  await device.open();
  await device.close();
  const after = await stateRows(device);
  expect(keysOf(after.filter(isSnapshot)).some((key) => key.includes(secret.id))).toBe(false);
  const copies = before.filter(({ key }) => !after.some((row) => toHex(row.key) === toHex(key)));
  expect(await shownWith(device, secret.id, [...after, ...copies])).toMatchObject({
    first: undefined,
    last: undefined,
  });
  expect(await shownWith(device, kept, after)).toMatchObject({ isEarly: true });
});

test("a new version of a key, or a new statement, leaves a snapshot as good as it was", async () => {
  const { lab, device, id } = await closed("again");
  await device.open();
  await device.give(lab.versions[1] as KeyVersion);
  const { last } = await shown(device, id);
  await device.close();
  const rows = await snapshotsOn(device);
  await lab.admit("carol");
  await device.open();
  expect(await shown(device, id)).toMatchObject({ first: last, last });
  await device.close();
  expect(await snapshotsOn(device)).toEqual(rows);
  await device.open();
  expect(await shown(device, id)).toMatchObject({ first: last, isEarly: true, last });
});

test("D9 what a cut takes out of a document goes from its snapshot, and comes back with what lifts the cut", async () => {
  const { alice, id, cut, readmit } = await builtOn("cut");
  await edit(alice, id, 2 * longHistory);
  const setup = alice.known ?? [];
  const before = await textOn(alice, id);
  await alice.close();
  const old = await snapshotsOn(alice);
  expect(old.length).toBe(2);
  alice.known = [...setup, cut];
  await alice.open();
  await whenVerified(alice.database);
  const without = await textOn(alice, id);
  expect(without).not.toBe(before);
  expect(without).not.toContain("bad");
  await alice.close();
  await alice.open();
  expect(await shown(alice, id)).toMatchObject({ first: without, last: without });
  // A copy from before the cut shows nothing that does not count.
  await alice.close();
  const now = await stateRows(alice);
  const others = now.map((row) => old.find(({ key }) => toHex(key) === toHex(row.key)) ?? row);
  expect(await shownWith(alice, id, others)).toMatchObject({ first: without, last: without });
  await alice.open();
  await hear(alice, readmit);
  const back = await textOn(alice, id);
  expect(back).toContain("bad");
  await alice.close();
  await alice.open();
  expect(await shown(alice, id)).toMatchObject({ first: back, last: back });
});

test.for([1, 2, 3])(
  "D9 D10 who loads from snapshots accepts the same, and shows the same, as who never does (seed %i)",
  async (seed) => {
    const random = new Random(seed);
    const lab = await Lab.begin(`twins ${seed}`);
    const options = { people: 2, documents: 1, steps: 2 * longHistory, equivocate: false, deletions: false };
    const { documents, runs: some } = await randomChains(lab, random, options);
    const hostile = { ...options, steps: 40, equivocate: true, called: "equivocator" };
    const { runs: others } = await randomChains(lab, random, hostile);
    const ids = documents.map(docIdOf);
    const [saving, never] = [await lab.device("saving", lab.versions), await lab.device("never", lab.versions)];
    await saving.assembled.reconsider();
    await saving.database.createDocuments(Array.from({ length: 300 }, (_, n) => ({ n })));
    let saved = 0;
    for (const runs of mixed([...some, ...others], random)) {
      await saving.receive(...runs);
      await never.receive(...runs);
      await saving.close();
      saved += (await snapshotsOn(saving)).length;
      await saving.open();
      const early = await saving.show(ids);
      await whenVerified(saving.database);
      const truth = await never.show(ids);
      expect([early[0], await saving.show(ids)]).toEqual([truth[0], truth]);
    }
    expect(saved).toBeGreaterThan(3);
    const again = await saving.reopened();
    await whenVerified(again.database);
    expect(await again.show(ids)).toEqual(await never.show(ids));
  },
);

/** Runs of several chains as they come, a few at a time, each chain in its order. */
function* mixed<Run>(chains: readonly (readonly Run[])[], random: AnyRandom): Iterable<readonly Run[]> {
  const left = chains.map((runs) => [...runs]).filter((runs) => runs.length > 0);
  while (left.length > 0) {
    const chain = random.pick(left);
    yield chain.splice(0, 8 + random.below(16));
    if (chain.length === 0) left.splice(left.indexOf(chain), 1);
  }
}

/** Of a device that is open. */
async function snapshotsOnOpen(device: Device): Promise<readonly Row[]> {
  const { disk } = device;
  const copy = await device.reopened();
  copy.crash();
  copy.disk = disk.copy();
  return (await stateRows(copy)).filter(isSnapshot);
}
