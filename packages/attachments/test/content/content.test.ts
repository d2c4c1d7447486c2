import { nativeCrypto } from "@selkie/crypto/native";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BLOB_SLOTS, CHUNK_BYTES } from "../../src/content/layout.ts";
import { decodeManifest, encodeManifest } from "../../src/content/manifest.ts";
import { noise } from "../support/noise.ts";
import { join, TestRoom } from "../support/room.ts";

const BLOB_PLAINTEXT = BLOB_SLOTS * CHUNK_BYTES;

describe.each([
  ["no byte", 0, 0],
  ["one byte", 1, 1],
  ["exactly one chunk", CHUNK_BYTES, 1],
  ["one chunk and a byte", CHUNK_BYTES + 1, 1],
  ["exactly one blob", BLOB_PLAINTEXT, 1],
  ["one blob and a byte", BLOB_PLAINTEXT + 1, 2],
  ["more chunks than a manifest lists", 64 * CHUNK_BYTES, 5],
])("a content of %s", (_, length, blobs) => {
  test("is read as it was written, whole and in part", async () => {
    const room = await TestRoom.create(nativeCrypto);
    const content = noise(length);
    const written = await room.write(content);
    expect(written.manifest.length).toBe(length);
    expect(written.blobs).toHaveLength(blobs);
    expect(await room.held()).toHaveLength(blobs);
    const manifest = decodeManifest(encodeManifest(written.manifest));
    const reader = room.reader(manifest);
    expect(Buffer.compare(await join(reader.read(0, length)), content)).toBe(0);
    const middle = Math.floor(length / 2);
    expect(await join(reader.read(middle, middle + 3))).toEqual(content.slice(middle, middle + 3));
    expect(await join(reader.read(length, length + 1))).toHaveLength(0);
  });
});

test("any range is the slice of the content, however the source came in pieces", async () => {
  const room = await TestRoom.create(nativeCrypto);
  const lengths = fc.integer({ min: 0, max: 3 * CHUNK_BYTES });
  await fc.assert(
    fc.asyncProperty(lengths, lengths, lengths, fc.integer({ min: 1, max: 400_000 }), async (length, a, b, piece) => {
      const content = noise(length, length + 1);
      const { manifest } = await room.write(inPieces(content, piece));
      const [from, to] = [Math.min(a, b), Math.max(a, b)];
      const read = await join(room.reader(manifest).read(from, to));
      expect(Buffer.compare(read, content.subarray(from, to))).toBe(0);
    }),
    { numRuns: process.env["SELKIE_TEST_FULL"] === "1" ? 300 : 25 },
  );
});

test("equal contents are equal blobs, also of two devices with one key", async () => {
  const [a, b] = [await TestRoom.create(nativeCrypto), await TestRoom.create(nativeCrypto)];
  const content = noise(BLOB_PLAINTEXT + 10);
  const first = await a.write(content);
  expect(await b.write(content)).toEqual(first);
  expect(await a.write(content)).toEqual(first);
  expect(await a.held()).toHaveLength(2);
});

test("a chunk that is here already is referred to where it lies", async () => {
  const room = await TestRoom.create(nativeCrypto);
  const content = noise(4 * CHUNK_BYTES);
  await room.write(content);
  const changed = content.slice();
  changed[CHUNK_BYTES * 2] = (changed[CHUNK_BYTES * 2] ?? 0) ^ 1;
  const { manifest, blobs } = await room.write(changed);
  expect(blobs).toHaveLength(2);
  const sizes = (await room.held()).map(({ length }) => length).sort((x, y) => x - y);
  expect(sizes).toEqual([CHUNK_BYTES + 16, 4 * (CHUNK_BYTES + 16)]);
  expect(Buffer.compare(await join(room.reader(manifest).read(0, changed.length)), changed)).toBe(0);
});

test("a chunk whose blob is gone meanwhile is stored again", async () => {
  const room = await TestRoom.create(nativeCrypto);
  const content = noise(CHUNK_BYTES);
  const { blobs } = await room.write(content);
  for (const hash of blobs) await room.blobs.remove(hash);
  const { manifest } = await room.write(content);
  expect(Buffer.compare(await join(room.reader(manifest).read(0, CHUNK_BYTES)), content)).toBe(0);
});

test("equal chunks of one content are stored once", async () => {
  const room = await TestRoom.create(nativeCrypto);
  const { manifest } = await room.write(new Uint8Array(20 * CHUNK_BYTES));
  expect((await room.held()).map(({ length }) => length)).toEqual([CHUNK_BYTES + 16]);
  const read = await join(room.reader(manifest).read(0, manifest.length));
  expect(read).toHaveLength(20 * CHUNK_BYTES);
  expect(read.every((byte) => byte === 0)).toBe(true);
});

describe("of what is elsewhere", () => {
  test("only the chunks that a small range touches are fetched", async () => {
    const [near, far] = [await TestRoom.create(nativeCrypto), await TestRoom.create(nativeCrypto)];
    const content = noise(BLOB_PLAINTEXT);
    const { manifest } = await far.write(content);
    near.from = far;
    const read = await join(near.reader(manifest).read(CHUNK_BYTES - 1, CHUNK_BYTES + 1));
    expect(read).toEqual(content.slice(CHUNK_BYTES - 1, CHUNK_BYTES + 1));
    expect(near.asked).toEqual([2 * (CHUNK_BYTES + 16)]);
    expect(await near.held()).toHaveLength(0);
  });

  test("what is read whole is fetched once, and kept", async () => {
    const [near, far] = [await TestRoom.create(nativeCrypto), await TestRoom.create(nativeCrypto)];
    const content = noise(2 * BLOB_PLAINTEXT);
    const { manifest } = await far.write(content);
    near.from = far;
    for (const _ of [1, 2])
      expect(Buffer.compare(await join(near.reader(manifest, { keep: true }).read(0, content.length)), content)).toBe(
        0,
      );
    expect(near.asked).toEqual([null, null]);
    expect(await near.held()).toHaveLength(2);
  });
});

async function* inPieces(content: Uint8Array, length: number): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < content.length; at += length) yield content.subarray(at, at + length);
}
