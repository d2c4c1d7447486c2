import { asPlaintext } from "@selkie/crypto";
import { entryType, equalBytes, toHex, type VerifiedRun } from "@selkie/entry";
import { MemoryDisk, memoryStore, type Store } from "@selkie/store";
import { describe, expect, test } from "vitest";
import { decodeControlPart } from "../../src/sealing/control-part.ts";
import { openEntries } from "../../src/sealing/open-entry.ts";
import type { PartDraft } from "../../src/sealing/seal-entry.ts";
import type { SealedEntries, WriterChain } from "../../src/writer/writer-chain.ts";
import { repeatableCrypto, testDatabase, testKey, testRing, testTenant } from "../fixture.ts";
import { openChain } from "./open-chain.ts";

const crypto = repeatableCrypto("writer chain");
const directoryKey = await testKey(crypto, "directory");

const part: PartDraft = { kind: "change", key: directoryKey, plaintext: asPlaintext(new Uint8Array(128)) };

interface Run {
  readonly store: Store;
  readonly chain: WriterChain;
  readonly reports: unknown[];
}

/** The app starts on a disk. */
async function start(disk: MemoryDisk): Promise<Run> {
  const store = memoryStore({ verifier: crypto, random: (length) => crypto.randomBytes(length), disk });
  const reports: unknown[] = [];
  const report = (error: unknown): void => void reports.push(error);
  const database = testDatabase;
  const chain = await openChain(crypto, { store, database, type: entryType.change, directoryKey, report });
  return { store, chain, reports };
}

async function commit({ store }: Run, sealed: SealedEntries): Promise<VerifiedRun> {
  const { row, advance } = sealed;
  const run = only(sealed);
  const [result] = await store.commit({
    append: [{ tenant: testTenant, database: testDatabase, run }],
    put: [row],
    expect: "all-appended",
  });
  expect(result?.type).toBe("appended");
  advance();
  return run;
}

/** Few entries are one run. */
function only({ runs }: SealedEntries): VerifiedRun {
  const [run, ...others] = runs;
  if (run === undefined || others.length > 0) throw new RangeError("one run");
  return run;
}

const write = async (run: Run): Promise<VerifiedRun> => commit(run, await run.chain.seal([[part]], []));

async function certificateOf(run: VerifiedRun) {
  const [parts] = await openEntries(crypto, testRing(crypto, directoryKey), run.entries.slice(0, 1), ["control"]);
  const [control] = parts ?? [];
  return control?.type === "opened" ? decodeControlPart(control.plaintext).certificate : null;
}

describe("a writer chain", () => {
  test("goes on after a clean close, entry after entry", async () => {
    const disk = new MemoryDisk();
    const first = await start(disk);
    const one = await write(first);
    await first.store[Symbol.asyncDispose]();
    const second = await start(disk);
    const two = await write(second);
    expect(two.writer).toEqual(one.writer);
    expect(two.firstSeq).toBe(1);
    expect(two.prev).toEqual(one.entries[0]?.id);
    expect(second.reports).toEqual([]);
  });

  test("B11 begins anew after a crash, on a copy, and on a backup that is restored twice, and says what it follows on", async () => {
    const disk = new MemoryDisk();
    const first = await start(disk);
    const one = await write(first);
    const backup = disk.copy();
    disk.crash();
    const used = new Set([`${toHex(one.writer)} 0`]);
    for (const other of [disk, backup, backup.copy(), backup.copy()]) {
      const again = await start(other);
      const run = await write(again);
      const place = `${toHex(run.writer)} ${run.firstSeq}`;
      expect(used.has(place)).toBe(false);
      used.add(place);
      expect((await certificateOf(run))?.previous).toEqual({ writer: one.writer, seq: 0, id: one.entries[0]?.id });
      other.crash();
    }
  });

  test("B11 begins anew when the row of a clean close does not name the chain's tip", async () => {
    const disk = new MemoryDisk();
    const first = await start(disk);
    await write(first);
    const sealed = await first.chain.seal([[part]], []);
    const run = only(sealed);
    await first.store.commit({ append: [{ tenant: testTenant, database: testDatabase, run }] }); // the row is lost
    sealed.advance();
    await first.store[Symbol.asyncDispose]();
    const second = await start(disk);
    const next = await write(second);
    expect(equalBytes(next.writer, run.writer)).toBe(false);
  });

  test("seals the same bytes again when what it sealed was not confirmed", async () => {
    const at = await start(new MemoryDisk());
    await write(at);
    const [a, b] = [await at.chain.seal([[part], [part]], []), await at.chain.seal([[part], [part]], [])];
    expect(only(b).entries.map(({ id }) => toHex(id))).toEqual(only(a).entries.map(({ id }) => toHex(id)));
    await commit(at, a);
    expect(only(await at.chain.seal([[part]], [])).firstSeq).toBe(3);
  });

  test("gives no counter twice, over restarts, and none that the journal holds", async () => {
    const disk = new MemoryDisk();
    const first = await start(disk);
    expect([await first.chain.takeCounter(), await first.chain.takeCounter()]).toEqual([0, 1]);
    await write(first);
    await first.store[Symbol.asyncDispose]();
    const second = await start(disk);
    await second.chain.writer();
    second.chain.reserveCounter(5);
    second.chain.reserveCounter(3);
    expect(await second.chain.takeCounter()).toBe(6);
  });

  test("that was left for another says so in the next one's certificate", async () => {
    const at = await start(new MemoryDisk());
    const one = await write(at);
    await at.chain.begin();
    const two = await write(at);
    expect(equalBytes(one.writer, two.writer)).toBe(false);
    expect((await certificateOf(two))?.previous).toEqual({ writer: one.writer, seq: 0, id: one.entries[0]?.id });
  });

  test("tells when entries that it wrote are gone", async () => {
    const disk = new MemoryDisk();
    const first = await start(disk);
    const { row, advance } = await first.chain.seal([[part]], []);
    await first.store.commit({ put: [row] }); // the entry is lost
    advance();
    await first.store[Symbol.asyncDispose]();
    const second = await start(disk);
    expect(second.reports).toEqual([expect.objectContaining({ code: "CHAIN_DAMAGED" })]);
    expect((await write(second)).firstSeq).toBe(0);
  });
});
