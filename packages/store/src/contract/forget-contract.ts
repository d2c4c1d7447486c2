// Contract: forgetting a tenant removes everything of it and nothing of anybody else's.
import { concatBytes, parseBlobHash, type TenantId } from "@selkie/entry";
import { describe, expect, it } from "vitest";
import type { Store } from "../store.ts";
import { publicState } from "../stored-state.ts";
import { inChunks } from "./blob-contract.ts";
import { type ContractContext, codeOf, collect, EVERYTHING, entryAt } from "./place.ts";
import { idsOf } from "./read-contract.ts";
import { bytesOf, databaseOf, TestWriter, tenantOf } from "./test-writer.ts";

const [ours, theirs] = [tenantOf(1), tenantOf(2)];
const stateKey = (tenant: TenantId, ...rest: number[]) => concatBytes(tenant, Uint8Array.from(rest));
const value = (seed: number) => publicState(bytesOf(seed, 60));
/** Keys that no tenant's id begins, though they come close. */
const NOBODYS = [ours.slice(0, 31), concatBytes(Uint8Array.of(0), ours), Uint8Array.of(255)];

/** Entries in two databases, a retired part, blobs and state of both tenants, and state of nobody. */
async function fill(store: Store, { verifier }: ContractContext): Promise<void> {
  for (const tenant of [ours, theirs]) {
    for (const seed of [1, 2]) {
      const author = await TestWriter.create(verifier, databaseOf(seed), seed);
      const run = await author.write({ count: 3 });
      await store.entries(tenant, databaseOf(seed)).append([run]);
      await store.entries(tenant, databaseOf(seed)).retire([{ id: entryAt(run, 1).id, index: 0 }]);
      const blob = bytesOf(seed, 500);
      await store.blobs(tenant).put(parseBlobHash(verifier.sha256(blob)), inChunks(blob, 100));
    }
    const rests = [[], [0], [7, 7], [255, 255]];
    await store.commit({ put: rests.map((rest, seed) => ({ key: stateKey(tenant, ...rest), value: value(seed) })) });
  }
  await store.commit({ put: NOBODYS.map((key, seed) => ({ key, value: value(seed) })) });
}

/** Everything that can be read of a tenant. */
async function readAll(store: Store, tenant: TenantId, { verifier }: ContractContext): Promise<readonly unknown[]> {
  const read: unknown[] = [await store.databases(tenant)];
  for (const seed of [1, 2]) {
    const entries = store.entries(tenant, databaseOf(seed));
    const [vector, position, all] = [await entries.vector(), await entries.position(), await collect(entries.scan())];
    read.push([...vector], position, all, (await entries.readAfter(0, EVERYTHING)).runs);
    const hash = parseBlobHash(verifier.sha256(bytesOf(seed, 500)));
    read.push(await store.blobs(tenant).has(hash), await collect(await store.blobs(tenant).get(hash)));
  }
  read.push(await collect(store.state.range(tenant, concatBytes(tenant, new Uint8Array(9).fill(255)))));
  return read;
}

const NOTHING = [[], [], 0, [], [], false, [], [], 0, [], [], false, [], []];

export function forgetContract(context: ContractContext): void {
  const { options, verifier, withPlace, withStore } = context;
  const database = databaseOf(1);
  const blob = bytesOf(9, 700);
  const hash = parseBlobHash(verifier.sha256(blob));

  describe("forgetting a tenant", () => {
    it(
      "F3 removes its entries, blobs and state, and leaves the other tenants' as they were",
      withStore(async (store) => {
        await fill(store, context);
        const others = await readAll(store, theirs, context);
        expect(await readAll(store, ours, context)).not.toEqual(NOTHING);
        await store.forget(ours);
        expect(await readAll(store, ours, context)).toEqual(NOTHING);
        expect(await readAll(store, theirs, context)).toEqual(others);
        for (const [seed, key] of NOBODYS.entries()) expect(await store.state.get(key)).toEqual(value(seed));
      }),
    );

    it(
      "leaves faces handed out before empty and usable, and what was retired may come anew",
      withStore(async (store) => {
        const author = await TestWriter.create(verifier, database, 1);
        const run = await author.write({ count: 2 });
        const [entries, blobs] = [store.entries(ours, database), store.blobs(ours)];
        const name = { id: entryAt(run, 0).id, index: 0 };
        await entries.append([run]);
        await entries.retire([name]);
        await blobs.put(hash, inChunks(blob, 100));
        await store.forget(ours);
        expect(await entries.read(author.key, 0, EVERYTHING)).toBeNull();
        expect(await entries.find(name.id)).toBeUndefined();
        expect(await blobs.get(hash)).toBeUndefined();
        expect(await entries.append([run])).toEqual([{ type: "appended", count: 2 }]);
        expect(await entries.read(author.key, 0, EVERYTHING)).toEqual(run);
        expect(await entries.position()).toBe(2);
        await blobs.put(hash, inChunks(blob, 100));
        expect(await blobs.has(hash)).toBe(true);
      }),
    );

    it(
      "lands after what was asked for before, and refuses the tenant's writes until it is done",
      withStore(async (store) => {
        const author = await TestWriter.create(verifier, database, 1);
        const [first, second] = [await author.write(), await author.write()];
        const [entries, others] = [store.entries(ours, database), store.entries(theirs, database)];
        const append = [{ tenant: ours, database, run: second }];
        const before = [entries.append([first]), store.state.put(stateKey(ours, 1), value(1))];
        const forgetting = [store.forget(ours), store.forget(ours)];
        const refused = [
          () => entries.append([second]),
          () => entries.retire([{ id: entryAt(first, 0).id, index: 0 }]),
          () => store.commit({ append, put: [{ key: stateKey(theirs, 9), value: value(9) }] }),
          () => store.state.put(stateKey(ours), value(2)),
          () => store.state.remove(stateKey(ours, 1)),
          () => store.blobs(ours).put(hash, inChunks(blob, 100)),
          () => store.blobs(ours).add(inChunks(blob, 100)),
          () => store.blobs(ours).remove(hash),
        ].map(codeOf);
        const allowed = [others.append([first]), store.state.put(ours.slice(0, 31), value(3))];
        expect(await Promise.all(refused)).toEqual(refused.map(() => "TENANT_FORGOTTEN"));
        await Promise.all([...before, ...forgetting, ...allowed]);
        expect(await readAll(store, ours, context)).toEqual(NOTHING);
        expect(idsOf(await collect(others.scan()))).toEqual(idsOf([first]));
        expect(await store.state.get(ours.slice(0, 31))).toEqual(value(3));
        expect(await store.state.get(stateKey(theirs, 9))).toBeUndefined();
        expect(await entries.append([first])).toEqual([{ type: "appended", count: 1 }]);
      }),
    );

    it(
      "refuses a blob of which bytes were still to come, also when they come afterwards",
      withStore(async (store) => {
        let goOn = (): void => undefined;
        const waiting = new Promise<void>((resolve) => (goOn = resolve));
        async function* slow(): AsyncIterable<Uint8Array> {
          yield blob.subarray(0, 300);
          await waiting;
          yield blob.subarray(300);
        }
        const putting = [ours, theirs].map((tenant) => codeOf(() => store.blobs(tenant).put(hash, slow())));
        const adding = codeOf(() => store.blobs(ours).add(slow()));
        await store.forget(ours);
        goOn();
        expect(await Promise.all(putting)).toEqual(["TENANT_FORGOTTEN", undefined]);
        expect(await adding).toBe("TENANT_FORGOTTEN");
        expect([await store.blobs(ours).has(hash), await store.blobs(theirs).has(hash)]).toEqual([false, true]);
      }),
    );

    it(
      "of which nothing is held does nothing",
      withStore(async (store) => {
        await store.forget(ours);
        await fill(store, context);
        const before = await readAll(store, ours, context);
        await store.forget(tenantOf(3));
        expect(await readAll(store, ours, context)).toEqual(before);
      }),
    );

    it(
      "is finished when the store is closed meanwhile",
      withPlace(async (place) => {
        const store = await place.open();
        await fill(store, context);
        const forgetting = store.forget(ours);
        await store[Symbol.asyncDispose]();
        await forgetting;
        await using again = await place.open();
        expect(await readAll(again, ours, context)).toEqual(NOTHING);
        expect((await again.databases(theirs)).length).toBe(options.capabilities.reopens ? 2 : 0);
      }),
    );
  });
}
