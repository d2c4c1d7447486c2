// Contract: opening, closing, and what is there when a store is opened again; and entries and blobs that were damaged in between.
import { parseBlobHash, toHex, type VerifiedRun, verifyRuns } from "@selkie/entry";
import { describe, expect, it } from "vitest";
import type { Store } from "../store.ts";
import { publicState } from "../stored-state.ts";
import { inChunks } from "./blob-contract.ts";
import { type ContractContext, codeOf, collect, EVERYTHING, entryAt, type StorePlace } from "./place.ts";
import { idsOf, readAllAfter } from "./read-contract.ts";
import { bytesOf, databaseOf, TestWriter, tenantOf } from "./test-writer.ts";

const database = databaseOf(1);
const tenant = tenantOf(1);
const key = Uint8Array.of(1);

async function inStore<T>(place: StorePlace, run: (store: Store) => Promise<T>): Promise<T> {
  await using store = await place.open();
  return await run(store);
}

export function lifetimeContract(context: ContractContext): void {
  const { options, verifier, withPlace, withStore } = context;
  const blob = bytesOf(1, 5_000);
  const hash = parseBlobHash(verifier.sha256(blob));

  describe("closing", () => {
    it(
      "finishes what was begun, then refuses everything",
      withPlace(async (place) => {
        const store = await place.open();
        const run = await (await TestWriter.create(verifier, database, 1)).write();
        const entries = store.entries(tenant, database);
        const begun = entries.append([run]);
        await store[Symbol.asyncDispose]();
        expect(await begun).toEqual([{ type: "appended", count: 1 }]);
        const name = { id: entryAt(run, 0).id, index: 0 };
        const calls: (() => Promise<unknown>)[] = [
          () => entries.vector(),
          () => entries.position(),
          () => entries.read(run.writer, 0, EVERYTHING),
          () => entries.readAfter(0, EVERYTHING),
          () => entries.append([run]),
          () => entries.find(name.id),
          () => entries.retire([name]),
          () => collect(entries.scan()),
          () => store.databases(tenant),
          () => store.commit({}),
          () => store.forget(tenant),
          () => store.state.get(key),
          () => store.state.put(key, publicState(key)),
          () => store.state.remove(key),
          () => collect(store.state.range(key, Uint8Array.of(2))),
          () => store.blobs(tenant).has(hash),
          () => store.blobs(tenant).get(hash),
          () => store.blobs(tenant).put(hash, inChunks(blob, 100)),
          () => store.blobs(tenant).add(inChunks(blob, 100)),
          () => store.blobs(tenant).sizeOf(hash),
          () => collect(store.blobs(tenant).list()),
          () => store.blobs(tenant).remove(hash),
        ];
        for (const call of calls) expect(await codeOf(call)).toBe("STORE_CLOSED");
        await store[Symbol.asyncDispose]();
      }),
    );

    it(
      "has ids of 16 and 8 random bytes",
      withStore(async (store) => {
        expect(store.instance).toHaveLength(16);
        expect(store.generation).toHaveLength(8);
        expect(new Set([...store.instance, ...store.generation]).size).toBeGreaterThan(4);
      }),
    );
  });

  describe("reopening", () => {
    const fill = async (store: Store): Promise<readonly VerifiedRun[]> => {
      const author = await TestWriter.create(verifier, database, 1);
      const runs = [await author.write({ count: 3 }), await author.write({ count: 2 })];
      await store.entries(tenant, database).append(runs);
      await store.state.put(key, publicState(bytesOf(2, 100)));
      await store.blobs(tenant).put(hash, inChunks(blob, 1_000));
      return runs;
    };

    if (options.capabilities.reopens) {
      it(
        "finds everything that was committed, and the same generation",
        withPlace(async (place) => {
          const [runs, generation] = await inStore(place, async (store) => [await fill(store), store.generation]);
          await using store = await place.open();
          const entries = store.entries(tenant, database);
          expect(store.generation).toEqual(generation);
          expect(idsOf(await readAllAfter(entries, 0, EVERYTHING))).toEqual(idsOf(runs));
          expect(await store.databases(tenant)).toEqual([database]);
          expect(await store.state.get(key)).toEqual(bytesOf(2, 100));
          expect(await collect(await store.blobs(tenant).get(hash))).not.toEqual([]);
          expect(await entries.append(runs)).toEqual([{ type: "known" }, { type: "known" }]);
        }),
      );

      it(
        "locks the place while it is open",
        withPlace(async (place) => {
          await inStore(place, async () => {
            expect(await codeOf(() => place.open())).toBe("STORE_LOCKED");
          });
          await inStore(place, async (store) => expect((await store.entries(tenant, database).vector()).size).toBe(0));
        }),
      );
      damageContract(context);
    } else {
      it(
        "finds nothing: this store forgets",
        withPlace(async (place) => {
          const generation = await inStore(place, async (store) => {
            await fill(store);
            return store.generation;
          });
          await using store = await place.open();
          expect(store.generation).not.toEqual(generation);
          expect(await store.databases(tenant)).toEqual([]);
          expect(await store.state.get(key)).toBeUndefined();
          expect(await store.blobs(tenant).has(hash)).toBe(false);
        }),
      );
    }

    it(
      options.capabilities.continues
        ? "B11 goes on with the same instance after a clean close"
        : "B11 begins a new instance whenever it is opened",
      withPlace(async (place) => {
        const ids: string[] = [];
        for (let i = 0; i < 3; i++) ids.push(await inStore(place, async (store) => toHex(store.instance)));
        expect(new Set(ids).size).toBe(options.capabilities.continues ? 1 : 3);
      }),
    );
  });
}

/** What becomes of entries and blobs that were damaged while the store was closed. */
function damageContract({ verifier, withPlace }: ContractContext): void {
  const author = () => TestWriter.create(verifier, database, 1);

  it(
    "never returns a damaged entry, says how far the chain goes, and heals when the entry comes again",
    withPlace(async (place) => {
      const writer = await author();
      const other = await (await TestWriter.create(verifier, database, 2)).write({ count: 2 });
      const first = await writer.write({ count: 2 });
      const second = await writer.write({ count: 4 });
      const third = await writer.write();
      const runs = [first, second, third];
      await inStore(place, (store) => store.entries(tenant, database).append([...runs, other]));
      await place.damageEntry({ tenant, database, writer: writer.key, seq: 4 });
      await inStore(place, async (store) => {
        const entries = store.entries(tenant, database);
        expect(idsOf((await readRun(entries, writer, 0)) ?? [])).toEqual(idsOf([first]));
        expect(await readRun(entries, writer, 2)).toBeNull();
        expect(await entries.find(entryAt(second, 2).id)).toBeUndefined();
        expect(await entries.read(other.writer, 0, EVERYTHING)).toEqual(other);
        // Streaming by position passes over it.
        const streamed = idsOf(await readAllAfter(entries, 0, EVERYTHING));
        expect([...streamed].sort()).toEqual([...idsOf([first, other])].sort());
        expect(idsOf(await readAllAfter(entries, 0, { entries: 1, bytes: 1 })).length).toBe(streamed.length);
      });
      await using store = await place.open();
      const entries = store.entries(tenant, database);
      // Still known after reopening, and before anything was read again.
      expect((await entries.vector()).get(toHex(writer.key))).toEqual({ seq: 1, id: first.entries[1]?.id });
      expect((await entries.vector()).get(toHex(other.writer))?.seq).toBe(1);
      expect(await entries.append([third])).toEqual([{ type: "gap", have: 4 }]);
      const position = await entries.position();
      expect(await entries.append([second])).toEqual([{ type: "appended", count: 1 }]);
      expect((await entries.vector()).get(toHex(writer.key))?.seq).toBe(6);
      expect(idsOf((await readRun(entries, writer, 0)) ?? [])).toEqual(idsOf(runs));
      // Who was here before sees what it could not get then: the repaired entry, those it shares a signature with, those behind it.
      const arrived = await readAllAfter(entries, position, EVERYTHING);
      expect(idsOf(arrived)).toEqual(idsOf([second, third]));
      expect(await verifyRuns(verifier, arrived)).toMatchObject([{ type: "verified" }]);
      expect(await entries.append([second])).toEqual([{ type: "known" }]);
    }),
  );

  it(
    "heals a damaged tip, a damaged first entry, and several at once",
    withPlace(async (place) => {
      const writer = await author();
      const run = await writer.write({ count: 6 });
      await inStore(place, (store) => store.entries(tenant, database).append([run]));
      for (const seqs of [[5], [0], [1, 2, 4], [0, 1, 2, 3, 4, 5]]) {
        for (const seq of seqs) await place.damageEntry({ tenant, database, writer: writer.key, seq });
        await inStore(place, async (store) => {
          const entries = store.entries(tenant, database);
          expect(await collect(entries.scan())).toEqual([]);
          let healed = 0;
          // Damage behind damage shows when the chain is readable up to it.
          for (let i = 0; i <= seqs.length; i++) {
            const [result] = await entries.append([run]);
            if (result?.type === "appended") healed += result.count;
            await collect(entries.scan());
          }
          expect(healed).toBe(seqs.length);
          expect(idsOf(await collect(entries.scan()))).toEqual(idsOf([run]));
          expect((await entries.vector()).get(toHex(writer.key))?.seq).toBe(5);
        });
      }
    }),
  );

  it(
    "still tells a fork from damage",
    withPlace(async (place) => {
      const writer = await author();
      const forger = writer.fork();
      const [ours, theirs] = [await writer.write({ count: 3 }), await forger.write({ count: 3 })];
      await inStore(place, (store) => store.entries(tenant, database).append([ours]));
      await place.damageEntry({ tenant, database, writer: writer.key, seq: 0 });
      await using store = await place.open();
      const entries = store.entries(tenant, database);
      await collect(entries.scan());
      const [a, b] = [ours.entries[0]?.id, theirs.entries[0]?.id];
      expect(await entries.append([theirs])).toEqual([{ type: "fork", seq: 0, ours: a, theirs: b }]);
      expect(await entries.append([ours])).toEqual([{ type: "appended", count: 1 }]);
    }),
  );

  it(
    "reports a damaged blob as absent, and takes it again",
    withPlace(async (place) => {
      for (const length of [5_000, 2_000_000]) {
        const bytes = bytesOf(length, length);
        const hash = parseBlobHash(verifier.sha256(bytes));
        await inStore(place, (store) => store.blobs(tenant).put(hash, inChunks(bytes, 65_536)));
        await place.damageBlob(tenant, hash);
        await inStore(place, async (store) => {
          const blobs = store.blobs(tenant);
          expect(await blobs.get(hash, [0, 1])).toBeUndefined();
          expect(await blobs.has(hash)).toBe(false);
          await blobs.put(hash, inChunks(bytes, 65_536));
          expect(await collect(await blobs.get(hash))).not.toEqual([]);
        });
        await place.damageBlob(tenant, hash);
        await inStore(place, async (store) => {
          const blobs = store.blobs(tenant);
          expect(await blobs.add(inChunks(bytes, 65_536))).toEqual(hash);
          expect(await collect(await blobs.get(hash))).not.toEqual([]);
        });
      }
    }),
  );
}

async function readRun(
  entries: ReturnType<Store["entries"]>,
  writer: TestWriter,
  from: number,
): Promise<readonly VerifiedRun[] | null> {
  const run = await entries.read(writer.key, from, EVERYTHING);
  return run === null ? null : [run];
}
