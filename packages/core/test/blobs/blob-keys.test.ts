import { nativeCrypto as crypto } from "@selkie/crypto/native";
import { concatBytes } from "@selkie/entry";
import { describe, expect, test } from "vitest";
import { BlobKeyRing } from "../../src/blobs/blob-keys.ts";
import { KeyRing } from "../../src/keys/key-ring.ts";
import type { KeyVersion } from "../../src/keys/key-version.ts";
import { directoryDatabase, pattern, testKey } from "../fixture.ts";

const board = pattern("key id of board", 16);

async function ringOf(...keys: readonly KeyVersion[]): Promise<{ ring: KeyRing; keys: BlobKeyRing }> {
  const ring = new KeyRing(crypto, directoryDatabase);
  for (const key of keys) ring.add(key);
  return { ring, keys: new BlobKeyRing(crypto, ring) };
}

/** What the secret makes of one chunk. */
const idOf = async ({ chunks }: { chunks: Parameters<typeof crypto.macMany>[0] }) =>
  (await crypto.macMany(chunks, "mac-chunk", [pattern("chunk", 100)]))[0];

describe("keys of blobs", () => {
  test("are the same for all who hold a version, and others for each version", async () => {
    const [one, two] = [await testKey(crypto, "board"), await testKey(crypto, "board", 2)];
    const alice = await ringOf(one, two);
    const bob = await ringOf(await testKey(crypto, "board"));
    const [first, second] = [await alice.keys.of(one), await alice.keys.of(two)];
    expect(await idOf(first)).toEqual(await idOf((await bob.keys.find(board, first.version)) ?? first));
    expect(await idOf(second)).not.toEqual(await idOf(first));
    expect(await bob.keys.find(board, second.version)).toBeNull();
  });

  test("C1 of a version of another key are none: what is sealed for some is not passed off as sealed for others", async () => {
    const { keys } = await ringOf(await testKey(crypto, "board"), await testKey(crypto, "staff"));
    const staff = await keys.of(await testKey(crypto, "staff"));
    expect(await keys.find(board, staff.version)).toBeNull();
    expect(await keys.find(pattern("key id of staff", 16), staff.version)).not.toBeNull();
  });

  test("follow from versions that were merged by the ids of all of them, in one order", async () => {
    const [one, two] = [await testKey(crypto, "board"), await testKey(crypto, "board", 2)];
    const { ring, keys } = await ringOf(one, two);
    await ring.follow([{ keyId: board, current: [one.version, two.version] }]);
    const merged = ring.current(board);
    if (merged === undefined) return expect.unreachable();
    const { version } = await keys.of(merged);
    expect(version).toHaveLength(64);
    expect(await keys.find(board, version)).not.toBeNull();
    expect(await keys.find(board, concatBytes(version.slice(32), version.slice(0, 32)))).toBeNull();
  });

  test.each([0, 31, 33, 32 * 65])("are none for a version of %i bytes", async (length) => {
    const { keys } = await ringOf(await testKey(crypto, "board"));
    expect(await keys.find(board, new Uint8Array(length))).toBeNull();
  });
});
