import { nativeCrypto } from "@selkie/crypto/native";
import { expect, test } from "vitest";
import { CHUNK_BYTES } from "../../src/content/layout.ts";
import { TestRoom } from "../support/room.ts";

const FULL = process.env["SELKIE_TEST_FULL"] !== undefined;
const GIB = 2 ** 30;
/** 5 GiB, or 64 chunks more than a manifest lists itself. */
const LENGTH = FULL ? 5 * GIB : 128 * CHUNK_BYTES;
const MARKED = Math.floor(LENGTH / CHUNK_BYTES / 2);

/** Zeros, but for one chunk in the middle. */
async function* sparse(): AsyncGenerator<Uint8Array, void> {
  const [zeros, marked] = [new Uint8Array(CHUNK_BYTES), new Uint8Array(CHUNK_BYTES).fill(7)];
  for (let at = 0; at < LENGTH / CHUNK_BYTES; at++) yield at === MARKED ? marked : zeros;
}

test(`a sparse stream of ${LENGTH / CHUNK_BYTES} chunks takes the room of two and its table, and is read in the middle`, async () => {
  const room = await TestRoom.create(nativeCrypto);
  globalThis.gc?.();
  const before = process.memoryUsage.rss();
  let most = before;
  const written = await room.write(sparse(), {
    onProgress: () => {
      most = Math.max(most, process.memoryUsage.rss());
    },
  });
  // A hundredth of what passed; how much there is exactly is measured by `pnpm bench attach`.
  if (FULL) expect(most - before).toBeLessThan(128 * 2 ** 20);
  expect(written.manifest.length).toBe(LENGTH);
  const sizes = (await room.held()).map(({ length }) => length);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(8 * CHUNK_BYTES);
  const start = MARKED * CHUNK_BYTES;
  const found: number[] = [];
  for await (const piece of room.reader(written.manifest).read(start - 2, start + CHUNK_BYTES + 2))
    found.push(...new Set(piece));
  expect(found).toEqual([0, 7, 0]);
}, 600_000);
