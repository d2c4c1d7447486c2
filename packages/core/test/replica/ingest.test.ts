// From stored entries to opened parts: what is delivered, when, in which order, and how often.
import { type KeyTag, toHex, type VerifiedRun } from "@selkie/entry";
import { type EntryStore, MemoryDisk, memoryStore } from "@selkie/store";
import { expect, test } from "vitest";
import type { KeyRing } from "../../src/keys/key-ring.ts";
import type { KeyVersion } from "../../src/keys/key-version.ts";
import type { Delivery, EntryRefusalCode } from "../../src/replica/delivery.ts";
import { Ingest } from "../../src/replica/ingest.ts";
import type { PartDraft } from "../../src/sealing/seal-entry.ts";
import { Author, Lab, withHoles } from "../database/lab.ts";
import { heard, pattern, say, testDatabase, testRing, testTenant } from "../fixture.ts";

/** A store, and what of it was delivered: a line for each entry. */
class Desk {
  readonly lab: Lab;
  readonly disk: MemoryDisk;
  readonly entries: EntryStore;
  readonly ring: KeyRing;
  readonly ingest: Ingest;
  readonly delivered: string[] = [];
  readonly late: string[] = [];
  readonly quarantined: string[] = [];
  readonly reports: unknown[] = [];
  /** The tags of directory keys under which authors said something that this device cannot open. */
  readonly closed: KeyTag[] = [];
  /** How many statements of the directory have arrived. */
  known: number = Number.POSITIVE_INFINITY;
  /** Why an entry counts for nothing, by seq. */
  readonly refusals = new Map<number, EntryRefusalCode>();

  constructor(lab: Lab, keys: readonly KeyVersion[], disk: MemoryDisk = new MemoryDisk()) {
    const { crypto } = lab;
    disk.crash();
    const store = memoryStore({ verifier: crypto, random: (length) => crypto.randomBytes(length), disk });
    this.lab = lab;
    this.disk = disk;
    this.entries = store.entries(testTenant, testDatabase);
    this.ring = testRing(crypto, ...keys);
    const view = () => lab.world.view(lab.world.placed.slice(0, this.known));
    this.ingest = new Ingest({
      opens: ["change"],
      ...{ crypto, tenant: testTenant, database: testDatabase, entries: this.entries, ring: this.ring },
      judge: (writer, certificate) => view().judge({ database: testDatabase, writer, certificate }),
      refusal: ({ header }) => this.refusals.get(header.seq) ?? null,
      deliver: (some) => this.delivered.push(...some.map(lineOf)),
      deliverLate: (some) => void this.late.push(...some.map(lineOf)),
      stored: () => undefined,
      holed: () => undefined,
      heard: async () => undefined,
      heardOfDirectory: async ({ tag }) => void (tag !== null && this.closed.push(tag)),
      report: (error) => this.reports.push(error),
      quarantine: ({ header }, user, reason) => this.quarantined.push(`${header.seq} ${user} ${reason}`),
    });
  }

  /** As a replica does it: stored, then handed on. */
  async take(...runs: readonly VerifiedRun[]): Promise<void> {
    await this.entries.append(runs);
    await this.ingest.run(runs);
  }

  /** What was delivered since this was asked. */
  since(): { readonly delivered: readonly string[]; readonly late: readonly string[] } {
    return { delivered: this.delivered.splice(0), late: this.late.splice(0) };
  }

  /** Damages a stored entry. */
  damage(writer: Uint8Array, seq: number): void {
    for (const { chains } of this.disk.content.databases.values()) {
      const rows = chains.get(toHex(writer))?.rows;
      const row = rows?.[seq];
      if (rows !== undefined && row !== undefined)
        rows[seq] = { ...row, body: row.body.with(-1, (row.body.at(-1) ?? 0) ^ 1) };
    }
  }
}

/** Seq and parts: what they say, or why they say nothing. */
function lineOf({ entry, parts }: Delivery): string {
  const said = parts.map((part) => (part.type === "opened" ? heard(part.plaintext) : part.type));
  return `${entry.header.seq} ${said.join(" ")}`.trim();
}

const sayUnder = (key: KeyVersion | undefined, text: string): PartDraft => ({
  kind: "change",
  key: key ?? expect.fail("a key"),
  plaintext: say(text),
});

async function begin(seed: string): Promise<{ lab: Lab; bob: Author; all: readonly KeyVersion[] }> {
  const lab = await Lab.begin(seed, ["default", "board"]);
  return { lab, bob: await lab.author("bob"), all: [lab.directoryKey, ...lab.keys] };
}

const NOTHING = { delivered: [], late: [] };

test("each entry is delivered once, in the order of its chain, however it comes", async () => {
  const { lab, bob, all } = await begin("order");
  const parts = (text: string) => [sayUnder(lab.keys[0], text)];
  const runs = [await bob.write(parts("a"), parts("b")), await bob.write(parts("c")), await bob.write(parts("d"))];
  const lines = ["0 a", "1 b", "2 c", "3 d"];

  const oneByOne = new Desk(lab, all);
  for (const run of runs) await oneByOne.take(run);
  for (const run of runs) await oneByOne.take(run);
  expect(oneByOne.since()).toEqual({ delivered: lines, late: [] });

  const atOnce = new Desk(lab, all);
  await atOnce.take(...runs);
  expect(atOnce.since()).toEqual({ delivered: lines, late: [] });

  const lastFirst = new Desk(lab, all);
  await lastFirst.entries.append(runs);
  await lastFirst.ingest.run(runs.slice(2));
  expect(lastFirst.since()).toEqual({ delivered: lines, late: [] });
  await lastFirst.ingest.run(runs);
  expect(lastFirst.since()).toEqual(NOTHING);

  const opened = new Desk(lab, all, lastFirst.disk.copy());
  await opened.ingest.all(async () => undefined);
  expect([opened.since(), opened.reports]).toEqual([{ delivered: lines, late: [] }, []]);
});

test.each(["the directory", "the directory's key"])(
  "nothing of a writer is delivered before %s says who it is, and then all of it",
  async (what) => {
    const { lab, bob, all } = await begin(`stranger to ${what}`);
    const desk = new Desk(lab, what === "the directory" ? all : lab.keys);
    if (what === "the directory") desk.known = 2;
    await desk.take(await bob.write([sayUnder(lab.keys[0], "a")], [sayUnder(lab.keys[0], "b")]));
    expect([desk.since(), desk.ingest.admissionOf(bob.writer), desk.ingest.writers()]).toEqual([NOTHING, null, []]);
    await desk.ingest.reconsider();
    expect(desk.since()).toEqual(NOTHING);
    desk.known = Number.POSITIVE_INFINITY;
    desk.ring.add(lab.directoryKey);
    await desk.ingest.reconsider();
    expect(desk.since()).toEqual({ delivered: ["0 a", "1 b"], late: [] });
    expect(desk.ingest.admissionOf(bob.writer)?.name).toBe("CN=bob/O=acme");
    expect([desk.ingest.writers(), desk.quarantined]).toEqual([[bob.writer], []]);
  },
);

test("who names no admission delivers nothing, and each of its entries is quarantined; so is one that does not count", async () => {
  const { lab, bob, all } = await begin("refused");
  const parts = (text: string) => [sayUnder(lab.keys[0], text)];
  const { id } = lab.world.placed.find(({ statement }) => statement.type === "createKey") ?? expect.fail("a statement");
  const key = await lab.crypto.importSigningKey(pattern("a liar's", 32));
  const liar = new Author(lab, { key, device: await lab.deviceKey("liar"), admission: id });
  const desk = new Desk(lab, all);
  desk.refusals.set(1, "BEYOND_CUT");
  await desk.take(await liar.write(parts("x"), parts("y")), await bob.write(parts("a"), parts("b"), parts("c")));
  expect(desk.since()).toEqual({ delivered: ["0 a", "2 c"], late: [] });
  expect(desk.quarantined.toSorted()).toEqual(["0  WRITER_REFUSED", "1  WRITER_REFUSED", "1 CN=bob/O=acme BEYOND_CUT"]);
  expect([desk.ingest.writers(), desk.ingest.admissionOf(liar.writer)]).toEqual([[bob.writer], null]);
});

test("D8 what this device has no key for holds nothing up, and is delivered when the key comes: late where later parts were opened", async () => {
  const { lab, bob } = await begin("keys");
  const [common, board] = lab.keys;
  const desk = new Desk(lab, [lab.directoryKey, common ?? expect.fail("a key")]);
  await desk.take(
    await bob.write(
      [sayUnder(board, "x"), sayUnder(common, "a")],
      [sayUnder(common, "b")],
      [sayUnder(board, "y")],
      [sayUnder(board, "z")],
    ),
  );
  expect(desk.since()).toEqual({ delivered: ["0 no-key a", "1 b", "2 no-key", "3 no-key"], late: [] });
  await desk.ingest.reconsider();
  expect(desk.since()).toEqual(NOTHING);
  desk.ring.add(board ?? expect.fail("a key"));
  await desk.ingest.reconsider();
  expect(desk.since()).toEqual({ delivered: ["2 y", "3 z"], late: ["0 x"] });
  await desk.ingest.reconsider();
  expect(desk.since()).toEqual(NOTHING);
});

test("K-8 a hole is delivered as one, and what fills it later alone, once", async () => {
  const { lab, bob, all } = await begin("holes");
  const [key] = lab.keys;
  const run = await bob.write([sayUnder(key, "a"), sayUnder(key, "b")], [sayUnder(key, "c")]);
  const desk = new Desk(lab, all);
  await desk.take(await withHoles(lab.crypto, run, (seq, index) => seq === 0 && index === 2));
  expect(desk.since()).toEqual({ delivered: ["0 a hole", "1 c"], late: [] });
  await desk.take(run);
  expect(desk.since()).toEqual({ delivered: [], late: ["0 b"] });
  await desk.take(run);
  expect(desk.since()).toEqual(NOTHING);
});

test("an entry that the disk damaged ends its chain, is reported, and what was delivered is not delivered again as new", async () => {
  const { lab, bob, all } = await begin("damaged");
  const parts = (text: string) => [sayUnder(lab.keys[0], text)];
  const runs = [await bob.write(parts("a")), await bob.write(parts("b")), await bob.write(parts("c"))];
  const desk = new Desk(lab, all);
  await desk.take(...runs);
  desk.since();
  desk.damage(bob.writer, 1);

  const again = new Desk(lab, all, desk.disk.copy());
  await again.ingest.all(async () => undefined);
  expect(again.since()).toEqual({ delivered: ["0 a"], late: [] });
  expect(again.reports).toMatchObject([{ code: "CHAIN_DAMAGED" }]);
  await again.take(...runs);
  expect(again.since()).toEqual({ delivered: ["1 b", "2 c"], late: [] });

  const replayed: string[] = [];
  const replay = () =>
    desk.ingest.replay({ writer: bob.writer, from: 0 }, (some) => replayed.push(...some.map(lineOf)));
  await replay();
  expect(replayed.splice(0)).toEqual(["0 a"]); // here the damage is noticed
  await desk.take(...runs);
  expect(desk.since()).toEqual({ delivered: [], late: ["1 b", "2 c"] });
  await replay();
  expect(replayed).toEqual(["0 a", "1 b", "2 c"]);
});

test("a replay gives what counts, an inspection all that was delivered, and neither goes beyond that", async () => {
  const { lab, bob, all } = await begin("replay");
  const parts = (text: string) => [sayUnder(lab.keys[0], text)];
  const desk = new Desk(lab, all);
  desk.refusals.set(1, "BEHIND_FORK");
  await desk.take(await bob.write(parts("a"), parts("b"), parts("c")));
  await desk.entries.append([await bob.write(parts("not delivered"))]);
  const seen = async (way: "replay" | "inspect", from: number): Promise<readonly string[]> => {
    const lines: string[] = [];
    await desk.ingest[way]({ writer: bob.writer, from }, (some) => lines.push(...some.map(lineOf)));
    return lines;
  };
  expect(await seen("replay", 0)).toEqual(["0 a", "2 c"]);
  expect(await seen("replay", 1)).toEqual(["2 c"]);
  expect(await seen("inspect", 1)).toEqual(["1 b", "2 c"]);
  desk.refusals.clear();
  expect(await seen("replay", 0)).toEqual(["0 a", "1 b", "2 c"]);
});

test("this device's own entries are not delivered to it, and a chain that is set back is, from there on", async () => {
  const { lab, bob, all } = await begin("own");
  const run = await bob.write([sayUnder(lab.keys[0], "a")], [sayUnder(lab.keys[0], "b")]);
  const desk = new Desk(lab, all);
  await desk.entries.append([run]);
  const admission = lab.world.view().admission(bob.admission) ?? expect.fail("an admission");
  desk.ingest.own(run, () => admission);
  await desk.ingest.run([run]);
  await desk.ingest.reconsider();
  expect([desk.since(), desk.ingest.admissionOf(bob.writer)]).toEqual([NOTHING, admission]);
  desk.ingest.setBack(bob.writer, 1);
  await desk.ingest.reconsider();
  expect(desk.since()).toEqual({ delivered: [], late: ["1 b"] });
  desk.ingest.setBack(bob.writer, 0);
  expect(desk.ingest.admissionOf(bob.writer)).toBeNull();
  await desk.ingest.reconsider();
  expect(desk.since()).toEqual({ delivered: [], late: ["0 a", "1 b"] });
});
