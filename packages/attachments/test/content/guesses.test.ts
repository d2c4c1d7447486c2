// C2, C4, K-6: what somebody learns who has the blobs, a guess of what is in them, and no key.
import { nativeCrypto } from "@selkie/crypto/native";
import { toHex } from "@selkie/entry";
import { expect, test } from "vitest";
import { openChunk } from "../../src/content/chunk.ts";
import { CHUNK_BYTES, SLOT_BYTES } from "../../src/content/layout.ts";
import { decodeRow } from "../../src/content/table.ts";
import { noise } from "../support/noise.ts";
import { TestRoom } from "../support/room.ts";

/** All that is computed from a plaintext without a key: its digests, and its blob under keys that an attacker makes up. */
async function guessesOf(content: Uint8Array): Promise<readonly string[]> {
  const own = await TestRoom.create(nativeCrypto, 200);
  await own.write(content);
  const digest = nativeCrypto.sha256(content);
  return [content, digest, ...(await own.held())].map((bytes) => toHex(bytes.subarray(0, 32)));
}

test("C2 K-6 nothing that is stored confirms a guess of a file: 1,000 of them", async () => {
  const room = await TestRoom.create(nativeCrypto);
  for (let seed = 1; seed <= 1_000; seed++) {
    const content = noise(200 + (seed % 50), seed);
    const { blobs } = await room.write(content);
    const guesses = await guessesOf(content);
    for (const blob of blobs) expect(guesses).not.toContain(toHex(blob));
  }
  const stored = (await room.held()).map(toHex);
  expect(stored).toHaveLength(1_000);
  // The only thing to go by is the length, and all of these have one.
  expect(new Set(stored.map(({ length }) => length)).size).toBe(1);
  const last = await guessesOf(noise(200, 1_000));
  for (const hex of stored) for (const guess of last) expect(hex.includes(guess)).toBe(false);
});

test("C2 the key of a chunk is of no use for what is left of a file", async () => {
  const room = await TestRoom.create(nativeCrypto);
  const { manifest } = await room.write(noise(2 * CHUNK_BYTES));
  const [blob] = await room.held();
  const [first, second] = [decodeRow(manifest.table, 0), decodeRow(manifest.table, 65)];
  const sealed = blob?.subarray(SLOT_BYTES, 2 * SLOT_BYTES) ?? new Uint8Array();
  expect(await openChunk(room.chunks, first.id, sealed)).toBeNull();
  expect(await openChunk(room.chunks, second.id, sealed)).not.toBeNull();
});

test("C2 the same file under two key versions has nothing in common", async () => {
  const [a, b] = [await TestRoom.create(nativeCrypto, 1), await TestRoom.create(nativeCrypto, 2)];
  const content = noise(CHUNK_BYTES);
  const [first, second] = [await a.write(content), await b.write(content)];
  expect(first.blobs.map(toHex)).not.toEqual(second.blobs.map(toHex));
  expect(decodeRow(first.manifest.table, 0).id).not.toEqual(decodeRow(second.manifest.table, 0).id);
});

test("C4 switched off, chunks that others chose take as much room as any, and no two are alike", async () => {
  const room = await TestRoom.create(nativeCrypto);
  const content = noise(4 * CHUNK_BYTES);
  await room.write(content);
  const before = await sizes(room);
  const salted = () => room.write(content, { salt: nativeCrypto.randomBytes(32) });
  const written = [await salted(), await salted()];
  expect(await sizes(room)).toEqual([...before, ...before, ...before]);
  const zeros = await room.write(new Uint8Array(4 * CHUNK_BYTES), { salt: nativeCrypto.randomBytes(32) });
  const ids = [...written, zeros].flatMap(({ manifest }) =>
    [0, 65, 130, 195].map((at) => toHex(decodeRow(manifest.table, at).id)),
  );
  expect(new Set(ids).size).toBe(12);
  for (const { manifest } of written) {
    let at = 0;
    for await (const piece of room.reader(manifest).read(0, manifest.length)) {
      expect(Buffer.compare(piece, content.subarray(at, at + piece.length))).toBe(0);
      at += piece.length;
    }
    expect(at).toBe(content.length);
  }
});

const sizes = async (room: TestRoom): Promise<readonly number[]> => (await room.held()).map(({ length }) => length);
