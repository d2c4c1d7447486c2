import fc from "fast-check";
import { expect, test } from "vitest";
import { columnIn, encodeColumn } from "../../src/value/column-codec.ts";
import type { Value } from "../../src/value/value.ts";

const plain = fc.constantFrom<Value>(null, true, 0, -0, 1.5, Number.NaN, 7n, "", "text", new Date(5));
const few = fc.oneof(plain, fc.constant("text"), fc.array(plain, { maxLength: 3 }), fc.constant([false, "a", 1]));
const columns = fc.oneof(
  fc.array(plain),
  fc.array(few),
  fc.array(fc.tuple(fc.constant(false), plain)),
  fc.array(fc.constant("text")),
  fc.array(fc.constant([])),
);

const said = (values: readonly Value[]): unknown => JSON.parse(JSON.stringify(encodeColumn(values)));

test("columns are read as they were", () => {
  fc.assert(
    fc.property(columns, (values) => {
      expect(columnIn(said(values), values.length)).toEqual(values);
    }),
  );
});

test("what all values are is said once, of keys part by part", () => {
  expect(said(["a", "a", "a"])).toEqual([0, "a"]);
  expect(said([null, null])).toEqual([0, null]);
  const keys = [3, 4, 5].map((n) => [false, "a", n]);
  expect(said(keys)).toEqual([
    1,
    [
      [0, false],
      [0, "a"],
      [2, [3, 4, 5]],
    ],
  ]);
  expect(said([...keys, [false]])).toEqual([2, [...keys, [false]]]);
});

test("what is no column is damaged", () => {
  const damaged = [null, [], ["a"], [2, ["a"]], [2, "ab"], [1, [[2, ["a"]]]], [1, [[1, [[0, "a"]]]]], [1, "a"], [0]];
  for (const json of damaged)
    expect(() => columnIn(json, 2)).toThrow(expect.objectContaining({ code: "INDEX_DAMAGED" }));
});
