// Contract: parts that are missing, come back, or are retired for good.
import { type Entry, parseEntryId, partKind, verifyRuns } from "@selkie/entry";
import { describe, expect, it } from "vitest";
import { withHoles } from "./append-contract.ts";
import { type ContractContext, EVERYTHING, entryAt } from "./place.ts";
import { idsOf, readAllAfter } from "./read-contract.ts";
import { bytesOf, databaseOf, TestWriter, tenantOf } from "./test-writer.ts";

function holesIn(entry: Entry | undefined): readonly number[] {
  return (entry?.parts ?? []).flatMap((part, index) => (part.type === "hole" ? [index] : []));
}

export function holeContract({ verifier, withStore }: ContractContext): void {
  const database = databaseOf(1);
  const tenant = tenantOf(1);
  const writeRun = async (shape: { count?: number; parts?: number; control?: boolean }) =>
    (await TestWriter.create(verifier, database, 1)).write(shape);

  describe("holes", () => {
    it(
      "are stored, and filled when the whole parts arrive",
      withStore(async (store) => {
        const entries = store.entries(tenant, database);
        const run = await writeRun({ count: 3, parts: 3 });
        const holed = await withHoles(verifier, run, [0, 2]);
        expect(await entries.append([holed])).toEqual([{ type: "appended", count: 3 }]);
        expect(await entries.append([holed])).toEqual([{ type: "known" }]);
        expect(await entries.read(run.writer, 0, EVERYTHING)).toEqual(holed);
        const before = await entries.position();
        expect(await entries.append([await withHoles(verifier, run, [2])])).toEqual([{ type: "appended", count: 3 }]);
        expect(holesIn((await entries.read(run.writer, 0, EVERYTHING))?.entries[1])).toEqual([2]);
        expect(await entries.append([run])).toEqual([{ type: "appended", count: 3 }]);
        expect(await entries.read(run.writer, 0, EVERYTHING)).toEqual(run);
        // Who was here before sees the filled entries.
        expect(idsOf(await readAllAfter(entries, before, EVERYTHING))).toContain(idsOf([run])[0]);
      }),
    );

    it(
      "never replace a whole part",
      withStore(async (store) => {
        const entries = store.entries(tenant, database);
        const run = await writeRun({ count: 2, parts: 3 });
        await entries.append([await withHoles(verifier, run, [0])]);
        expect(await entries.append([await withHoles(verifier, run, [1, 2])])).toEqual([
          { type: "appended", count: 2 },
        ]);
        expect(await entries.append([await withHoles(verifier, run, [0, 1, 2])])).toEqual([{ type: "known" }]);
        expect(await entries.read(run.writer, 0, EVERYTHING)).toEqual(run);
      }),
    );
  });

  describe("retire", () => {
    it(
      "drops the named parts for good, and the chain still verifies",
      withStore(async (store) => {
        const entries = store.entries(tenant, database);
        const run = await writeRun({ count: 3, parts: 3 });
        await entries.append([run]);
        const id = entryAt(run, 1).id;
        expect(
          await entries.retire([
            { id, index: 0 },
            { id, index: 2 },
          ]),
        ).toBe(2);
        const read = await entries.read(run.writer, 0, EVERYTHING);
        expect(read?.entries.map(holesIn)).toEqual([[], [0, 2], []]);
        expect(read && (await verifyRuns(verifier, [read]))).toMatchObject([{ type: "verified" }]);
        expect(await entries.append([run])).toEqual([{ type: "known" }]);
        expect(holesIn(await entries.find(id))).toEqual([0, 2]);
        expect(
          await entries.retire([
            { id, index: 0 },
            { id, index: 1 },
          ]),
        ).toBe(1);
        expect(holesIn(await entries.find(id))).toEqual([0, 1, 2]);
      }),
    );

    it(
      "binds for entries still to come",
      withStore(async (store) => {
        const entries = store.entries(tenant, database);
        const run = await writeRun({ count: 2, parts: 2 });
        const id = entryAt(run, 0).id;
        expect(await entries.retire([{ id, index: 1 }])).toBe(0);
        expect(await store.databases(tenant)).toEqual([]);
        await entries.append([run]);
        expect((await entries.read(run.writer, 0, EVERYTHING))?.entries.map(holesIn)).toEqual([[1], []]);
        expect(await entries.append([run])).toEqual([{ type: "known" }]);
      }),
    );

    it(
      "B10 never drops a control part",
      withStore(async (store) => {
        const entries = store.entries(tenant, database);
        const run = await writeRun({ count: 1, parts: 1, control: true });
        const id = entryAt(run, 0).id;
        const names = [0, 7, -1, 65_536, 0.5].map((index) => ({ id, index }));
        await entries.retire([{ id, index: 0 }]);
        await entries.append([run]);
        expect(await entries.retire(names)).toBe(0);
        const kept = await entries.find(id);
        expect(kept).toEqual(run.entries[0]);
        expect(kept?.parts[0]?.kind).toBe(partKind.control);
      }),
    );

    it(
      "is taken back: what comes again is kept",
      withStore(async (store) => {
        const entries = store.entries(tenant, database);
        const run = await writeRun({ count: 2, parts: 3 });
        await entries.append([run]);
        const id = entryAt(run, 1).id;
        await entries.retire([0, 1, 2].map((index) => ({ id, index })));
        await entries.unretire([0, 2, 7, -1].map((index) => ({ id, index })));
        expect(holesIn(await entries.find(id))).toEqual([0, 1, 2]);
        await entries.append([run]);
        expect(holesIn(await entries.find(id))).toEqual([1]);
        await entries.unretire([{ id, index: 1 }]);
        await entries.append([run]);
        expect(await entries.find(id)).toEqual(run.entries[1]);
      }),
    );

    it(
      "leaves other entries and unknown ids alone",
      withStore(async (store) => {
        const entries = store.entries(tenant, database);
        const run = await writeRun({ count: 2 });
        await entries.append([run]);
        expect(await entries.retire([])).toBe(0);
        expect(await entries.retire([{ id: parseEntryId(bytesOf(99, 32)), index: 0 }])).toBe(0);
        expect(await entries.read(run.writer, 0, EVERYTHING)).toEqual(run);
      }),
    );
  });
}
