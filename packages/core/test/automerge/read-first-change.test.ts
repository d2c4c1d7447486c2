import * as Automerge from "@automerge/automerge";
import { fromHex } from "@selkie/entry";
import { describe, expect, test } from "vitest";
import { writeFirstChange } from "../../src/automerge/first-change.ts";
import { readFirstChange } from "../../src/automerge/read-first-change.ts";
import { alice, bob } from "./hand-made-change.ts";
import { parse } from "./judge.ts";
import { sha256 } from "./sha256.ts";

const actor = fromHex(alice);

/** Equal in value, and in the order of keys. */
function expectSame(read: object, bytes: Uint8Array): void {
  const doc = Automerge.load<Record<string, unknown>>(bytes);
  expect(read).toEqual(doc);
  expect(JSON.stringify(read)).toBe(JSON.stringify(doc));
  Automerge.free(doc);
}

describe("the data of a document with one change", () => {
  test("has texts whole that were written in turn", () => {
    const doc = Automerge.change(Automerge.init<Record<string, unknown>>({ actor: alice }), (draft) => {
      Object.assign(draft, { a: "ä", b: "", c: 1 });
      for (const letter of "🙂xé")
        for (const key of ["a", "b"]) Automerge.splice(draft, [key], String(draft[key]).length, 0, letter);
    });
    const bytes = Automerge.getLastLocalChange(doc) ?? actor;
    const read = readFirstChange(parse(bytes));
    expect(read).toEqual({ a: "ä🙂xé", b: "🙂xé", c: 1 });
    expectSame(read ?? {}, bytes);
  });

  test("is left to Automerge when something was changed, removed or marked in it", () => {
    const edits: readonly ((draft: Record<string, unknown>) => void)[] = [
      (draft) => delete draft["b"],
      (draft) => Object.assign(draft, { a: 2 }),
      (draft) => (draft["list"] as number[]).splice(0, 1),
      (draft) => (draft["list"] as number[]).unshift(0),
      (draft) => Automerge.splice(draft, ["text"], 1, 1, "x"),
      (draft) => Automerge.mark(draft, ["text"], { start: 0, end: 2, expand: "both" }, "bold", true),
    ];
    for (const edit of edits) {
      const doc = Automerge.change(Automerge.init<Record<string, unknown>>({ actor: alice }), (draft) => {
        Object.assign(draft, { a: 1, b: 1, list: [1, 2], text: "text" });
        edit(draft);
      });
      expect(readFirstChange(parse(Automerge.getLastLocalChange(doc) ?? actor))).toBeNull();
    }
  });

  test("of which more changes are known is left to Automerge", () => {
    const first = Automerge.load<{ n: number }>(writeFirstChange(actor, { n: 1 }, sha256), bob);
    const later = Automerge.change(first, (draft) => {
      draft.n = 2;
    });
    expect(readFirstChange(parse(Automerge.getLastLocalChange(later) ?? actor))).toBeNull();
  });

  test("that holds nothing is empty", () => {
    expect(readFirstChange(parse(writeFirstChange(actor, {}, sha256)))).toEqual({});
  });
});
