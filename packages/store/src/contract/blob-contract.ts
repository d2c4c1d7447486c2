// Contract: blobs.
import { type BlobHash, compareBytes, concatBytes, equalBytes, limits, parseBlobHash } from "@selkie/entry";
import { describe, expect, it } from "vitest";
import { type ContractContext, codeOf, collect } from "./place.ts";
import { bytesOf, tenantOf } from "./test-writer.ts";

/** The bytes in chunks of `size`. */
export async function* inChunks(bytes: Uint8Array, size: number): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

export function blobContract({ verifier, withStore }: ContractContext): void {
  const tenant = tenantOf(1);
  const hashOf = (bytes: Uint8Array): BlobHash => parseBlobHash(verifier.sha256(bytes));

  describe("blobs", () => {
    it(
      "come back as they were stored, whatever the chunks",
      withStore(async (store) => {
        const blobs = store.blobs(tenant);
        for (const [length, size] of [
          [0, 1],
          [1, 1],
          [1_000, 7],
          [262_144, 65_536],
          [3_000_000, 100_000],
        ] as const) {
          const bytes = bytesOf(length, length);
          expect(await blobs.has(hashOf(bytes))).toBe(false);
          await blobs.put(hashOf(bytes), inChunks(bytes, size));
          await blobs.put(hashOf(bytes), inChunks(bytes, 1 + length));
          expect(await blobs.has(hashOf(bytes))).toBe(true);
          expect(equalBytes(concatBytes(...(await collect(await blobs.get(hashOf(bytes))))), bytes)).toBe(true);
        }
      }),
    );

    it(
      "share no memory with who gives them or reads them",
      withStore(async (store) => {
        const blobs = store.blobs(tenant);
        const bytes = bytesOf(8, 1_000_000);
        const overwritten = async function* (): AsyncIterable<Uint8Array> {
          for await (const chunk of inChunks(bytes, 262_160)) {
            const own = chunk.slice();
            yield own;
            own.buffer.transfer(0);
          }
        };
        const hash = await blobs.add(overwritten());
        expect(equalBytes(hash, hashOf(bytes))).toBe(true);
        for (const range of [undefined, [5, 300_000], [0, 100]] as const) {
          for (const piece of await collect(await blobs.get(hash, range))) piece.fill(0);
          expect(equalBytes(concatBytes(...(await collect(await blobs.get(hash)))), bytes)).toBe(true);
        }
      }),
    );

    it(
      "are read in ranges, cut at their end",
      withStore(async (store) => {
        const blobs = store.blobs(tenant);
        for (const length of [1_000, 2_500_000]) {
          const bytes = bytesOf(3, length);
          await blobs.put(hashOf(bytes), inChunks(bytes, 65_536));
          for (const [from, to] of [
            [0, length],
            [0, 1],
            [999, 1_000],
            [10, 10],
            [500, 1e9],
            [1e9, 2e9],
            [17, 900],
          ] as const) {
            const read = concatBytes(...(await collect(await blobs.get(hashOf(bytes), [from, to]))));
            expect(equalBytes(read, bytes.slice(from, to))).toBe(true);
          }
          for (const range of [
            [-1, 5],
            [5, 4],
            [0.5, 3],
            [0, Number.NaN],
          ] as const) {
            expect(await codeOf(() => blobs.get(hashOf(bytes), range))).toBe("BAD_RANGE");
          }
        }
      }),
    );

    it(
      "B8 are refused when the bytes do not hash to the name, and nothing is stored",
      withStore(async (store) => {
        const blobs = store.blobs(tenant);
        const bytes = bytesOf(4, 1_000);
        const other = hashOf(bytesOf(5, 1_000));
        expect(await codeOf(() => blobs.put(other, inChunks(bytes, 100)))).toBe("BLOB_MISMATCH");
        expect(await codeOf(() => blobs.put(hashOf(bytes), inChunks(bytes.subarray(1), 100)))).toBe("BLOB_MISMATCH");
        expect(await blobs.has(other)).toBe(false);
        expect(await blobs.has(hashOf(bytes))).toBe(false);
        expect(await blobs.get(other)).toBeUndefined();
      }),
    );

    it(
      "leave nothing behind when their source fails",
      withStore(async (store) => {
        const blobs = store.blobs(tenant);
        const bytes = bytesOf(6, 1_000);
        const failure = new TypeError("the source broke");
        async function* broken(): AsyncIterable<Uint8Array> {
          yield bytes;
          throw failure;
        }
        await expect(blobs.put(hashOf(bytes), broken())).rejects.toBe(failure);
        await expect(blobs.add(broken())).rejects.toBe(failure);
        expect(await blobs.has(hashOf(bytes))).toBe(false);
      }),
    );

    it(
      "are stored under the hash that they have, once, and repaired",
      withStore(async (store) => {
        const blobs = store.blobs(tenant);
        for (const [length, size] of [
          [0, 1],
          [1_000, 7],
          [262_160, 262_160],
          [limits.blobBytes, 262_160],
          [5_000_000, 100_000],
        ] as const) {
          const bytes = bytesOf(length, length);
          const hash = await blobs.add(inChunks(bytes, size));
          expect(hash).toEqual(hashOf(bytes));
          expect(await blobs.sizeOf(hash)).toBe(length);
          const again = await Promise.all([size + 1, size].map((other) => blobs.add(inChunks(bytes, other))));
          expect(again).toEqual([hash, hash]);
          await blobs.put(hash, inChunks(bytes, size));
          expect(equalBytes(concatBytes(...(await collect(await blobs.get(hash)))), bytes)).toBe(true);
        }
      }),
    );

    it(
      "are taken from a buffer that is filled again and again",
      withStore(async (store) => {
        const blobs = store.blobs(tenant);
        const bytes = bytesOf(12, 3_000);
        async function* reusing(): AsyncIterable<Uint8Array> {
          const buffer = new Uint8Array(1_000);
          for (let at = 0; at < bytes.length; at += 1_000) {
            buffer.set(bytes.subarray(at, at + 1_000));
            yield buffer;
          }
        }
        expect(await blobs.add(reusing())).toEqual(hashOf(bytes));
        await blobs.remove(hashOf(bytes));
        await blobs.put(hashOf(bytes), reusing());
        expect(equalBytes(concatBytes(...(await collect(await blobs.get(hashOf(bytes))))), bytes)).toBe(true);
      }),
    );

    it(
      "are listed by their hashes with their sizes, as they are while the list is walked",
      withStore(async (store) => {
        const blobs = store.blobs(tenant);
        expect(await collect(blobs.list())).toEqual([]);
        const all = Array.from({ length: 300 }, (_, seed) => bytesOf(seed, seed));
        await Promise.all(all.map((bytes) => blobs.add(inChunks(bytes, 1_000))));
        await store.blobs(tenantOf(2)).add(inChunks(bytesOf(1_000, 10), 10));
        const expected = all
          .map((bytes) => ({ hash: hashOf(bytes), size: bytes.length }))
          .sort((a, b) => compareBytes(a.hash, b.hash));
        expect(await collect(blobs.list())).toEqual(expected);
        const walked: BlobHash[] = [];
        for await (const { hash } of blobs.list()) {
          walked.push(hash);
          if (walked.length === 1) for (const { hash: other } of expected.slice(1)) await blobs.remove(other);
        }
        expect(walked).toEqual([expected[0]?.hash]);
        expect(await blobs.sizeOf(hashOf(bytesOf(0, 0)))).toBe(expected[0]?.size === 0 ? 0 : undefined);
      }),
    );

    it(
      "are removed, and may come again",
      withStore(async (store) => {
        const blobs = store.blobs(tenant);
        const bytes = bytesOf(7, 1_000);
        await blobs.remove(hashOf(bytes));
        await blobs.put(hashOf(bytes), inChunks(bytes, 100));
        await blobs.remove(hashOf(bytes));
        expect(await blobs.has(hashOf(bytes))).toBe(false);
        expect(await blobs.get(hashOf(bytes))).toBeUndefined();
        await blobs.put(hashOf(bytes), inChunks(bytes, 100));
        expect(await blobs.has(hashOf(bytes))).toBe(true);
      }),
    );

    it(
      "can be stored by several callers at once",
      withStore(async (store) => {
        const blobs = store.blobs(tenant);
        const bytes = bytesOf(8, 300_000);
        await Promise.all(Array.from({ length: 8 }, (_, i) => blobs.put(hashOf(bytes), inChunks(bytes, 10_000 + i))));
        expect(equalBytes(concatBytes(...(await collect(await blobs.get(hashOf(bytes))))), bytes)).toBe(true);
      }),
    );

    it(
      "F8 have names of 32 bytes, nothing else",
      withStore(async (store) => {
        const blobs = store.blobs(tenant);
        for (const name of [
          new Uint8Array(0),
          new Uint8Array(31),
          new Uint8Array(33),
          new TextEncoder().encode("../../x"),
        ]) {
          expect(await codeOf(() => blobs.put(name as BlobHash, inChunks(name, 10)))).toBe("BAD_LENGTH");
          expect(await codeOf(() => blobs.get(name as BlobHash))).toBe("BAD_LENGTH");
          expect(await codeOf(() => blobs.has(name as BlobHash))).toBe("BAD_LENGTH");
          expect(await codeOf(() => blobs.sizeOf(name as BlobHash))).toBe("BAD_LENGTH");
          expect(await codeOf(() => blobs.remove(name as BlobHash))).toBe("BAD_LENGTH");
        }
      }),
    );
  });
}
