// Contract: one commit is one atomic transaction, and the local state.
import { describe, expect, it } from "vitest";
import { publicState } from "../stored-state.ts";
import { type ContractContext, codeOf, collect, EVERYTHING } from "./place.ts";
import { bytesOf, databaseOf, TestWriter, tenantOf } from "./test-writer.ts";

const key = (...bytes: number[]): Uint8Array => Uint8Array.from(bytes);
const value = (seed: number, length = 40) => publicState(bytesOf(seed, length));

export function commitContract({ verifier, withStore }: ContractContext): void {
  const database = databaseOf(1);
  const tenant = tenantOf(1);
  const writer = (seed: number) => TestWriter.create(verifier, database, seed);

  describe("commit", () => {
    it(
      "writes entries and state together",
      withStore(async (store) => {
        await store.state.put(key(1), value(1));
        const run = await (await writer(1)).write();
        const append = [{ tenant, database, run }];
        const results = await store.commit({ append, put: [{ key: key(2), value: value(2) }], remove: [key(1)] });
        expect(results).toEqual([{ type: "appended", count: 1 }]);
        expect(await store.state.get(key(1))).toBeUndefined();
        expect(await store.state.get(key(2))).toEqual(value(2));
        expect(await store.entries(tenant, database).read(run.writer, 0, EVERYTHING)).toEqual(run);
      }),
    );

    it(
      "writes nothing at all when a run was to be appended and was not",
      withStore(async (store) => {
        const [a, b] = [await writer(1), await writer(2)];
        const [known, next, other] = [await a.write(), await a.write(), await b.write()];
        await b.write();
        const gap = await b.write();
        await store.commit({ append: [{ tenant, database, run: known }] });
        for (const run of [known, gap]) {
          const append = [next, other, run].map((item) => ({ tenant, database, run: item }));
          const write = { append, put: [{ key: key(1), value: value(1) }], expect: "all-appended" } as const;
          expect(await codeOf(() => store.commit(write))).toBe("NOT_APPENDED");
        }
        expect(await store.state.get(key(1))).toBeUndefined();
        expect((await store.entries(tenant, database).vector()).size).toBe(1);
        expect(await store.entries(tenant, database).position()).toBe(1);
        const append = [next, other].map((run) => ({ tenant, database, run }));
        await store.commit({ append, expect: "all-appended" });
        expect(await store.entries(tenant, database).position()).toBe(3);
      }),
    );

    it(
      "writes nothing at all when any of it is refused",
      withStore(async (store) => {
        const run = await (await writer(1)).write();
        const append = [{ tenant, database, run }];
        const tooLong = { key: new Uint8Array(1_025), value: value(1) };
        expect(await codeOf(() => store.commit({ append, put: [{ key: key(1), value: value(1) }, tooLong] }))).toBe(
          "BAD_KEY",
        );
        expect(await codeOf(() => store.commit({ append, remove: [new Uint8Array()] }))).toBe("BAD_KEY");
        const elsewhere = { tenant, database: databaseOf(2), run };
        expect(await codeOf(() => store.commit({ append: [...append, elsewhere] }))).toBe("WRONG_DATABASE");
        expect((await store.entries(tenant, database).vector()).size).toBe(0);
        expect(await store.state.get(key(1))).toBeUndefined();
        expect(await store.databases(tenant)).toEqual([]);
      }),
    );

    it(
      "serves many callers at once, and fails only those that fail",
      withStore(async (store) => {
        const author = await writer(1);
        const runs = await Promise.all(Array.from({ length: 20 }, () => author.write()));
        const outcomes = await Promise.all(
          runs.map((run, index) => {
            const append = [{ tenant, database: index % 5 === 4 ? databaseOf(2) : database, run }];
            return codeOf(() => store.commit({ append, put: [{ key: key(9, index), value: value(index) }] }));
          }),
        );
        // Every fifth belongs elsewhere and takes nobody with it; those behind the first gap are still acknowledged.
        expect(outcomes).toEqual(runs.map((_, index) => (index % 5 === 4 ? "WRONG_DATABASE" : undefined)));
        expect(await store.entries(tenant, database).position()).toBe(4);
        expect(await collect(store.state.range(key(9), key(10)))).toHaveLength(16);
      }),
    );

    it(
      "takes an empty write",
      withStore(async (store) => {
        expect(await store.commit({})).toEqual([]);
        expect(await store.commit({ append: [], put: [], remove: [], expect: "all-appended" })).toEqual([]);
      }),
    );
  });

  describe("state", () => {
    it(
      "keeps the last value of a key",
      withStore(async ({ state }) => {
        expect(await state.get(key(1))).toBeUndefined();
        for (const [seed, length] of [
          [1, 0],
          [2, 1],
          [3, 1_000_000],
          [4, 10],
        ] as const) {
          await state.put(key(1), value(seed, length));
          expect(await state.get(key(1))).toEqual(value(seed, length));
        }
        await state.remove(key(1));
        await state.remove(key(1));
        expect(await state.get(key(1))).toBeUndefined();
      }),
    );

    it(
      "scans keys in byte order, from inclusive to exclusive",
      withStore(async ({ state }) => {
        const keys = [[0], [0, 0], [0, 255], [1], [1, 0], [1, 0, 5], [127], [128], [254, 255], [255], [255, 255]].map(
          (k) => Uint8Array.from(k),
        );
        for (const [index, item] of [...keys.entries()].reverse()) await state.put(item, value(index));
        const scan = async (from: Uint8Array, to: Uint8Array) =>
          (await collect(state.range(from, to))).map((item) => item.key);
        expect(await scan(key(), key(255, 255, 255))).toEqual(keys);
        expect(await scan(key(1), key(128))).toEqual(keys.slice(3, 7));
        expect(await scan(key(0, 1), key(1, 0))).toEqual(keys.slice(2, 4));
        expect(await scan(key(2), key(3))).toEqual([]);
        expect(await scan(key(128), key(1))).toEqual([]);
        expect((await collect(state.range(key(254), key(255))))[0]?.value).toEqual(value(8));
      }),
    );

    it(
      "can be written while it is scanned",
      withStore(async ({ state }) => {
        for (let i = 0; i < 20; i++) await state.put(key(1, i), value(i));
        const seen: number[] = [];
        for await (const item of state.range(key(1), key(2))) {
          seen.push(item.key[1] ?? -1);
          await state.remove(item.key);
          await state.put(key(3, seen.length), value(1));
        }
        expect(seen).toEqual(Array.from({ length: 20 }, (_, i) => i));
        expect(await collect(state.range(key(1), key(2)))).toEqual([]);
      }),
    );

    it(
      "holds more than a scan reads at a time",
      withStore(async (store) => {
        const put = Array.from({ length: 700 }, (_, i) => ({ key: key(i >> 8, i & 255), value: value(i) }));
        await store.commit({ put });
        const items = await collect(store.state.range(key(0), key(9)));
        expect(items.map((item) => item.value)).toEqual(put.map((item) => item.value));
      }),
    );
  });
}
