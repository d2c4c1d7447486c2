import { fromHex } from "@selkie/entry";
import { describe, expect, test } from "vitest";
import { writeFirstChange } from "../../src/automerge/first-change.ts";
import { alice } from "./hand-made-change.ts";
import { judgeFirst, parse } from "./judge.ts";
import { sha256 } from "./sha256.ts";

const actor = fromHex(alice);

describe("the first change of a document", () => {
  test("of no data has no operations", () => {
    const change = parse(writeFirstChange(actor, {}, sha256));
    expect(change).toMatchObject({ opCount: 0, seq: 1, startOp: 1, deps: [] });
    expect(judgeFirst({})).toBe("pass");
  });

  test("is the same, whatever the order of the keys", () => {
    const [one, other] = [
      { b: 1, a: { d: 1, c: 2 } },
      { a: { c: 2, d: 1 }, b: 1 },
    ];
    expect(writeFirstChange(actor, one, sha256)).toEqual(writeFirstChange(actor, other, sha256));
  });

  test("refuses what a document cannot hold", () => {
    expect(() => writeFirstChange(actor, { n: Number.NaN }, sha256)).toThrow(/cannot be stored/);
  });
});
