// Entries that a relay or peer gives without some of their parts: announced, and asked for.
import { toHex, type VerifiedEntry, type VerifiedRun } from "@selkie/entry";
import { hasHoles } from "@selkie/store";
import { expect, test } from "vitest";
import { MissingParts } from "../../src/replica/missing-parts.ts";
import { handMade } from "../automerge/hand-made-change.ts";
import { pattern } from "../fixture.ts";
import { type Author, Lab, placeOf, withHoles } from "./lab.ts";

/** An entry with a document in it. */
async function write(author: Author, title: string): Promise<VerifiedRun> {
  const place = placeOf(title);
  const actor = author.actor(place);
  const { bytes } = handMade({ actor, ops: [{ key: { text: "title" }, value: title }] });
  return author.write([author.part(place, bytes, { kind: "create" })]);
}

test("raise an alarm once for each entry, and are asked for until they come", async () => {
  const lab = await Lab.begin("missing parts");
  const author = await lab.author("alice");
  const device = await lab.device("zoe");
  const runs: VerifiedRun[] = [];
  for (let n = 0; n < 8; n += 1) runs.push(await write(author, `document ${n}`));
  const given = await Promise.all(runs.map((run) => withHoles(lab.crypto, run, (seq) => seq === 3 || seq === 5)));
  const { replica } = device.assembled;
  expect(await replica.wholeVector()).toBeNull();
  await device.receive(...given);
  await device.receive(...given);
  expect(device.alarms).toEqual(["PART_MISSING 3", "PART_MISSING 5"]);
  expect(await device.database.getAllDocumentIds()).toHaveLength(6);
  const name = toHex(author.writer);
  expect((await replica.vector()).get(name)?.seq).toBe(7);
  expect((await replica.wholeVector())?.get(name)).toEqual({ seq: 2, id: runs[2]?.entries[0]?.id });

  const again = await device.reopened();
  expect(again.alarms).toEqual(["PART_MISSING 3", "PART_MISSING 5"]);
  expect((await again.assembled.replica.wholeVector())?.get(name)?.seq).toBe(2);

  await device.receive(runs[3] ?? fail());
  expect(await device.database.getAllDocumentIds()).toHaveLength(7);
  expect((await replica.wholeVector())?.get(name)?.seq).toBe(4);
  await device.receive(...runs);
  expect(await device.database.getAllDocumentIds()).toHaveLength(8);
  expect(await replica.wholeVector()).toBeNull();
  expect(device.alarms).toHaveLength(2);
  expect(device.reports).toEqual([]);
});

test("A11 are asked for whoever wrote the entry, whether or not anything of it decrypts", async () => {
  const lab = await Lab.begin("nobody's missing parts");
  const author = await lab.author("alice");
  const [knows, knowsNobody] = [await lab.device("zoe"), await lab.device("yves", [])];
  knowsNobody.known = [];
  const run = await withHoles(lab.crypto, await write(author, "one"), () => true);
  for (const device of [knows, knowsNobody]) {
    await device.receive(run);
    expect(device.alarms).toEqual(["PART_MISSING 0"]);
    expect([...((await device.assembled.replica.wholeVector()) ?? [])]).toEqual([]);
    expect((await device.assembled.replica.vector()).size).toBe(1);
  }
});

test("take a number for each chain, and a thousand alarms, however many there are", async () => {
  const lab = await Lab.begin("many missing parts");
  const author = await lab.author("alice");
  const drafts = Array.from({ length: 250 }, (_, n) => [author.part(placeOf(`${n}`), pattern("junk", 16))]);
  const runs: VerifiedRun[] = [];
  for (let n = 0; n < 6; n += 1) runs.push(await withHoles(lab.crypto, await author.write(...drafts), () => true));
  const alarms: VerifiedEntry[] = [];
  const missing = new MissingParts({
    entries: { read: async (_, from) => runs.find(({ firstSeq }) => firstSeq === from) ?? null },
    isMissing: hasHoles,
    isAlarming: true,
    alarm: (entry) => alarms.push(entry),
  });
  for (let again = 0; again < 3; again += 1) for (const run of runs) missing.stored(run);
  expect(alarms).toHaveLength(1_000);
  expect(await missing.whole(async () => new Map())).toEqual(new Map());
});

test("are asked for and announced while another link looks which they are", async () => {
  const lab = await Lab.begin("missing parts, twice");
  const run = await withHoles(lab.crypto, await write(await lab.author("alice"), "one"), () => true);
  const alarms: VerifiedEntry[] = [];
  const missing = new MissingParts({
    entries: { read: async (_, from) => (from === 0 ? run : null) },
    isMissing: hasHoles,
    isAlarming: false,
    alarm: (entry) => alarms.push(entry),
  });
  missing.stored(run);
  const [lacking, asked] = await Promise.all([missing.lacking(), missing.whole(async () => new Map())]);
  expect(lacking).not.toBe("");
  expect(asked).toEqual(new Map());
  await Promise.all([missing.lacking(), missing.announceAll()]);
  expect(alarms).toHaveLength(1);
});

const fail = (): never => {
  throw new RangeError("a run");
};
