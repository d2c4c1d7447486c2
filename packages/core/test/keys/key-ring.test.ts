import { nativeCrypto } from "@selkie/crypto/native";
import { headerPrefixHash, identifyEntry, parseCiphertext, parseKeyTag, partKind, toHex } from "@selkie/entry";
import { describe, expect, test } from "vitest";
import { KeyRing } from "../../src/keys/key-ring.ts";
import type { KeyVersion } from "../../src/keys/key-version.ts";
import { sealLink, type VersionLink } from "../../src/keys/version-link.ts";
import { openEntries } from "../../src/sealing/open-entry.ts";
import { deriveEntryKey, partAad } from "../../src/sealing/part-cipher.ts";
import { sealEntry } from "../../src/sealing/seal-entry.ts";
import { directoryDatabase, otherDatabase, say, testDatabase, testKey, testPlace, trusted } from "../fixture.ts";

const crypto = nativeCrypto;
const newRing = () => new KeyRing(crypto, directoryDatabase);

test("finds a version by its tag in a database, also when it was added after the first look", async () => {
  const [a, b] = [await testKey(crypto, "a"), await testKey(crypto, "b")];
  const ring = newRing();
  ring.add(a);
  const [tagOfA, tagOfB] = [await ring.tag(a, testDatabase), await ring.tag(b, testDatabase)];
  expect(await ring.find(testDatabase, tagOfA)).toBe(a);
  expect(await ring.find(testDatabase, tagOfB)).toBeUndefined();
  ring.add(b);
  expect(await ring.find(testDatabase, tagOfB)).toBe(b);
  expect(await ring.findHex(testDatabase, toHex(tagOfB))).toBe(b);
  expect(await ring.find(otherDatabase, tagOfB)).toBeUndefined();
  expect(await ring.find(testDatabase, parseKeyTag(new Uint8Array(16)))).toBeUndefined();
});

test("lookups that overlap with an addition all find what they should", async () => {
  const keys = await Promise.all(["a", "b", "c", "d"].map((name) => testKey(crypto, name)));
  const ring = newRing();
  const found = await Promise.all(
    keys.flatMap((key) => {
      ring.add(key);
      return [ring.tag(key, testDatabase).then((tag) => ring.find(testDatabase, tag))];
    }),
  );
  expect(found).toEqual(keys);
});

describe("adding a version again", () => {
  const withoutHistory = (key: KeyVersion): KeyVersion => ({ ...key, historyBytes: null });

  test("is nothing new, unless it brings the history secret", async () => {
    const key = await testKey(crypto, "a");
    const ring = newRing();
    expect(ring.add(withoutHistory(key))).toBe(true);
    expect(ring.add(withoutHistory(key))).toBe(false);
    expect(ring.add(key)).toBe(true);
    expect(ring.add(withoutHistory(key))).toBe(false);
    expect(ring.confirmed()).toEqual([key]);
    expect(await ring.find(testDatabase, await ring.tag(key, testDatabase))).toBe(key);
  });

  test("A1 a ring never takes a confirmation back, and an unconfirmed history secret comes with no other", async () => {
    const key = await testKey(crypto, "a");
    const ring = newRing();
    ring.add(withoutHistory(key), "confirmed");
    expect(ring.add(key, "unconfirmed")).toBe(true);
    expect(ring.confirmed()).toEqual([key]);
    expect(ring.unconfirmed()).toEqual([]);
  });
});

describe("an unconfirmed version", () => {
  test("A1 an unconfirmed version opens the directory and nothing else, and is not sealed under", async () => {
    const key = await testKey(crypto, "from a permit");
    const ring = newRing();
    ring.add(key, "unconfirmed");
    expect(ring.current(key.keyId)).toBeUndefined();
    expect(ring.confirmed()).toEqual([]);
    const drafts = [{ kind: "change" as const, key, plaintext: say("text") }];
    const document = trusted(await sealEntry(crypto, await testPlace(crypto), drafts));
    const statement = trusted(
      await sealEntry(crypto, await testPlace(crypto, { database: directoryDatabase }), drafts),
    );
    const opened = async () => (await openEntries(crypto, ring, [document, statement])).map(([part]) => part?.type);
    expect(await opened()).toEqual(["no-key", "opened"]);
    ring.confirm(key);
    expect(await opened()).toEqual(["opened", "opened"]);
    await ring.follow([{ keyId: key.keyId, current: [key.version] }]);
    expect(ring.current(key.keyId)).toBe(key);
  });

  test("A1 an unconfirmed version does not open a part of another database that somebody tagged as the directory's", async () => {
    const key = await testKey(crypto, "from a permit");
    const ring = newRing();
    ring.add(key, "unconfirmed");
    const tag = await ring.tag(key, directoryDatabase);
    const drafts = [{ kind: "change" as const, key, plaintext: say("text") }];
    const statement = trusted(
      await sealEntry(crypto, await testPlace(crypto, { database: directoryDatabase }), drafts),
    );
    // Sealed by who knows the content secret, for this very tag, in a database of documents.
    const { header } = await sealEntry(crypto, await testPlace(crypto), drafts);
    const at = { tag, salt: header.salt, prefixHash: headerPrefixHash(crypto, header) };
    const entryKey = await deriveEntryKey(crypto, key.content, at);
    const aad = partAad(partKind.change, 0);
    const [ciphertext] = await crypto.sealMany(entryKey, [{ nonce: 0, aad, plaintext: say("text") }]);
    if (ciphertext === undefined) return expect.fail("a ciphertext");
    const parts = [{ type: "sealed" as const, kind: partKind.change, table: 0, ciphertext }];
    const forged = trusted(identifyEntry(crypto, { header, table: [tag], parts, signature: null }));
    const opened = await openEntries(crypto, ring, [statement, forged]);
    expect(opened.map(([part]) => part?.type)).toEqual(["opened", "no-key"]);
  });

  test("A1 an unconfirmed version is forgotten and overwritten when the directory does not name it", async () => {
    const key = await testKey(crypto, "forged");
    const ring = newRing();
    ring.add(key, "unconfirmed");
    const tag = await ring.tag(key, directoryDatabase);
    ring.remove(key);
    expect(ring.unconfirmed()).toEqual([]);
    expect(await ring.find(directoryDatabase, tag)).toBeUndefined();
    expect(key.contentBytes).toEqual(new Uint8Array(32));
  });

  test("A1 a version cannot be confirmed into a ring that does not hold it", async () => {
    const ring = newRing();
    ring.confirm(await testKey(crypto, "elsewhere"));
    expect(ring.confirmed()).toEqual([]);
  });
});

describe("history", () => {
  const versions = (count: number) =>
    Promise.all(Array.from({ length: count }, (_, at) => testKey(crypto, "board", at + 1)));
  const chain = async (keys: readonly KeyVersion[]): Promise<readonly VersionLink[]> => {
    const links: VersionLink[] = [];
    for (const [at, key] of keys.entries()) {
      const next = keys[at + 1];
      if (next === undefined) break;
      links.push({ keyId: next.keyId, from: next.version, ...(await sealLink(crypto, next, key)) });
    }
    return links;
  };

  test("opens through links from one version, in whatever order they lie", async () => {
    const keys = await versions(5);
    const links = await chain(keys);
    for (const order of [links, links.toReversed()]) {
      const ring = newRing();
      const last = keys[4] ?? expect.fail("five versions");
      ring.add(last);
      expect(await ring.openHistory(order)).toBe(true);
      const opened = keys.slice(0, 4).map(({ version }) => toHex(version));
      expect(
        ring
          .unconfirmed()
          .map(({ version }) => toHex(version))
          .sort(),
      ).toEqual(opened.sort());
      expect(await ring.openHistory(order)).toBe(false);
    }
  });

  test("stays closed to who has the content secret alone, and beyond a forged link", async () => {
    const keys = await versions(3);
    const links = await chain(keys);
    const last = keys[2] ?? expect.fail("three versions");
    const fromNow = newRing();
    fromNow.add({ ...last, historyBytes: null });
    expect(await fromNow.openHistory(links)).toBe(false);
    const full = newRing();
    full.add(last);
    const forged = links.map((link) => ({
      ...link,
      sealed: parseCiphertext(link.sealed.with(0, (link.sealed[0] ?? 0) ^ 1)),
    }));
    expect(await full.openHistory(forged)).toBe(false);
    expect(await full.openHistory([...forged, ...links])).toBe(true);
  });

  test("A1 what a link gives is unconfirmed, whatever opened it", async () => {
    const keys = await versions(2);
    const ring = newRing();
    ring.add(keys[1] ?? expect.fail("two versions"));
    await ring.openHistory(await chain(keys));
    expect(ring.unconfirmed().length).toBe(1);
    expect(ring.confirmed()).toEqual([keys[1]]);
  });

  test("brings the history secret of a version that was given from now on", async () => {
    const keys = await versions(2);
    const [first, second] = keys;
    if (!first || !second) return expect.fail("two versions");
    const ring = newRing();
    ring.add({ ...first, historyBytes: null });
    ring.add(second);
    expect(await ring.openHistory(await chain(keys))).toBe(true);
    expect(ring.confirmed().every(({ historyBytes }) => historyBytes !== null)).toBe(true);
  });
});

test("a disposed ring holds nothing", async () => {
  const key = await testKey(crypto, "a");
  const ring = newRing();
  ring.add(key);
  ring[Symbol.dispose]();
  expect(ring.confirmed()).toEqual([]);
  expect(key.contentBytes).toEqual(new Uint8Array(32));
});
