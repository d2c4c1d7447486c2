// Contract: a chain is cut short where another branch of it takes its place.
import { toHex, type VerifiedRun } from "@selkie/entry";
import { describe, expect, it } from "vitest";
import type { EntryStore } from "../entry-store.ts";
import { publicState } from "../stored-state.ts";
import { type ContractContext, codeOf, collect, EVERYTHING, entryAt } from "./place.ts";
import { bytesOf, databaseOf, TestWriter, tenantOf } from "./test-writer.ts";

const headOf = async (entries: EntryStore, { writer }: Pick<VerifiedRun, "writer">) => {
  const head = (await entries.vector()).get(toHex(writer));
  return head === undefined ? null : { seq: head.seq, id: toHex(head.id) };
};

const tipOf = (run: VerifiedRun) => {
  const { header, id } = entryAt(run, run.entries.length - 1);
  return { seq: header.seq, id: toHex(id) };
};

/** Ids of everything behind a position, as somebody who tails the store gets it. */
const arrivedAfter = async (entries: EntryStore, position: number): Promise<readonly string[]> => {
  const ids: string[] = [];
  for (let at = position; ; ) {
    const arrived = await entries.readAfter(at, EVERYTHING);
    ids.push(...arrived.runs.flatMap((run) => run.entries.map(({ id }) => toHex(id))));
    at = arrived.position;
    if (arrived.done) return ids;
  }
};

const idsOf = (...runs: readonly VerifiedRun[]): readonly string[] =>
  runs.flatMap(({ entries }) => entries.map(({ id }) => toHex(id)));

export function dropContract({ options, verifier, withPlace, withStore }: ContractContext): void {
  const database = databaseOf(1);
  const tenant = tenantOf(1);
  const place = { tenant, database };
  /** What both branches share, then two entries of one and three of the other. */
  const split = async () => {
    const writer = await TestWriter.create(verifier, database, 1);
    const before = await writer.write({ count: 2 });
    const other = writer.fork();
    const ours = await writer.write({ count: 2 });
    return { before, ours, theirs: [await other.write(), await other.write({ count: 2 })] as const };
  };
  const append = (...runs: readonly VerifiedRun[]) => runs.map((run) => ({ ...place, run }));

  describe("drop", () => {
    it(
      "D1 puts one branch in the place of another, in one commit",
      withStore(async (store) => {
        const entries = store.entries(tenant, database);
        const { before, ours, theirs } = await split();
        await entries.append([before, ours]);
        expect((await entries.append([theirs[0]])).map(({ type }) => type)).toEqual(["fork"]);
        const position = await entries.position();
        const drop = [{ ...place, writer: ours.writer, from: 2 }];
        const results = await store.commit({ drop, append: append(...theirs) });
        expect(results.map(({ type }) => type)).toEqual(["appended", "appended"]);
        expect(await headOf(entries, ours)).toEqual(tipOf(theirs[1]));
        expect(idsOf(...(await collect(entries.scan())))).toEqual(idsOf(before, ...theirs));
        for (const { id } of ours.entries) expect(await entries.find(id)).toBeUndefined();
        for (const { id } of theirs[1].entries) expect((await entries.find(id))?.id).toEqual(id);
        // Who tails hears of the branch that took the place, and never of the other again.
        expect(await arrivedAfter(entries, position)).toEqual(idsOf(...theirs));
        const all = new Set(await arrivedAfter(entries, 0));
        expect([...all].sort()).toEqual([...idsOf(before, ...theirs)].sort());
      }),
    );

    it(
      "ends a chain at its last signed entry before the place, and takes it up from there",
      withStore(async (store) => {
        const entries = store.entries(tenant, database);
        const { before, ours } = await split();
        await entries.append([before, ours]);
        await store.commit({ drop: [{ ...place, writer: ours.writer, from: 3 }] });
        expect(await headOf(entries, ours)).toEqual(tipOf(before));
        expect(await entries.read(ours.writer, 2, EVERYTHING)).toBeNull();
        expect(await arrivedAfter(entries, 0)).toEqual(idsOf(before));
        await entries.append([ours]);
        expect(await headOf(entries, ours)).toEqual(tipOf(ours));
        expect(await entries.read(ours.writer, 2, EVERYTHING)).toEqual(ours);
        await store.commit({ drop: [{ ...place, writer: ours.writer, from: 0 }] });
        expect(await headOf(entries, ours)).toBeNull();
        await entries.append([before]);
        expect(await headOf(entries, ours)).toEqual(tipOf(before));
      }),
    );

    it(
      "changes nothing of other chains, databases and tenants, nor of what is not there",
      withStore(async (store) => {
        const entries = store.entries(tenant, database);
        const { before, ours } = await split();
        const other = await (await TestWriter.create(verifier, database, 2)).write();
        const theirs = store.entries(tenantOf(2), database);
        await entries.append([before, other]);
        await theirs.append([before, ours]);
        const drop = [
          { ...place, writer: ours.writer, from: 2 },
          { tenant, database: databaseOf(2), writer: ours.writer, from: 0 },
          { tenant: tenantOf(3), database, writer: ours.writer, from: 0 },
        ];
        expect(await store.commit({ drop })).toEqual([]);
        expect(await headOf(entries, before)).toEqual(tipOf(before));
        expect(await headOf(entries, other)).toEqual(tipOf(other));
        expect(await headOf(theirs, ours)).toEqual(tipOf(ours));
        expect(await store.databases(tenantOf(3))).toEqual([]);
      }),
    );

    it(
      "drops nothing when the commit fails",
      withStore(async (store) => {
        const entries = store.entries(tenant, database);
        const { before, ours, theirs } = await split();
        await entries.append([before, ours]);
        const drop = [{ ...place, writer: ours.writer, from: 2 }];
        const gap = { drop, append: append(theirs[1]), expect: "all-appended" } as const;
        expect(await codeOf(() => store.commit(gap))).toBe("NOT_APPENDED");
        const put = [{ key: new Uint8Array(1_025), value: publicState(bytesOf(1, 40)) }];
        expect(await codeOf(() => store.commit({ drop, append: append(...theirs), put }))).toBe("BAD_KEY");
        expect(await headOf(entries, ours)).toEqual(tipOf(ours));
        for (const entry of ours.entries) expect(await entries.find(entry.id)).toEqual(entry);
        expect(await arrivedAfter(entries, 0)).toEqual(idsOf(before, ours));
      }),
    );

    if (options.capabilities.reopens) {
      it(
        "is durable, and takes what was damaged behind the place along",
        withPlace(async (at) => {
          const { before, ours, theirs } = await split();
          {
            await using store = await at.open();
            await store.entries(tenant, database).append([before, ours]);
          }
          await at.damageEntry({ ...place, writer: ours.writer, seq: 3 });
          {
            await using store = await at.open();
            const entries = store.entries(tenant, database);
            expect(await entries.read(ours.writer, 2, EVERYTHING)).toBeNull();
            const drop = [{ ...place, writer: ours.writer, from: 2 }];
            await store.commit({ drop, append: append(...theirs), expect: "all-appended" });
          }
          await using store = await at.open();
          const entries = store.entries(tenant, database);
          expect(await headOf(entries, ours)).toEqual(tipOf(theirs[1]));
          expect(idsOf(...(await collect(entries.scan())))).toEqual(idsOf(before, ...theirs));
        }),
      );
    }
  });
}
