// What somebody may put into a document, in front of a view.
import { counter } from "@selkie/core";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { isDamaged } from "../../src/damaged-index.ts";
import { ViewError } from "../../src/errors.ts";
import { collationStamp } from "../../src/value/collation.ts";
import { compareValues } from "../../src/value/order.ts";
import { sortValue } from "../../src/value/sort-value.ts";
import { plainValue } from "../../src/value/value.ts";
import { decodeValue, encodeValue } from "../../src/value/value-codec.ts";
import { costOf } from "../../src/value/value-cost.ts";
import { entriesOf } from "../../src/view/map-document.ts";
import { definitionText, planView } from "../../src/view/plan-view.ts";
import { readKey } from "../../src/view/row-key.ts";
import type { ViewDefinition } from "../../src/view/view.ts";

const leaf = fc.constantFrom<unknown>(
  ...[null, undefined, true, 0, -0, 1, 1n, 2n ** 60n, 2 ** 60, Number.NaN, Number.POSITIVE_INFINITY, "", "a", "ä"],
  ...["\ud800", "\u0000", `${"x".repeat(1_023)}💥`, "x".repeat(3_000), new Date(0), new Date(Number.NaN)],
  ...[new Uint8Array(3_000), Array.from({ length: 200 }, (_, at) => at), counter(7)],
);
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    leaf,
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom("a", "b", "10", "9", "__proto__", "toString"), tie("value"), { maxKeys: 4 }),
  ),
}));

describe("any value", () => {
  it("is kept, and read again as it was", () => {
    fc.assert(
      fc.property(value, (one) => {
        const plain = plainValue(one);
        const again = decodeValue(JSON.parse(JSON.stringify(encodeValue(plain))));
        expect(again).toStrictEqual(plain);
        expect(compareValues(again, plain)).toBe(0);
      }),
      { numRuns: 1_000 },
    );
  });

  it("D13 counts in an order with no more than 1,024 characters, and equal ones with the same", () => {
    fc.assert(
      fc.property(value, value, (one, other) => {
        const [cut, cutOther] = [sortValue(plainValue(one)), sortValue(plainValue(other))];
        expect(costOf(cut)).toBeLessThan(150);
        expect(sortValue(cut)).toStrictEqual(cut);
        if (compareValues(one, other) === 0) expect(cut).toStrictEqual(cutOther);
        if (compareValues(cut, cutOther) === 0) expect(encodeValue(cut)).toStrictEqual(encodeValue(cutOther));
      }),
      { numRuns: 2_000 },
    );
  });
});

test("D13 a document stands in 1,000 categories, however many its columns name together", () => {
  const tags = Array.from({ length: 20_000 }, (_, at) => at);
  const columns = ["a", "b", "c"].map((name) => ({ name, value: "tags", category: true }));
  const entries = entriesOf(planOf({ columns }), { tags }, origin);
  expect(entries.length).toBe(1_000);
  expect(new Set(entries.map(({ path }) => JSON.stringify(path))).size).toBe(1_000);
});

test("D13 what orders a document is short, whatever stands in its columns", () => {
  const url = `https://example.com/${"x".repeat(200_000)}`;
  const columns = [
    { name: "path", value: "path", category: true },
    { name: "url", value: "url", sort: "asc" as const },
  ];
  const [entry = expect.fail("it is shown")] = entriesOf(planOf({ columns }), { path: `\\${url}\\b`, url }, origin);
  expect(entry.path.map((step) => String(step.value).length)).toEqual([0, 1_024, 1]);
  expect(entry.sort).toEqual([url.slice(0, 1_024)]);
  expect(entry.values).toEqual([`\\${url}\\b`, url]);
});

test("a view that is kept follows from the order of the languages that it sorts by, and no other", () => {
  const columns = ["sv", "de"].map((language, at) => ({ name: language, value: "a", language, category: at === 0 }));
  const text = definitionText({ name: "view", columns }, planOf({ columns })) ?? expect.fail("it can be kept");
  expect(JSON.parse(text).at(-1)).toEqual([collationStamp("sv"), 0]);
  expect(collationStamp("sv")).not.toBe(collationStamp("en"));
  expect(collationStamp("en")).toBe(collationStamp("en-US"));
});

test.each([
  { columns: [] },
  { columns: Array.from({ length: 101 }, (_, at) => ({ name: `${at}`, value: "a" })) },
  { columns: [{ name: "a", value: "a", sort: "up" }] },
  { columns: [{ name: "a", value: "a", total: "median" }] },
  { columns: [{ name: "a", value: "a", sort: "asc", language: "no language" }] },
])("a definition that says nothing is refused: %#", (definition) => {
  expect(() => planOf(definition as never)).toThrow(expect.objectContaining({ code: "VIEW_INVALID" }));
});

test("any text is the key of a row, or is refused", () => {
  const deep = `${"[".repeat(200_000)}${"]".repeat(200_000)}`;
  const odd = ['[[0,{"i":"x"}]]', '[[0,{"n":{"toString":1,"valueOf":1}}]]', '[[0,{"b":[1e99,"x"]}]]', "[[0]]", "{}"];
  for (const key of [deep, ...odd]) expect(() => readKey(key)).toThrow(ViewError);
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json(), keyLike), (key) => {
      try {
        readKey(key);
      } catch (error) {
        expect(error).toMatchObject({ name: "ViewError", code: "KEY_INVALID" });
      }
    }),
    { numRuns: 2_000 },
  );
});

test("any JSON in the place of a value is read as one, or is damaged", () => {
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), lettered), (json) => {
      try {
        decodeValue(json);
      } catch (error) {
        if (!isDamaged(error)) throw error;
      }
    }),
    { numRuns: 2_000 },
  );
});

const lettered = fc.letrec<{ json: unknown }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 4 },
    fc.jsonValue({ maxDepth: 1 }),
    fc.array(tie("json"), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom("d", "b", "i", "n", "o", "x"), tie("json"), { maxKeys: 1 }),
  ),
})).json;
const keyLike = fc
  .array(fc.array(fc.oneof(fc.nat(3), lettered), { maxLength: 4 }), { maxLength: 4 })
  .map((key) => JSON.stringify(key));

const origin = { tenant: "tenant", database: "database", id: "id" };
const planOf = (definition: Pick<ViewDefinition<object>, "columns">) => planView({ name: "view", ...definition });
