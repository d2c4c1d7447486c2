import { type BlobHash, ByteWriter, parseBlobHash } from "@selkie/entry";
import { expect, test } from "vitest";
import { MOST_ON_PAGE, pageOf } from "../../src/http/page-of-hashes.ts";

const numbered = (n: number): BlobHash => parseBlobHash(new ByteWriter(32).u32(n).bytes(new Uint8Array(28)).finish());

test("hashes come page by page, each once, also when the last that was told has gone", () => {
  const all = Array.from({ length: 2 * MOST_ON_PAGE + 1 }, (_, n) => numbered(2 * n));
  const first = pageOf(all, null);
  expect(first).toEqual(all.slice(0, MOST_ON_PAGE));
  const rest = all.filter((hash) => hash !== first.at(-1));
  const second = pageOf(rest, first.at(-1) ?? null);
  expect(second).toEqual(all.slice(MOST_ON_PAGE, 2 * MOST_ON_PAGE));
  expect(pageOf(rest, second.at(-1) ?? null)).toEqual(all.slice(-1));
  expect(pageOf(all, numbered(3))).toEqual(all.slice(2, 2 + MOST_ON_PAGE));
  expect(pageOf(all, all.at(-1) ?? null)).toEqual([]);
});
