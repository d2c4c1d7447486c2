import { portableCrypto } from "@selkie/crypto";
import { nativeCrypto } from "@selkie/crypto/native";
import { identifyEntry, toHex } from "@selkie/entry";
import { describe, expect, test } from "vitest";
import { KeyRing } from "../../src/keys/key-ring.ts";
import type { KeyVersion } from "../../src/keys/key-version.ts";
import { isMerged, mergeVersions } from "../../src/keys/merged-version.ts";
import { openEntries } from "../../src/sealing/open-entry.ts";
import { sealEntry } from "../../src/sealing/seal-entry.ts";
import { directoryDatabase, heard, pattern, say, testKey, testPlace, testRing, trusted } from "../fixture.ts";

const crypto = nativeCrypto;
const versionsOf = (name: string, count: number): Promise<readonly KeyVersion[]> =>
  Promise.all(Array.from({ length: count }, (_, at) => testKey(crypto, name, at + 1)));

test("merging is the same in any order and on any provider", async () => {
  const versions = await versionsOf("board", 3);
  const portable = portableCrypto({ random: (length) => pattern("random", length) });
  const merged = await mergeVersions(crypto, versions);
  expect(await mergeVersions(crypto, versions.toReversed())).toMatchObject({
    version: merged.version,
    contentBytes: merged.contentBytes,
  });
  expect((await mergeVersions(portable, versions)).contentBytes).toEqual(merged.contentBytes);
  expect(merged.historyBytes).toBeNull();
  expect(merged.parts.map(({ version }) => toHex(version))).toEqual(
    versions.map(({ version }) => toHex(version)).sort(),
  );
});

test("another secret, version, key or number of versions makes another secret", async () => {
  const versions = await versionsOf("board", 3);
  const [first, ...more] = versions;
  if (first === undefined) return expect.fail("three versions");
  const sets = [
    versions,
    more,
    [{ ...first, contentBytes: pattern("another", 32) }, ...more],
    [{ ...first, version: pattern("another", 32) }, ...more],
    versions.map((version) => ({ ...version, keyId: pattern("another", 16) })),
  ];
  const made = await Promise.all(sets.map(async (set) => toHex((await mergeVersions(crypto, set)).contentBytes)));
  expect(new Set(made).size).toBe(sets.length);
});

describe("an entry under a merged version", () => {
  const sealed = async (key: KeyVersion, other: KeyVersion) =>
    trusted(
      await sealEntry(crypto, await testPlace(crypto), [
        { kind: "change", key: other, plaintext: say("beside") },
        { kind: "change", key, plaintext: say("merged") },
        { kind: "change", key, plaintext: say("merged too") },
      ]),
    );

  test("opens for who holds every part, and for nobody else", async () => {
    const versions = await versionsOf("board", 3);
    const other = await testKey(crypto, "default");
    const entry = await sealed(await mergeVersions(crypto, versions), other);
    expect(entry.table.length).toBe(4);
    const [all] = await openEntries(crypto, testRing(crypto, other, ...versions), [entry]);
    expect(all?.map((part) => (part.type === "opened" ? heard(part.plaintext) : part.type))).toEqual([
      "beside",
      "merged",
      "merged too",
    ]);
    for (const lost of versions) {
      const held = versions.filter((version) => version !== lost);
      const ring = testRing(crypto, other, ...held);
      const [parts] = await openEntries(crypto, ring, [entry]);
      const tag = await ring.tag(lost, entry.header.database);
      expect(parts?.slice(1)).toEqual([
        { type: "no-key", index: 1, tag },
        { type: "no-key", index: 2, tag },
      ]);
    }
  });

  test("is found again beside entries with the same table", async () => {
    const [a, b] = await versionsOf("board", 2);
    if (!a || !b) return expect.fail("two versions");
    const [low, high] = toHex(a.version) < toHex(b.version) ? [a, b] : [b, a];
    const place = await testPlace(crypto);
    const merged = await mergeVersions(crypto, [a, b]);
    const entries = await Promise.all([
      sealEntry(crypto, place, [
        { kind: "change", key: low, plaintext: say("low") },
        { kind: "change", key: high, plaintext: say("high") },
      ]),
      sealEntry(crypto, place, [{ kind: "change", key: merged, plaintext: say("merged") }]),
    ]);
    for (const order of [entries, entries.toReversed()]) {
      const opened = await openEntries(crypto, testRing(crypto, a, b), order.map(trusted));
      expect(opened.flat().map(({ type }) => type)).toEqual(["opened", "opened", "opened"]);
    }
  });

  test("opens under nothing when its table says another set, or another order", async () => {
    const versions = await versionsOf("board", 3);
    const other = await testKey(crypto, "default");
    const entry = await sealed(await mergeVersions(crypto, versions), other);
    const [first, a, b, c] = entry.table;
    if (!first || !a || !b || !c) return expect.fail("four tags");
    for (const table of [
      [first, a, b],
      [first, a, c, b],
      [first, b, c, a],
      [first, a, b, c, first],
    ]) {
      const { header, parts } = entry;
      const moved = trusted(identifyEntry(crypto, { header, table, parts, signature: null }));
      const [opened] = await openEntries(crypto, testRing(crypto, other, ...versions), [moved]);
      expect(opened?.slice(1).map(({ type }) => type)).toEqual(["undecryptable", "undecryptable"]);
    }
  });
});

describe("current", () => {
  const ringWith = (...keys: readonly KeyVersion[]): KeyRing => {
    const ring = new KeyRing(crypto, directoryDatabase);
    for (const key of keys) ring.add(key);
    return ring;
  };

  test("follows the versions that the directory calls current, whatever came last", async () => {
    const [a, b] = await versionsOf("board", 2);
    if (!a || !b) return expect.fail("two versions");
    const ring = ringWith(a, b);
    expect(ring.current(a.keyId)).toBeUndefined();
    await ring.follow([{ keyId: a.keyId, current: [a.version] }]);
    expect(ring.current(a.keyId)).toBe(a);
    await ring.follow([{ keyId: a.keyId, current: [a.version, b.version] }]);
    const merged = ring.current(a.keyId);
    expect(merged && isMerged(merged) && merged.parts.length).toBe(2);
    await ring.follow([{ keyId: a.keyId, current: [b.version] }]);
    expect(ring.current(a.keyId)).toBe(b);
    await ring.follow([]);
    expect(ring.current(a.keyId)).toBeUndefined();
  });

  test("is nothing while one of the current versions is missing or unconfirmed", async () => {
    const [a, b] = await versionsOf("board", 2);
    if (!a || !b) return expect.fail("two versions");
    const ring = ringWith(a);
    const key = { keyId: a.keyId, current: [a.version, b.version] };
    await ring.follow([key]);
    expect(ring.current(a.keyId)).toBeUndefined();
    ring.add(b, "unconfirmed");
    await ring.follow([key]);
    expect(ring.current(a.keyId)).toBeUndefined();
    ring.confirm(b);
    await ring.follow([key]);
    expect(ring.current(a.keyId)).toBeDefined();
  });

  test("of more versions than a table names is nothing: somebody rotates first", async () => {
    const versions = await versionsOf("board", 65);
    const ring = ringWith(...versions);
    const [first] = versions;
    if (first === undefined) return expect.fail("versions");
    const current = versions.map(({ version }) => version);
    await ring.follow([{ keyId: first.keyId, current }]);
    expect(ring.current(first.keyId)).toBeUndefined();
    await ring.follow([{ keyId: first.keyId, current: current.slice(1) }]);
    expect(ring.current(first.keyId)).toBeDefined();
  });
});
