import { expect, test } from "vitest";
import { BytePool } from "../src/byte-pool.ts";

test("what is taken out of a pool is zeros of the length asked for, and nobody else's", () => {
  const pool = new BytePool();
  const taken: Uint8Array[] = [];
  for (let n = 0; n < 500; n++) {
    const bytes = pool.take((n * 37) % 1_200);
    expect([bytes.length, bytes.every((byte) => byte === 0)]).toEqual([(n * 37) % 1_200, true]);
    taken.push(bytes.fill(1 + (n % 255)));
  }
  for (const [n, bytes] of taken.entries()) expect(bytes.every((byte) => byte === 1 + (n % 255))).toBe(true);
  expect(new Set(taken.map(({ buffer }) => buffer)).size).toBeLessThan(taken.length / 3);
});
