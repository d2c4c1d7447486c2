// Contract: what reading returns, by seq, by position and by id.
import { toHex, type VerifiedRun, verifyRuns } from "@selkie/entry";
import { describe, expect, it } from "vitest";
import type { EntryStore } from "../entry-store.ts";
import { type ContractContext, collect, EVERYTHING } from "./place.ts";
import { databaseOf, TestWriter, tenantOf } from "./test-writer.ts";

/** Hex ids of all entries of these runs, in order. */
export function idsOf(runs: readonly VerifiedRun[]): readonly string[] {
  return runs.flatMap((run) => run.entries.map((entry) => toHex(entry.id)));
}

/** Everything after a position, read in steps of this limit. */
export async function readAllAfter(
  entries: EntryStore,
  position: number,
  limit: { entries: number; bytes: number },
): Promise<readonly VerifiedRun[]> {
  const all: VerifiedRun[] = [];
  let from = position;
  for (;;) {
    const arrived = await entries.readAfter(from, limit);
    all.push(...arrived.runs);
    expect(arrived.position).toBeGreaterThanOrEqual(from);
    if (arrived.done) return all;
    expect(arrived.position).toBeGreaterThan(from);
    from = arrived.position;
  }
}

export function readContract({ verifier, withStore }: ContractContext): void {
  const database = databaseOf(1);
  const tenant = tenantOf(1);
  const writer = (seed: number) => TestWriter.create(verifier, database, seed);

  describe("read", () => {
    it(
      "cuts runs at signed entries, and reads at least as far as the first",
      withStore(async (store) => {
        const entries = store.entries(tenant, database);
        const author = await writer(1);
        const [a, b] = [await author.write({ count: 4 }), await author.write({ count: 3 })];
        await entries.append([a, b]);
        const lengths = async (from: number, limit: { entries: number; bytes: number }) =>
          (await entries.read(author.key, from, limit))?.entries.length;
        expect(await lengths(0, EVERYTHING)).toBe(7);
        expect(await lengths(0, { entries: 6, bytes: 1e6 })).toBe(4);
        expect(await lengths(0, { entries: 1, bytes: 1 })).toBe(4);
        expect(await lengths(2, { entries: 4, bytes: 1e6 })).toBe(2);
        expect(await lengths(3, EVERYTHING)).toBe(4);
        expect(await lengths(6, EVERYTHING)).toBe(1);
        expect(await lengths(7, EVERYTHING)).toBeUndefined();
        expect(await lengths(1_000, EVERYTHING)).toBeUndefined();
        expect(await lengths(-1, EVERYTHING)).toBeUndefined();
      }),
    );

    it(
      "returns runs that verify again and cannot be used to change the store",
      withStore(async (store) => {
        const entries = store.entries(tenant, database);
        const run = await (await writer(1)).write({ count: 3 });
        await entries.append([run]);
        const read = await entries.read(run.writer, 1, EVERYTHING);
        expect(read && (await verifyRuns(verifier, [read]))).toMatchObject([{ type: "verified" }]);
        for (const entry of read?.entries ?? []) {
          for (const part of entry.parts) if (part.type === "sealed") part.ciphertext.fill(0);
          entry.id.fill(0);
          entry.signature?.fill(0);
        }
        expect(await entries.read(run.writer, 0, EVERYTHING)).toEqual(run);
      }),
    );

    it(
      "finds entries by id",
      withStore(async (store) => {
        const entries = store.entries(tenant, database);
        const author = await writer(1);
        const [a, b] = [await author.write({ count: 2 }), await author.write({ count: 2 })];
        await entries.append([a]);
        for (const entry of a.entries) expect(await entries.find(entry.id)).toEqual(entry);
        for (const entry of b.entries) expect(await entries.find(entry.id)).toBeUndefined();
      }),
    );

    it(
      "scans everything, by writer and seq",
      withStore(async (store) => {
        const entries = store.entries(tenant, database);
        const runs: VerifiedRun[] = [];
        for (const seed of [1, 2, 3]) {
          const author = await writer(seed);
          runs.push(await author.write({ count: 2 }), await author.write({ count: 3 }));
        }
        await entries.append([...runs].reverse());
        await entries.append(runs);
        const sorted = [...runs].sort((a, b) => (toHex(a.writer) < toHex(b.writer) ? -1 : 1));
        expect(idsOf(await collect(entries.scan()))).toEqual(idsOf(sorted));
      }),
    );
  });

  describe("positions", () => {
    it(
      "stream what arrived after one, each entry once, whatever the limit",
      withStore(async (store) => {
        const entries = store.entries(tenant, database);
        const [a, b] = [await writer(1), await writer(2)];
        const runs: VerifiedRun[] = [];
        for (let i = 0; i < 6; i++) runs.push(await a.write({ count: 1 + (i % 3) }), await b.write({ count: 2 }));
        for (const run of runs) await entries.append([run]);
        const ids = [...idsOf(runs)].sort();
        for (const limit of [
          EVERYTHING,
          { entries: 1, bytes: 1 },
          { entries: 5, bytes: 1e6 },
          { entries: 9, bytes: 1_500 },
        ]) {
          expect([...idsOf(await readAllAfter(entries, 0, limit))].sort()).toEqual(ids);
        }
        expect(await entries.position()).toBe(ids.length);
      }),
    );

    it(
      "join what belongs to one chain, so that few signatures are verified",
      withStore(async (store) => {
        const entries = store.entries(tenant, database);
        const [a, b] = [await writer(1), await writer(2)];
        for (let i = 0; i < 10; i++) await entries.append([await a.write(), await b.write()]);
        const { runs, done } = await entries.readAfter(0, EVERYTHING);
        expect(runs.map((run) => run.entries.length)).toEqual([10, 10]);
        expect(done).toBe(true);
        expect(await verifyRuns(verifier, runs)).toMatchObject([{ type: "verified" }, { type: "verified" }]);
      }),
    );

    it(
      "go on from the middle of what arrived together",
      withStore(async (store) => {
        const entries = store.entries(tenant, database);
        const run = await (await writer(1)).write({ count: 5 });
        await entries.append([run]);
        const { runs, position } = await entries.readAfter(3, EVERYTHING);
        expect(idsOf(runs)).toEqual(idsOf([run]).slice(3));
        expect(position).toBe(5);
      }),
    );

    it(
      "beyond the newest one answer with the newest",
      withStore(async (store) => {
        const entries = store.entries(tenant, database);
        await entries.append([await (await writer(1)).write({ count: 5 })]);
        expect(await entries.readAfter(5, EVERYTHING)).toEqual({ runs: [], position: 5, done: true });
        expect(await entries.readAfter(999, EVERYTHING)).toEqual({ runs: [], position: 5, done: true });
      }),
    );
  });
}
