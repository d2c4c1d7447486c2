// Contract: what appending a run does to a chain.
import { type Entry, holeOf, toHex, type VerifiedRun, type Verifier } from "@selkie/entry";
import { describe, expect, it } from "vitest";
import { type ContractContext, codeOf, collect, EVERYTHING } from "./place.ts";
import { databaseOf, TestWriter, tenantOf, verifyRun } from "./test-writer.ts";

/** The run with holes for these parts of every entry, as a peer that purged them would send it. */
export async function withHoles(
  verifier: Verifier,
  run: VerifiedRun,
  indexes: readonly number[],
): Promise<VerifiedRun> {
  const entries = run.entries.map(({ header, table, parts, signature }) => ({
    header,
    table,
    parts: parts.map((part, index) => (indexes.includes(index) ? holeOf(verifier, part) : part)),
    signature,
  }));
  return verifyRun(verifier, { ...run, entries });
}

/** The part of the run from entry `from` on. */
function tail(verifier: Verifier, run: VerifiedRun, from: number): Promise<VerifiedRun> {
  const entries = run.entries.slice(from);
  return verifyRun(verifier, {
    ...run,
    firstSeq: run.firstSeq + from,
    prev: run.entries[from - 1]?.id ?? run.prev,
    entries,
  });
}

function textOf({ id, parts }: Entry & { readonly id: Uint8Array }): string {
  return [id, ...parts.map((part) => (part.type === "sealed" ? part.ciphertext : part.hash))].map(toHex).join(" ");
}

export function appendContract({ verifier, withStore }: ContractContext): void {
  const database = databaseOf(1);
  const tenant = tenantOf(1);
  const writer = (seed: number) => TestWriter.create(verifier, database, seed);

  describe("append", () => {
    it(
      "is empty at first",
      withStore(async (store) => {
        const entries = store.entries(tenant, database);
        expect(entries.tenant).toEqual(tenant);
        expect(entries.database).toEqual(database);
        expect((await entries.vector()).size).toBe(0);
        expect(await entries.position()).toBe(0);
        expect(await entries.read((await writer(1)).key, 0, EVERYTHING)).toBeNull();
        expect(await entries.readAfter(0, EVERYTHING)).toEqual({ runs: [], position: 0, done: true });
        expect(await collect(entries.scan())).toEqual([]);
        expect(await store.databases(tenant)).toEqual([]);
      }),
    );

    it(
      "B4 takes a run once, however often it is delivered",
      withStore(async (store) => {
        const entries = store.entries(tenant, database);
        const run = await (await writer(1)).write({ count: 3 });
        expect(await entries.append([run])).toEqual([{ type: "appended", count: 3 }]);
        const position = await entries.position();
        for (let i = 0; i < 100; i++) expect(await entries.append([run])).toEqual([{ type: "known" }]);
        expect(await entries.position()).toBe(position);
        expect(await entries.read(run.writer, 0, EVERYTHING)).toEqual(run);
        expect(await store.databases(tenant)).toEqual([database]);
      }),
    );

    it(
      "skips what it knows of an overlapping run and takes the rest",
      withStore(async (store) => {
        const entries = store.entries(tenant, database);
        const author = await writer(1);
        const [first, second] = [await author.write({ count: 3 }), await author.write({ count: 2 })];
        const whole = await verifyRun(verifier, { ...first, entries: [...first.entries, ...second.entries] });
        await entries.append([first]);
        expect(await entries.append([whole])).toEqual([{ type: "appended", count: 2 }]);
        expect(await entries.append([await tail(verifier, whole, 2)])).toEqual([{ type: "known" }]);
        expect((await entries.vector()).get(toHex(author.key))).toEqual({ seq: 4, id: second.entries[1]?.id });
      }),
    );

    it(
      "says where a gap begins and takes nothing beyond it",
      withStore(async (store) => {
        const entries = store.entries(tenant, database);
        const author = await writer(1);
        const [first, second, third] = [await author.write(), await author.write(), await author.write()];
        expect(await entries.append([second])).toEqual([{ type: "gap", have: 0 }]);
        await entries.append([first]);
        expect(await entries.append([third])).toEqual([{ type: "gap", have: 1 }]);
        expect((await entries.vector()).get(toHex(author.key))?.seq).toBe(0);
        expect(await entries.position()).toBe(1);
      }),
    );

    it(
      "names both ids when another entry has the same seq, and keeps its own",
      withStore(async (store) => {
        const entries = store.entries(tenant, database);
        const author = await writer(1);
        const common = await author.write({ count: 2 });
        const forger = author.fork();
        const [ours, theirs] = [await author.write(), await forger.write()];
        await entries.append([common, ours]);
        const fork = { type: "fork", seq: 2, ours: ours.entries[0]?.id, theirs: theirs.entries[0]?.id };
        expect(await entries.append([theirs])).toEqual([fork]);
        const crossing = await verifyRun(verifier, { ...common, entries: [...common.entries, ...theirs.entries] });
        expect(await entries.append([crossing])).toEqual([fork]);
        const after = await forger.write();
        expect(await entries.append([after])).toEqual([fork]);
        expect(await entries.read(author.key, 2, EVERYTHING)).toEqual(ours);
      }),
    );

    it(
      "gives each run of a call its own result, in order",
      withStore(async (store) => {
        const entries = store.entries(tenant, database);
        const [a, b] = [await writer(1), await writer(2)];
        const [a1, a2, b1, b2] = [await a.write(), await a.write({ count: 2 }), await b.write(), await b.write()];
        expect(await entries.append([a1, b2, a2, a1, b1])).toEqual([
          { type: "appended", count: 1 },
          { type: "gap", have: 0 },
          { type: "appended", count: 2 },
          { type: "known" },
          { type: "appended", count: 1 },
        ]);
        expect((await entries.vector()).size).toBe(2);
      }),
    );

    it(
      "B2 refuses a run of another database",
      withStore(async (store) => {
        const run = await (await writer(1)).write();
        const other = store.entries(tenant, databaseOf(2));
        expect(await codeOf(() => other.append([run]))).toBe("WRONG_DATABASE");
        expect((await other.vector()).size).toBe(0);
      }),
    );

    it(
      "refuses a run whose last entry is unsigned",
      withStore(async (store) => {
        const run = await (await writer(1)).write({ count: 2 });
        const entries = store.entries(tenant, database);
        const unsigned = { ...run, entries: run.entries.slice(0, 1) };
        expect(await codeOf(() => entries.append([unsigned]))).toBe("RUN_UNSIGNED");
        expect(await codeOf(() => entries.append([{ ...run, entries: [] }]))).toBe("RUN_UNSIGNED");
        expect((await entries.vector()).size).toBe(0);
      }),
    );

    it(
      "takes entries from the largest to the smallest, with and without control part",
      withStore(async (store) => {
        const entries = store.entries(tenant, database);
        const author = await writer(1);
        const large = await author.write({ parts: 1, bytes: 524_000, control: true });
        const small = await author.write({ parts: 1 });
        await entries.append([large, small]);
        const read = await entries.read(author.key, 0, { entries: 1, bytes: 1 });
        // Compared as text: toEqual takes seconds over a million numbers.
        expect(read?.entries.map(textOf)).toEqual(large.entries.map(textOf));
        expect(await entries.read(author.key, 1, EVERYTHING)).toEqual(small);
      }),
    );
  });
}
