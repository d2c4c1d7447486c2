// The codec of first changes beside Automerge: what it writes and reads of random documents is what Automerge does, and all else is left to it.
import { isDeepStrictEqual } from "node:util";
import * as Automerge from "@automerge/automerge";
import { equalBytes, fromHex, toHex } from "@selkie/entry";
import { expect, test } from "vitest";
import { writeChange } from "../../src/automerge/change-writer.ts";
import { DocumentHistory } from "../../src/automerge/document-history.ts";
import { writeFirstChange } from "../../src/automerge/first-change.ts";
import { gate, gateFirst } from "../../src/automerge/gate.ts";
import { readFirstChange } from "../../src/automerge/read-first-change.ts";
import { isCounter, isFixedText } from "../../src/automerge/values.ts";
import { alice } from "./hand-made-change.ts";
import { parse } from "./judge.ts";
import { Random, randomHistory, randomValue } from "./random-history.ts";
import { sha256 } from "./sha256.ts";

const DOCUMENTS = process.env["SELKIE_TEST_FULL"] === undefined ? 1_500 : 100_000;
const SEED = Number(process.env["SEED"] ?? Date.now() % 1_000_000_000);
console.log(`first changes, seed ${SEED}: ${DOCUMENTS} documents`);

const actor = fromHex(alice);
const keys = ["name", "ключ", "\ufffdz", "\u{1f642}", "a", "", "B", "10", "9", "constructor", "k".repeat(200)];

type Data = Record<string, unknown>;

function randomData(random: Random): Data {
  const fields = random.below(40) === 0 ? 80 : random.below(8);
  const keyOf = (at: number): string => (at < 8 ? random.pick(keys) : `field ${random.below(200)}`);
  return Object.fromEntries(Array.from({ length: fields }, (_, at) => [keyOf(at), randomField(random)]));
}

function randomField(random: Random): unknown {
  switch (random.below(12)) {
    case 0:
      return Array.from({ length: random.below(150) }, () => random.pick(["a", "é", "日", "🙂", "\n"])).join("");
    case 1:
      return (random.below(2) === 0 ? 1 : -1) * 2 ** random.below(53);
    case 2:
      return new Date((random.below(2 ** 31) - 2 ** 30) * 4_000_000);
    case 3:
      return [[[randomValue(random, 3)], {}], { in: { it: randomValue(random, 3) } }];
    default:
      return randomValue(random);
  }
}

/** Automerge.from stores whole numbers from 0 down as floats of 8 bytes, we as whole numbers; both read back the same. */
function positive(value: unknown): unknown {
  if (typeof value === "number") return Number.isInteger(value) ? Math.max(Math.abs(value), 1) : value;
  if (Array.isArray(value)) return value.map(positive);
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, positive(item)]));
}

/** Automerge's own first change of this data, at time 0. */
function byAutomerge(data: Data): Uint8Array {
  const doc = Automerge.from(data, { actor: alice });
  const change = Automerge.getLastLocalChange(doc);
  Automerge.free(doc);
  if (change === undefined) return writeFirstChange(actor, {}, sha256);
  const { columns, opCount, ...header } = parse(change);
  return writeChange({ ...header, time: 0 }, { type: "table", table: columns, opCount }, sha256).bytes;
}

/** What Automerge shows of the document of one change, and its id. */
function loaded(bytes: Uint8Array): { readonly shown: unknown; readonly heads: readonly string[] } {
  const doc = Automerge.load<Data>(bytes);
  const result = { shown: plain(doc), heads: Automerge.getHeads(doc) };
  Automerge.free(doc);
  return result;
}

/** A copy that outlives the document and has no classes of Automerge's. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null || value instanceof Date || value instanceof Uint8Array) return value;
  if (isCounter(value)) return { counter: Number(value) };
  if (isFixedText(value)) return { fixedText: String(value) };
  return { map: Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)])) };
}

/** Equal in value, and in the order of keys. */
function areSame(a: unknown, b: unknown): boolean {
  return isDeepStrictEqual(a, b) && JSON.stringify(a) === JSON.stringify(b);
}

/** Whether Automerge gives some of it as an object of its own. */
function isWrapped(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return isCounter(value) || isFixedText(value) || Object.values(value).some(isWrapped);
}

const passes = (verdict: { readonly type: string }): boolean => verdict.type === "pass";

/** What is not as it should be with the document of a seed. */
function wrongWith(seed: number, counts: { left: number }): readonly string[] {
  const data = randomData(new Random(seed));
  const above = positive(data) as Data;
  const change = parse(writeFirstChange(actor, data, sha256));
  const { shown, heads } = loaded(change.bytes);
  const read = readFirstChange(change);
  if (read === null) counts.left++;
  const holds: Record<string, boolean> = {
    "has Automerge's bytes": equalBytes(writeFirstChange(actor, above, sha256), byAutomerge(above)),
    "shows what was given": isDeepStrictEqual(shown, plain(data)),
    "has the id that Automerge gives it": isDeepStrictEqual(heads, [toHex(change.hash)]),
    "passes the gate, in full and as a first change":
      passes(gate(change, { history: new DocumentHistory(), actor })) && passes(gateFirst(change, actor)),
    "is left to Automerge only where it gives objects of its own": (read === null) === isWrapped(data),
    "is read as Automerge reads it": read === null || areSame(plain(read), shown),
  };
  return Object.entries(holds).flatMap(([what, is]) => (is ? [] : [`document ${seed}: not "${what}"`]));
}

test(`the codec of first changes agrees with Automerge, and leaves the rest to it, for ${DOCUMENTS} random documents`, {
  timeout: DOCUMENTS * 100,
}, () => {
  const counts = { left: 0 };
  const wrong: string[] = [];
  for (let at = 0; at < DOCUMENTS && wrong.length < 5; at++) wrong.push(...wrongWith(SEED + at, counts));
  expect(wrong).toEqual([]);
  expect(counts.left).toBeGreaterThan(DOCUMENTS / 50);
  expect(counts.left).toBeLessThan(DOCUMENTS / 1.5);
});

test("what anything else wrote is read as Automerge reads it, or left to it", { timeout: DOCUMENTS * 100 }, () => {
  let read = 0;
  const wrong: number[] = [];
  const histories = DOCUMENTS / 3;
  for (let seed = SEED; seed < SEED + histories; seed++) {
    const [bytes] = randomHistory(seed, { actors: [alice], steps: 1 }).changes;
    const data = bytes === undefined ? null : readFirstChange(parse(bytes));
    if (bytes === undefined || data === null) continue;
    read++;
    if (!areSame(plain(data), loaded(bytes).shown)) wrong.push(seed);
  }
  expect(wrong).toEqual([]);
  expect(read).toBeGreaterThan(histories / 5);
});
