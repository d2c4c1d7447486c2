// Blobs between two devices that are connected directly, under what attachments are made of.
import { type ClientStore, createClient, memory } from "@selkie/client";
import { blobRoomOf } from "@selkie/core";
import { type BlobHash, parseBlobHash, type TenantId } from "@selkie/entry";
import type { ByteRange, Store } from "@selkie/store";
import { pipe } from "@selkie/sync-protocol";
import { expect, test } from "vitest";
import { cheapKeyBag, MemoryPlace, PASSWORD } from "../support/places.ts";

const bytes = Uint8Array.from({ length: 1_200_000 }, (_, at) => (at * at) % 251);

async function* one(chunk: Uint8Array): AsyncIterable<Uint8Array> {
  yield chunk;
}

/** The same with another method of this name. */
function instead<Target extends object>(target: Target, method: string, other: unknown): Target {
  return new Proxy(target, {
    get(_, name) {
      const value: unknown = name === method ? other : Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** A place of which the blobs are not what their names say. */
async function lying(): Promise<ClientStore> {
  const reversed = async (_: BlobHash, range: ByteRange = [0, bytes.length]) =>
    one(bytes.toReversed().subarray(...range));
  const wrap = (store: Store): Store =>
    instead(store, "blobs", (tenant: TenantId) => instead(store.blobs(tenant), "get", reversed));
  return new MemoryPlace(await cheapKeyBag(), { wrap });
}

async function peers(storeOfAlice: ClientStore) {
  const alice = await createClient({ store: storeOfAlice, password: PASSWORD });
  const bob = await createClient({ store: memory(), password: "bob-password" });
  const acme = await alice.createTenant("acme-corp", { user: "CN=alice/O=acme" });
  const request = await bob.createJoinRequest("CN=bob/O=acme");
  const acmeOfBob = await bob.joinTenant(await acme.directory.approveJoinRequest(request, { role: "editor" }));
  const disposables = new AsyncDisposableStack();
  disposables.use(alice);
  disposables.use(bob);
  const connect = async (): Promise<void> => {
    const [near, far] = pipe();
    await Promise.all([acmeOfBob.connect(near, { peer: "dialler" }), acme.connect(far, { peer: "listener" })]);
  };
  return { acme, acmeOfBob, connect, [Symbol.asyncDispose]: () => disposables.disposeAsync() };
}

test("a device is given what another holds, whole or a range of it, piece by piece", async () => {
  await using both = await peers(memory());
  const hash = await blobRoomOf(both.acme).blobs.add(one(bytes));
  const ofBob = blobRoomOf(both.acmeOfBob);
  await expect(ofBob.fetch(hash, null)).rejects.toMatchObject({ code: "REPLICA_OFFLINE" });
  await both.connect();
  expect(await ofBob.fetch(hash, null)).toEqual(bytes);
  expect(await ofBob.fetch(hash, [600_000, 700_001])).toEqual(bytes.subarray(600_000, 700_001));
  expect(await ofBob.fetch(parseBlobHash(new Uint8Array(32)), null)).toBeNull();
});

test("B8 bytes that are not what their name says are as good as none", async () => {
  await using both = await peers(await lying());
  const hash = await blobRoomOf(both.acme).blobs.add(one(bytes));
  await both.connect();
  expect(await blobRoomOf(both.acmeOfBob).fetch(hash, null)).toBeNull();
});
