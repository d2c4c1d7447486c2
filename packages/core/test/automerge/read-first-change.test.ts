import * as Automerge from "@automerge/automerge";
import { fromHex } from "@selkie/entry";
import { describe, expect, test } from "vitest";
import { writeFirstChange } from "../../src/automerge/first-change.ts";
import { readFirstChange } from "../../src/automerge/read-first-change.ts";
import { isCounter, isFixedText } from "../../src/automerge/values.ts";
import { alice, bob } from "./hand-made-change.ts";
import { parse } from "./judge.ts";
import { Random, randomHistory, randomValue } from "./random-history.ts";
import { sha256 } from "./sha256.ts";

const actor = fromHex(alice);

function randomData(random: Random): Record<string, unknown> {
  const keys = ["name", "ключ", "\ufffdz", "\u{1f642}", "a", "", "B", "10", "9"];
  return Object.fromEntries(Array.from({ length: random.below(8) }, () => [random.pick(keys), randomValue(random, 1)]));
}

/** Whether Automerge gives some of it as an object of its own. */
function isWrapped(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return isCounter(value) || isFixedText(value) || Object.values(value).some(isWrapped);
}

/** Equal in value, and in the order of keys. */
function expectSame(seed: number, read: object, bytes: Uint8Array): void {
  const doc = Automerge.load<Record<string, unknown>>(bytes);
  expect([seed, read]).toEqual([seed, doc]);
  expect([seed, JSON.stringify(read)]).toEqual([seed, JSON.stringify(doc)]);
  Automerge.free(doc);
}

describe("the data of a document with one change", () => {
  test("is what Automerge gives, or left to it only where it gives objects of its own, for 1,500 random documents", () => {
    let left = 0;
    for (let seed = 0; seed < 1_500; seed++) {
      const data = randomData(new Random(seed));
      const change = parse(writeFirstChange(actor, data, sha256));
      const read = readFirstChange(change);
      expect([seed, read === null]).toEqual([seed, isWrapped(data)]);
      if (read === null) left++;
      else expectSame(seed, read, change.bytes);
    }
    expect(left).toBeGreaterThan(50);
    expect(left).toBeLessThan(1_000);
  });

  test("is what Automerge gives, or left to it, whatever made the change", () => {
    let read = 0;
    for (let seed = 0; seed < 500; seed++) {
      const [bytes] = randomHistory(seed, { actors: [alice], steps: 1 }).changes;
      const data = bytes === undefined ? null : readFirstChange(parse(bytes));
      if (bytes === undefined || data === null) continue;
      read++;
      expectSame(seed, data, bytes);
    }
    expect(read).toBeGreaterThan(100);
  });

  test("has texts whole that were written in turn", () => {
    const doc = Automerge.change(Automerge.init<Record<string, unknown>>({ actor: alice }), (draft) => {
      Object.assign(draft, { a: "ä", b: "", c: 1 });
      for (const letter of "🙂xé")
        for (const key of ["a", "b"]) Automerge.splice(draft, [key], String(draft[key]).length, 0, letter);
    });
    const bytes = Automerge.getLastLocalChange(doc) ?? actor;
    const read = readFirstChange(parse(bytes));
    expect(read).toEqual({ a: "ä🙂xé", b: "🙂xé", c: 1 });
    expectSame(0, read ?? {}, bytes);
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
