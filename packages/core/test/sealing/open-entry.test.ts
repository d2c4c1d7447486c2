import { nativeCrypto } from "@selkie/crypto/native";
import {
  type Entry,
  holeOf,
  type IdentifiedEntry,
  identifyEntry,
  type Part,
  parseCiphertext,
  type VerifiedEntry,
} from "@selkie/entry";
import { describe, expect, test } from "vitest";
import { type OpenedPart, openEntries } from "../../src/sealing/open-entry.ts";
import { type PartDraft, sealEntry } from "../../src/sealing/seal-entry.ts";
import { heard, otherDatabase, pattern, say, testKey, testPlace, testRing, trusted } from "../fixture.ts";

const crypto = nativeCrypto;
const texts = (parts: readonly OpenedPart[] | undefined): (string | null)[] =>
  (parts ?? []).map((part) => (part.type === "opened" ? heard(part.plaintext) : null));

/** The entry with some of its parts replaced; its id is another then. */
function withParts(entry: IdentifiedEntry, replace: (part: Part, index: number) => Part): VerifiedEntry {
  const { header, table } = entry;
  const changed: Entry = { header, table, parts: entry.parts.map(replace), signature: null };
  return trusted(identifyEntry(crypto, changed));
}

async function sealChanges(count: number, change = {}): Promise<IdentifiedEntry> {
  const key = await testKey(crypto, "default");
  const drafts = Array.from(
    { length: count },
    (_, at): PartDraft => ({ kind: "change", key, plaintext: say(`${at}`) }),
  );
  return sealEntry(crypto, await testPlace(crypto, change), drafts);
}

test("opens 100 parts of one key, in order", async () => {
  const key = await testKey(crypto, "default");
  const [opened] = await openEntries(crypto, testRing(crypto, key), [trusted(await sealChanges(100))]);
  expect(texts(opened)).toEqual(Array.from({ length: 100 }, (_, at) => `${at}`));
  expect(opened?.map(({ index }) => index)).toEqual(Array.from({ length: 100 }, (_, at) => at));
  expect(opened?.every((part) => part.type === "opened" && part.kind === "change" && part.key === key)).toBe(true);
});

test("opens many entries of several databases and tables in one call, each with its own keys", async () => {
  const [a, b] = [await testKey(crypto, "a"), await testKey(crypto, "b")];
  const seal = async (keys: (typeof a)[], change = {}) =>
    trusted(
      await sealEntry(
        crypto,
        await testPlace(crypto, change),
        keys.map((key): PartDraft => ({ kind: "change", key, plaintext: say(key.name) })),
      ),
    );
  const entries = [
    await seal([a]),
    await seal([a], { seq: 8 }),
    await seal([a, b], { seq: 9 }),
    await seal([b, a], { seq: 10 }),
    await seal([b], { database: otherDatabase }),
    await seal([b], { seq: 11 }),
  ];
  const opened = await openEntries(crypto, testRing(crypto, a, b), entries);
  expect(opened.map(texts)).toEqual([["a"], ["a"], ["a", "b"], ["b", "a"], ["b"], ["b"]]);
});

describe("what cannot be opened is said, part by part", () => {
  test("D8 a part that does not open stops neither the parts nor the entries after it", async () => {
    const key = await testKey(crypto, "default");
    const honest = await sealChanges(3);
    const garbage = parseCiphertext(pattern("garbage", 144));
    const damaged = withParts(honest, (part, at) =>
      at === 1 ? { ...part, type: "sealed", ciphertext: garbage } : part,
    );
    const opened = await openEntries(crypto, testRing(crypto, key), [damaged, trusted(honest)]);
    expect(texts(opened[0])).toEqual(["0", null, "2"]);
    expect(opened[0]?.[1]).toEqual({ type: "undecryptable", index: 1 });
    expect(texts(opened[1])).toEqual(["0", "1", "2"]);
  });

  test("D8 B1 no flipped bit of a ciphertext opens", async () => {
    const key = await testKey(crypto, "default");
    const ring = testRing(crypto, key);
    const honest = await sealChanges(1);
    const [part] = honest.parts;
    if (part?.type !== "sealed") return expect.fail("a sealed part");
    const flipped = Array.from({ length: part.ciphertext.length * 8 }, (_, bit) => {
      const bytes = part.ciphertext.slice();
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      return withParts(honest, () => ({ ...part, ciphertext: parseCiphertext(bytes) }));
    });
    const opened = await openEntries(crypto, ring, flipped);
    expect(opened.every(([only]) => only?.type === "undecryptable")).toBe(true);
  });

  test("a key this device does not hold is named by its tag, so that the part can be opened later", async () => {
    const entry = trusted(await sealChanges(2));
    const [tag] = entry.table;
    const [opened] = await openEntries(crypto, testRing(crypto, await testKey(crypto, "other")), [entry]);
    expect(opened).toEqual([
      { type: "no-key", index: 0, tag },
      { type: "no-key", index: 1, tag },
    ]);
  });

  test("a hole is a hole, whether its key is held or not", async () => {
    const honest = await sealChanges(2);
    const purged = withParts(honest, (part, at) => (at === 0 ? holeOf(crypto, part) : part));
    expect(purged.id).toEqual(honest.id);
    const [opened] = await openEntries(crypto, testRing(crypto, await testKey(crypto, "default")), [purged]);
    expect(opened?.[0]).toEqual({ type: "hole", index: 0 });
    expect(texts(opened)).toEqual([null, "1"]);
    const [closed] = await openEntries(crypto, testRing(crypto), [purged]);
    expect(closed?.map(({ type }) => type)).toEqual(["hole", "no-key"]);
  });
});

test("opens only the kinds it is asked for", async () => {
  const key = await testKey(crypto, "default");
  const directory = await testKey(crypto, "directory");
  const entry = trusted(
    await sealEntry(crypto, await testPlace(crypto), [
      { kind: "control", key: directory, plaintext: say("control") },
      { kind: "change", key, plaintext: say("change") },
    ]),
  );
  const ring = testRing(crypto, key, directory);
  const [control] = await openEntries(crypto, ring, [entry], ["control"]);
  expect(texts(control)).toEqual(["control"]);
  const [change] = await openEntries(crypto, ring, [entry], ["change"]);
  expect(change?.map(({ index }) => index)).toEqual([1]);
  expect(texts(change)).toEqual(["change"]);
});
