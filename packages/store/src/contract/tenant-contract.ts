// Contract: no call on one tenant sees another's, even where both use the same database ids, entries and blobs.
import { parseBlobHash, toHex } from "@selkie/entry";
import { describe, expect, it } from "vitest";
import { type ContractContext, collect, EVERYTHING, entryAt } from "./place.ts";
import { bytesOf, databaseOf, TestWriter, tenantOf } from "./test-writer.ts";

export function tenantContract({ verifier, withStore }: ContractContext): void {
  const database = databaseOf(1);
  const [ours, theirs] = [tenantOf(1), tenantOf(2)];

  describe("tenants", () => {
    it(
      "F3 shows nothing of a tenant's entries to another tenant with the same database id",
      withStore(async (store) => {
        const author = await TestWriter.create(verifier, database, 1);
        const run = await author.write({ count: 3 });
        const id = entryAt(run, 0).id;
        await store.entries(ours, database).append([run]);
        const other = store.entries(theirs, database);
        expect((await other.vector()).size).toBe(0);
        expect(await other.position()).toBe(0);
        expect(await other.read(run.writer, 0, EVERYTHING)).toBeNull();
        expect(await other.readAfter(0, EVERYTHING)).toEqual({ runs: [], position: 0, done: true });
        expect(await other.find(id)).toBeUndefined();
        expect(await collect(other.scan())).toEqual([]);
        expect(await other.retire([{ id, index: 0 }])).toBe(0);
        expect(await store.databases(theirs)).toEqual([]);
        expect(await store.entries(ours, database).find(id)).toEqual(run.entries[0]);
      }),
    );

    it(
      "F3 keeps chains, positions, forks and purges of two tenants apart",
      withStore(async (store) => {
        const author = await TestWriter.create(verifier, database, 1);
        const forger = author.fork();
        const [run, fork] = [await author.write({ count: 2 }), await forger.write({ count: 3 })];
        const [a, b] = [store.entries(ours, database), store.entries(theirs, database)];
        expect(await a.append([run])).toEqual([{ type: "appended", count: 2 }]);
        // The other tenant's history neither conflicts with this one's nor moves its positions.
        expect(await b.append([fork])).toEqual([{ type: "appended", count: 3 }]);
        expect([await a.position(), await b.position()]).toEqual([2, 3]);
        expect(await a.append([fork])).toMatchObject([{ type: "fork", seq: 0 }]);
        await b.retire([{ id: entryAt(run, 0).id, index: 0 }]);
        expect(await a.read(author.key, 0, EVERYTHING)).toEqual(run);
        expect(await b.read(author.key, 0, EVERYTHING)).toEqual(fork);
        expect((await a.vector()).get(toHex(author.key))?.seq).toBe(1);
      }),
    );

    it(
      "F3 keeps the databases of one tenant apart, and lists them in order",
      withStore(async (store) => {
        const ids: string[] = [];
        for (const seed of [5, 1, 3]) {
          const author = await TestWriter.create(verifier, databaseOf(seed), 1);
          const run = await author.write();
          await store.entries(ours, databaseOf(seed)).append([run]);
          for (const other of [5, 1, 3].filter((number) => number !== seed)) {
            expect(await store.entries(ours, databaseOf(other)).find(entryAt(run, 0).id)).toBeUndefined();
          }
          ids.push(toHex(databaseOf(seed)));
        }
        expect((await store.databases(ours)).map(toHex)).toEqual(ids.sort());
      }),
    );

    it(
      "F3 C3 shows nothing of a tenant's blobs to another tenant that stores the same bytes",
      withStore(async (store) => {
        const bytes = bytesOf(1, 1_000);
        const hash = parseBlobHash(verifier.sha256(bytes));
        await store.blobs(ours).put(hash, chunksOf(bytes));
        expect(await store.blobs(theirs).has(hash)).toBe(false);
        expect(await store.blobs(theirs).get(hash)).toBeUndefined();
        await store.blobs(theirs).put(hash, chunksOf(bytes));
        await store.blobs(theirs).remove(hash);
        expect(await store.blobs(ours).has(hash)).toBe(true);
      }),
    );
  });
}

async function* chunksOf(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}
