import * as Automerge from "@automerge/automerge";
import { fromHex, toHex } from "@selkie/entry";
import { describe, expect, test } from "vitest";
import { writeChange } from "../../src/automerge/change-writer.ts";
import { DocumentHistory } from "../../src/automerge/document-history.ts";
import { writeFirstChange } from "../../src/automerge/first-change.ts";
import { gate } from "../../src/automerge/gate.ts";
import { alice } from "./hand-made-change.ts";
import { judgeFirst, parse } from "./judge.ts";
import { Random, randomValue } from "./random-history.ts";
import { sha256 } from "./sha256.ts";

const actor = fromHex(alice);

function randomData(random: Random): Record<string, unknown> {
  const keys = ["name", "ключ", "\ufffdz", "\u{1f642}", "a", "", "B"];
  return Object.fromEntries(Array.from({ length: random.below(7) }, () => [random.pick(keys), randomValue(random, 1)]));
}

/** Automerge.from stores whole numbers from 0 down as floats of 8 bytes, we as whole numbers; both read back the same. */
function positive(value: unknown): unknown {
  if (typeof value === "number") return Number.isInteger(value) ? Math.max(Math.abs(value), 1) : value;
  if (Array.isArray(value)) return value.map(positive);
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, positive(item)]));
}

/** Automerge's own first change of this data, at time 0. */
function byAutomerge(data: Record<string, unknown>): Uint8Array {
  const doc = Automerge.from(data, { actor: alice });
  const change = Automerge.getLastLocalChange(doc);
  Automerge.free(doc);
  if (change === undefined) return writeFirstChange(actor, {}, sha256);
  const parsed = parse(change);
  return writeChange({ ...parsed, time: 0 }, { type: "table", table: parsed.columns, opCount: parsed.opCount }, sha256)
    .bytes;
}

describe("the first change of a document", () => {
  test("has the bytes that Automerge writes, but for whole numbers from 0 down, for 1,500 random documents", () => {
    for (let seed = 0; seed < 1500; seed++) {
      const data = positive(randomData(new Random(seed))) as Record<string, unknown>;
      expect([seed, toHex(writeFirstChange(actor, data, sha256))]).toEqual([seed, toHex(byAutomerge(data))]);
    }
  });

  test("passes the gate, for 500 random documents", () => {
    for (let seed = 0; seed < 500; seed++) {
      const change = parse(writeFirstChange(actor, randomData(new Random(seed)), sha256));
      expect(gate(change, { history: new DocumentHistory(), actor })).toEqual({ type: "pass" });
    }
  });

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
