import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeIds, idsIn } from "../../src/value/ids-codec.ts";

test("ids are read as they were, and what all end with is said once", () => {
  const end = fc.constantFrom("", "0", "00", "a0b0");
  fc.assert(
    fc.property(end, fc.array(fc.stringMatching(/^[0-9a-f]{0,6}$/), { maxLength: 8 }), (same, stems) => {
      const ids = stems.map((stem) => stem + same);
      expect(idsIn(JSON.parse(JSON.stringify(encodeIds(ids))))).toEqual(ids);
    }),
  );
  expect(encodeIds(["12ab", "34ab", "5ab"])).toEqual(["ab", ["12", "34", "5"]]);
});

test("what is no list of ids is damaged", () => {
  for (const json of [null, [], ["a"], [1, []], ["a", [1]], ["a", null]])
    expect(() => idsIn(json)).toThrow(expect.objectContaining({ code: "INDEX_DAMAGED" }));
});
