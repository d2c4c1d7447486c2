import { expect, test } from "vitest";
import { BoundedCache } from "../src/bounded-cache.ts";

test("the value used longest ago goes first, and no more than the capacity are kept", () => {
  const cache = new BoundedCache<number>(2);
  const made: string[] = [];
  const get = (key: string): number =>
    cache.get(key, () => {
      made.push(key);
      return made.length;
    });
  for (const key of ["a", "b", "a", "c", "a", "b"]) get(key);
  expect(made).toEqual(["a", "b", "c", "b"]);
  expect(cache.size).toBe(2);
});

test("a maker that throws leaves nothing behind", () => {
  const cache = new BoundedCache<number>(2);
  expect(() =>
    cache.get("a", () => {
      throw new RangeError("no value");
    }),
  ).toThrow(RangeError);
  expect(cache.get("a", () => 1)).toBe(1);
});
