// C1: whatever is done to the chunks of a content, nobody reads anything else than its author attached.

import { asPlaintext } from "@selkie/crypto";
import { nativeCrypto } from "@selkie/crypto/native";
import { concatBytes } from "@selkie/entry";
import { describe, expect, test } from "vitest";
import { sealChunk } from "../../src/content/chunk.ts";
import { CHUNK_BYTES, ROW_BYTES, SLOT_BYTES } from "../../src/content/layout.ts";
import { decodeManifest, encodeManifest, type Manifest } from "../../src/content/manifest.ts";
import { decodeRow, encodeRow } from "../../src/content/table.ts";
import type { WrittenContent } from "../../src/content/write-content.ts";
import { codeOf } from "../support/codes.ts";
import { noise } from "../support/noise.ts";
import { hashOf, join, TestRoom } from "../support/room.ts";

const content = noise(4 * CHUNK_BYTES);

/** What is given out before the content turns out to be damaged, and how it ends. */
async function read(room: TestRoom, manifest: Manifest): Promise<{ bytes: number; code: unknown }> {
  let bytes = 0;
  const code = await codeOf(async () => {
    for await (const piece of room.reader(manifest).read(0, manifest.length)) {
      expect(Buffer.compare(piece, content.subarray(bytes, bytes + piece.length))).toBe(0);
      bytes += piece.length;
    }
    return "whole";
  });
  return { bytes, code };
}

/** The content of four chunks in one blob, and a blob that has its chunks otherwise, which the manifest names. */
async function withBlob(
  alter: (chunks: readonly Uint8Array[]) => readonly Uint8Array[],
): Promise<[TestRoom, Manifest]> {
  const room = await TestRoom.create(nativeCrypto);
  const { manifest } = await room.write(content);
  const [blob] = await room.held();
  if (blob === undefined) throw new Error("one blob was written");
  const chunks = [0, 1, 2, 3].map((slot) => blob.subarray(slot * SLOT_BYTES, (slot + 1) * SLOT_BYTES));
  const altered = concatBytes(...alter(chunks));
  const hash = hashOf(nativeCrypto, altered);
  await room.blobs.put(hash, once(altered));
  const rows = rowsOf(manifest).map((row) => encodeRow({ ...row, blob: hash }));
  return [room, { ...manifest, table: concatBytes(...rows) }];
}

const rowsOf = ({ table }: Manifest) =>
  Array.from({ length: table.length / ROW_BYTES }, (_, at) => decodeRow(table, at * ROW_BYTES));

describe("C1 sealed chunks in another order, one permutation of four after the other", () => {
  test.each(permutations([0, 1, 2, 3]).filter((order) => order.join() !== "0,1,2,3"))(
    "%i %i %i %i",
    async (...order) => {
      const [room, manifest] = await withBlob((chunks) => order.map((at) => chunks[at] ?? new Uint8Array()));
      const right = order.findIndex((at, index) => at !== index);
      expect(await read(room, manifest)).toEqual({ bytes: right * CHUNK_BYTES, code: "ATTACHMENT_DAMAGED" });
    },
  );
});

describe("C1 rows of the table in another order", () => {
  test.each(permutations([0, 1, 2, 3]).filter((order) => order.join() !== "0,1,2,3"))(
    "%i %i %i %i: the manifest is another one, which only its author can sign; its bytes are those it lists",
    async (...order) => {
      const room = await TestRoom.create(nativeCrypto);
      const { manifest } = await room.write(content);
      const rows = rowsOf(manifest);
      const table = concatBytes(...order.map((at) => encodeRow(rows[at] ?? unreachable())));
      const other = await join(room.reader({ ...manifest, table }).read(0, manifest.length));
      expect(
        Buffer.compare(
          other,
          concatBytes(...order.map((at) => content.subarray(at * CHUNK_BYTES, (at + 1) * CHUNK_BYTES))),
        ),
      ).toBe(0);
    },
  );
});

test.each([
  ["the last chunk dropped", (chunks: readonly Uint8Array[]) => chunks.slice(0, 3), 3],
  ["the last chunk a byte short", ([a, b, c, d]: readonly Uint8Array[]) => [a, b, c, d?.subarray(1)], 3],
  ["a chunk twice", ([a, b, , d]: readonly Uint8Array[]) => [a, b, b, d], 2],
  ["a bit of the second chunk flipped", ([a, b, c, d]: readonly Uint8Array[]) => [a, flipped(b), c, d], 1],
])("C1 %s", async (_, alter, right) => {
  const [room, manifest] = await withBlob((chunks) => alter(chunks).filter((chunk) => chunk !== undefined));
  expect(await read(room, manifest)).toEqual({ bytes: right * CHUNK_BYTES, code: "ATTACHMENT_DAMAGED" });
});

test("C1 what is appended to a blob is never read", async () => {
  const [room, manifest] = await withBlob((chunks) => [...chunks, chunks[0] ?? new Uint8Array()]);
  expect(await read(room, manifest)).toEqual({ bytes: content.length, code: "whole" });
});

describe("C1 a manifest that says another length", () => {
  test.each([
    ["a chunk more", (length: number) => length + 1],
    ["a chunk less", (length: number) => length - CHUNK_BYTES],
    ["nothing", () => 0],
    ["2^53 - 1 bytes", () => Number.MAX_SAFE_INTEGER],
    ["2^48 bytes", () => 2 ** 48],
  ])("%s: its table has not as many rows", async (_, other) => {
    const room = await TestRoom.create(nativeCrypto);
    const { manifest } = await room.write(content);
    const length = other(manifest.length);
    expect(await codeOf(async () => decodeManifest(encodeManifest({ ...manifest, length })))).toBe(
      "ATTACHMENT_DAMAGED",
    );
  });

  test("fewer bytes in the last chunk: its padding is not zero", async () => {
    const room = await TestRoom.create(nativeCrypto);
    const { manifest } = await room.write(content);
    const shorter = { ...manifest, length: manifest.length - 1 };
    expect(await read(room, shorter)).toEqual({ bytes: 3 * CHUNK_BYTES, code: "ATTACHMENT_DAMAGED" });
  });
});

test("C1 a chunk of another file of the same key does not pass for one of this", async () => {
  const room = await TestRoom.create(nativeCrypto);
  const { manifest } = await room.write(content);
  const other: WrittenContent = await room.write(noise(4 * CHUNK_BYTES, 77));
  const [mine, theirs] = [rowsOf(manifest), rowsOf(other.manifest)];
  const spliced = mine.map((row, at) => encodeRow(at === 2 ? { ...(theirs[at] ?? unreachable()), id: row.id } : row));
  expect(await read(room, { ...manifest, table: concatBytes(...spliced) })).toEqual({
    bytes: 2 * CHUNK_BYTES,
    code: "ATTACHMENT_DAMAGED",
  });
});

test("C1 a chunk of another key version does not open", async () => {
  const [room, before] = [await TestRoom.create(nativeCrypto), await TestRoom.create(nativeCrypto, 9)];
  const { manifest, blobs } = await before.write(content);
  for (const hash of blobs) await room.blobs.put(hash, (await before.blobs.get(hash)) ?? once(new Uint8Array()));
  expect(await read(room, { ...manifest, version: room.chunks.keys.version })).toEqual({
    bytes: 0,
    code: "ATTACHMENT_DAMAGED",
  });
});

test("C1 two plaintexts under one name: a relay that helps a member shows nobody the other one", async () => {
  const [near, far] = [await TestRoom.create(nativeCrypto), await TestRoom.create(nativeCrypto)];
  const { manifest, blobs } = await far.write(content);
  const [row] = rowsOf(manifest);
  const other = await sealChunk(near.chunks, row?.id ?? unreachable(), asPlaintext(noise(CHUNK_BYTES, 5)));
  near.from = far;
  const honest = near.fetch.bind(near);
  near.fetch = async (hash, range) => (range === null ? honest(hash, range) : other);
  // A part that is not the author's is not shown; the whole blob has a hash, and is right.
  expect(await join(near.reader(manifest).read(0, 10))).toEqual(content.slice(0, 10));
  expect(near.asked).toEqual([null]);
  expect(await near.blobs.has(blobs[0] ?? unreachable())).toBe(true);
});

test("C1 what a peer says about where a chunk lies is not believed when the same chunk is attached here", async () => {
  const [mine, theirs] = [await TestRoom.create(nativeCrypto), await TestRoom.create(nativeCrypto)];
  const { manifest } = await theirs.write(content);
  const forged = await sealChunk(
    mine.chunks,
    rowsOf(manifest)[0]?.id ?? unreachable(),
    asPlaintext(noise(CHUNK_BYTES, 5)),
  );
  const hash = hashOf(nativeCrypto, forged);
  await mine.blobs.put(hash, once(forged));
  const rows = rowsOf(manifest).map((row) => encodeRow({ ...row, blob: hash, slot: 0 }));
  await codeOf(() => join(mine.reader({ ...manifest, table: concatBytes(...rows) }).read(0, content.length)));
  const own = await mine.write(content);
  expect(Buffer.compare(await join(mine.reader(own.manifest).read(0, content.length)), content)).toBe(0);
});

test("a blob that nobody in reach has is said to be one", async () => {
  const [near, far] = [await TestRoom.create(nativeCrypto), await TestRoom.create(nativeCrypto)];
  const { manifest } = await far.write(content);
  expect(await read(near, manifest)).toEqual({ bytes: 0, code: "ATTACHMENT_UNREACHABLE" });
});

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}

function flipped(bytes: Uint8Array | undefined): Uint8Array {
  const copy = bytes?.slice() ?? new Uint8Array(1);
  copy[9] = (copy[9] ?? 0) ^ 1;
  return copy;
}

function permutations<T>(items: readonly T[]): readonly T[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, at) => permutations(items.toSpliced(at, 1)).map((rest) => [item, ...rest]));
}

function unreachable(): never {
  throw new RangeError("there is one");
}
