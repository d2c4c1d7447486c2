// Blobs of tenants without a network: who pays, what a crash leaves, what is claimed and what is dropped, with a real store.
import type { BlobHash } from "@selkie/entry";
import { publicState, type Store, StoreError, type StoreWrite } from "@selkie/store";
import { beforeEach, describe, expect, test } from "vitest";
import { blobRecordsOf, costOf } from "../../src/tenants/blob-records.ts";
import type { Admitted } from "../../src/tenants/tenant.ts";
import type { Tenants } from "../../src/tenants/tenants.ts";
import { blobOf, hashOf } from "../fixtures/blob-door.ts";
import type { Identity } from "../fixtures/identity.ts";
import { retiredBlobs } from "../fixtures/retired-blobs.ts";
import { newStore } from "../fixtures/store.ts";
import { tenantsOn } from "../fixtures/tenants.ts";
import { loginKeyOf, loginOf, memberOf, TestTenant } from "../fixtures/test-tenant.ts";

const DAY = 86_400_000;
const acme = new TestTenant("acme");
const [alice, bob, carol] = [memberOf("alice"), memberOf("bob"), memberOf("carol")];
const blind = { ...carol, rights: { pull: false, push: true, purge: false } };
const caps = { tenants: 10, tenantBytes: 1_000_000, loginKeyBytes: 100_000 };

let store: Store;
let now: number;

beforeEach(() => {
  store = newStore();
  now = 1_000;
});

const relay = (over: Store = store): Tenants => tenantsOn(over, { caps, clock: () => now, retireAfterMs: 7 * DAY });

async function enter(tenants: Tenants, member = alice): Promise<Admitted> {
  const documents = acme.documentsFor([alice, bob, blind]);
  const admitted = await tenants.admit({
    ...{ tenant: acme.id, key: loginKeyOf(loginOf(member)), documents, drop: () => undefined },
  });
  if (admitted === null) throw new TypeError("not admitted");
  return admitted;
}

async function* inTwo(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes.subarray(0, 10);
  yield bytes.subarray(10);
}

function take(tenants: Tenants, admitted: Admitted, bytes: Uint8Array, isAllowed = () => true) {
  const arriving = { hash: hashOf(bytes), size: bytes.length, chunks: inTwo(bytes), isAllowed };
  return tenants.blobs.take(admitted, arriving);
}

const listBy = (signer: Identity, ...hashes: readonly BlobHash[]) => retiredBlobs(acme, signer, ...hashes);

const usedBy = ({ tenant, login }: Admitted): number => tenant.usage.bytesOf(login.key);
const isHere = (bytes: Uint8Array): Promise<boolean> => store.blobs(acme.id).has(hashOf(bytes));
const recordsOf = (bytes: Uint8Array) => blobRecordsOf(store.state, acme.id, hashOf(bytes));

async function passTo(time: number, tenants: Tenants): Promise<void> {
  now = time;
  await tenants.retiring.look();
}

/** The store, whose commits fail as long as something is the matter. */
function failing(whole: Store, problem: () => Error | null): Store {
  const commit = async (write: StoreWrite) => {
    const failure = problem();
    if (failure !== null) throw failure;
    return await whole.commit(write);
  };
  const { instance, generation, state } = whole;
  return {
    ...{ instance, generation, state, commit },
    entries: (tenant, database) => whole.entries(tenant, database),
    databases: (tenant) => whole.databases(tenant),
    blobs: (tenant) => whole.blobs(tenant),
    forget: (tenant) => whole.forget(tenant),
    [Symbol.asyncDispose]: () => whole[Symbol.asyncDispose](),
  };
}

describe("a blob", () => {
  test("is charged to who brings it first, once, also after a restart", async () => {
    const tenants = relay();
    const [first, second] = [await enter(tenants), await enter(tenants, bob)];
    const bytes = blobOf(1);
    const both = await Promise.all([take(tenants, first, bytes), take(tenants, second, bytes)]);
    expect(both).toEqual(["stored", "stored"]);
    expect(usedBy(first) + usedBy(second)).toBe(costOf(1_000));
    expect(await recordsOf(bytes)).toHaveLength(1);
    expect(await take(tenants, second, bytes)).toBe("held");
    const again = relay();
    const [back, other] = [await enter(again), await enter(again, bob)];
    expect(usedBy(back) + usedBy(other)).toBe(costOf(1_000));
    expect(await take(again, back, bytes)).toBe("held");
  });

  test("C3 is charged to who may not pull as well, who so cannot tell that it is here; and once", async () => {
    const tenants = relay();
    const [first, unseeing] = [await enter(tenants), await enter(tenants, blind)];
    const bytes = blobOf(1);
    await take(tenants, first, bytes);
    expect(await tenants.blobs.missing(unseeing, [hashOf(bytes)])).toEqual([hashOf(bytes)]);
    for (let round = 0; round < 2; round++) expect(await take(tenants, unseeing, bytes)).toBe("stored");
    expect([usedBy(first), usedBy(unseeing)]).toEqual([costOf(1_000), costOf(1_000)]);
    expect(await tenants.blobs.open(unseeing, hashOf(bytes))).toBeNull();
    expect(await tenants.blobs.read(unseeing, hashOf(bytes), [0, 10])).toBeNull();
  });

  test("that a crash left without a record is charged to who claims it next, and is missing to who has no room for it", async () => {
    const bytes = blobOf(1);
    await store.blobs(acme.id).put(hashOf(bytes), inTwo(bytes));
    const poor = tenantsOn(store, { caps: { ...caps, loginKeyBytes: 1_000 } });
    expect(await poor.blobs.missing(await enter(poor), [hashOf(bytes)])).toEqual([hashOf(bytes)]);
    const tenants = relay();
    const admitted = await enter(tenants);
    expect(await tenants.blobs.missing(admitted, [hashOf(bytes), hashOf(bytes)])).toEqual([]);
    expect([usedBy(admitted), await recordsOf(bytes)]).toMatchObject([costOf(1_000), [{ charged: costOf(1_000) }]]);
    const again = relay();
    expect(usedBy(await enter(again))).toBe(costOf(1_000));
  });

  test("that the disk has no room for is refused, with nothing stored and nothing charged", async () => {
    let failure: Error | null = null;
    const tenants = relay(failing(store, () => failure));
    const admitted = await enter(tenants);
    failure = new StoreError("STORE_FULL", "no room");
    await expect(take(tenants, admitted, blobOf(1))).rejects.toMatchObject({ code: "RELAY_FULL" });
    expect([usedBy(admitted), await isHere(blobOf(1)), await recordsOf(blobOf(1))]).toEqual([0, false, []]);
    failure = new TypeError("something else");
    await expect(take(tenants, admitted, blobOf(1))).rejects.toBe(failure);
    expect([usedBy(admitted), await isHere(blobOf(1))]).toEqual([0, false]);
    failure = null;
    expect(await take(tenants, admitted, blobOf(1))).toBe("stored");
  });

  test("that is not what its name says is refused, and what is here under that name stays", async () => {
    const tenants = relay();
    const admitted = await enter(tenants, blind);
    const bytes = blobOf(1);
    await take(tenants, admitted, bytes);
    const wrong = { hash: hashOf(bytes), size: 1_000, chunks: inTwo(blobOf(2)), isAllowed: () => true };
    await expect(tenants.blobs.take(admitted, wrong)).rejects.toMatchObject({ code: "BLOB_MISMATCH" });
    expect([usedBy(admitted), await isHere(bytes)]).toEqual([costOf(1_000), true]);
  });

  test("what is under way when the right ends is not stored, whenever that is", async () => {
    const tenants = relay();
    const admitted = await enter(tenants);
    for (const asks of [0, 1, 2]) {
      let left = asks;
      const isAllowed = () => left-- > 0;
      await expect(take(tenants, admitted, blobOf(1), isAllowed)).rejects.toMatchObject({ code: "NO_TICKET" });
      expect([usedBy(admitted), await isHere(blobOf(1))]).toEqual([0, false]);
    }
  });
});

describe("a list that names blobs", () => {
  test("waits, over a restart; then they are dropped, and their bytes given back to who paid", async () => {
    const tenants = relay();
    const [admin, unseeing] = [await enter(tenants), await enter(tenants, blind)];
    const [named, kept] = [blobOf(1), blobOf(2)];
    for (const bytes of [named, kept]) await take(tenants, admin, bytes);
    await take(tenants, unseeing, named);
    now += 1;
    const list = listBy(loginOf(alice), hashOf(named), hashOf(blobOf(3)));
    await tenants.present(admin, [list]);
    const ofList = list.length;
    expect(await tenants.retiring.waitingBlobs(admin.tenant)).toEqual([hashOf(named)]);
    await passTo(now + 7 * DAY - 1, tenants);
    expect([await isHere(named), usedBy(admin)]).toEqual([true, 2 * costOf(1_000) + ofList]);
    const again = relay();
    const [back, other] = [await enter(again), await enter(again, blind)];
    await passTo(now + 1, again);
    expect([await isHere(named), await isHere(kept)]).toEqual([false, true]);
    expect([usedBy(back), usedBy(other)]).toEqual([costOf(1_000) + ofList, 0]);
    expect([await recordsOf(named), await again.retiring.waitingBlobs(back.tenant)]).toEqual([[], []]);
    const later = relay();
    expect(usedBy(await enter(later))).toBe(costOf(1_000) + ofList);
    expect(await take(later, await enter(later, bob), named)).toBe("stored");
  });

  test("drops none that somebody claimed since it came, by asking for it or by bringing it, also over a restart", async () => {
    const tenants = relay();
    const [admin, friend, unseeing] = [await enter(tenants), await enter(tenants, bob), await enter(tenants, blind)];
    const [asked, brought, broughtUnseen, dropped] = [blobOf(1), blobOf(2), blobOf(3), blobOf(4)];
    const all = [asked, brought, broughtUnseen, dropped];
    for (const bytes of all) await take(tenants, admin, bytes);
    now += 1;
    await tenants.present(admin, [listBy(loginOf(alice), ...all.map(hashOf))]);
    now += DAY;
    await tenants.blobs.missing(friend, [hashOf(asked)]);
    expect(await take(tenants, friend, brought)).toBe("held");
    await take(tenants, unseeing, broughtUnseen);
    await tenants.blobs.missing(unseeing, [hashOf(dropped)]); // it could not fetch it: that claims nothing
    expect(await tenants.retiring.waitingBlobs(admin.tenant)).toEqual([hashOf(dropped)]);
    await passTo(now + 7 * DAY, relay());
    expect(await Promise.all(all.map(isHere))).toEqual([true, true, true, false]);
    // The next list begins anew.
    now += 1;
    const again = relay();
    await again.present(await enter(again), [listBy(loginOf(alice), hashOf(asked))]);
    await passTo(now + 7 * DAY, again);
    expect(await isHere(asked)).toBe(false);
  });

  test("waits also where the root, or two people with the right, say the same: whoever still needs one comes within the wait", async () => {
    const tenants = relay();
    const admin = await enter(tenants);
    const [byRoot, byTwo] = [blobOf(1), blobOf(2)];
    for (const bytes of [byRoot, byTwo]) await take(tenants, admin, bytes);
    now += 1;
    await tenants.present(admin, [
      listBy(acme.root, hashOf(byRoot)),
      listBy(loginOf(alice), hashOf(byTwo)),
      listBy(loginOf(bob), hashOf(byTwo)),
    ]);
    expect([await isHere(byRoot), await isHere(byTwo)]).toEqual([true, true]);
    await passTo(now + 7 * DAY, tenants);
    expect([await isHere(byRoot), await isHere(byTwo)]).toEqual([false, false]);
    expect(usedBy(admin)).toBeLessThan(costOf(1_000));
  });

  test("D11 of who may not drops nothing", async () => {
    const tenants = relay();
    const admin = await enter(tenants);
    await take(tenants, admin, blobOf(1));
    now += 1;
    await tenants.present(admin, [listBy(loginOf(carol), hashOf(blobOf(1)))]);
    await passTo(now + 30 * DAY, tenants);
    expect(await isHere(blobOf(1))).toBe(true);
  });

  test("does not drop one that is on its way", async () => {
    const tenants = relay();
    const admin = await enter(tenants);
    const bytes = blobOf(1);
    await take(tenants, admin, bytes);
    now += 1;
    await tenants.present(admin, [listBy(loginOf(alice), hashOf(bytes))]);
    const unseeing = await enter(tenants, blind);
    const { promise, resolve } = Promise.withResolvers<void>();
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    async function* slowly(): AsyncIterable<Uint8Array> {
      yield bytes.subarray(0, 10);
      begin();
      await promise;
      yield bytes.subarray(10);
    }
    const arriving = { hash: hashOf(bytes), size: bytes.length, chunks: slowly(), isAllowed: () => true };
    const taking = tenants.blobs.take(unseeing, arriving);
    await begun;
    await passTo(now + 7 * DAY, tenants);
    resolve();
    expect(await taking).toBe("stored");
    expect(await isHere(bytes)).toBe(true);
  });
});

test("a damaged record is passed over: what it charged stays charged, and the blob can be claimed", async () => {
  const tenants = relay();
  const admitted = await enter(tenants);
  await take(tenants, admitted, blobOf(1));
  const [item] = await Array.fromAsync(
    store.state.range(new TextEncoder().encode("relay/1/b/"), new TextEncoder().encode("relay/1/b0")),
  );
  if (item === undefined) throw new TypeError("there is no record");
  await store.state.put(item.key, publicState(Uint8Array.of(1)));
  expect(await tenants.blobs.missing(admitted, [hashOf(blobOf(1))])).toEqual([]);
  expect(await recordsOf(blobOf(1))).toMatchObject([{ charged: costOf(1_000) }]);
});
