import { CryptoError, portableCrypto } from "@selkie/crypto";
import { nativeCrypto } from "@selkie/crypto/native";
import { parseWriterKey, toHex } from "@selkie/entry";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  commitmentOf,
  disposeKeyVersion,
  historyHash,
  keyIdOf,
  newKeyId,
  newKeyVersion,
  openKeyVersion,
  placeKeysOf,
} from "../../src/keys/key-version.ts";
import { codeOfAsync } from "../codes.ts";
import { otherDatabase, pattern, repeatableCrypto, testDatabase, testKey } from "../fixture.ts";

const crypto = nativeCrypto;
const portable = portableCrypto({ random: (length) => pattern("random", length) });
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

describe("the commitment", () => {
  test("is another whenever the key id or one of the secrets is", () => {
    fc.assert(
      fc.property(bytes(16), bytes(32), bytes(32), fc.nat(79), (keyId, content, history, at) => {
        const commit = (id: Uint8Array, one: Uint8Array, two: Uint8Array) =>
          toHex(commitmentOf(crypto, id, one, historyHash(crypto, two)));
        const all = Uint8Array.from([...keyId, ...content, ...history]);
        all[at] = (all[at] ?? 0) ^ 1;
        const changed = commit(all.slice(0, 16), all.slice(16, 48), all.slice(48));
        expect(changed).not.toBe(commit(keyId, content, history));
      }),
    );
  });

  test("is the same on every provider", async () => {
    const [one, two] = await Promise.all([crypto, portable].map((provider) => testKey(provider, "default")));
    expect(one?.version).toEqual(two?.version);
  });
});

describe("openKeyVersion", () => {
  const secrets = async () => {
    const { keyId, name, version, contentBytes, historyBytes } = await testKey(crypto, "board");
    return { keyId, name, version, content: contentBytes, history: historyBytes };
  };

  test("makes of secrets what they were made of", async () => {
    const opened = await openKeyVersion(crypto, await secrets());
    const made = await testKey(crypto, "board");
    expect(toHex((await placeKeysOf(crypto, opened, testDatabase)).tag)).toBe(
      toHex((await placeKeysOf(crypto, made, testDatabase)).tag),
    );
    expect({ ...opened, content: null }).toEqual({ ...made, content: null });
  });

  test.each(["keyId", "version", "content", "history"] as const)(
    "A1 opening refuses a version whose %s is another's",
    async (field) => {
      const honest = await secrets();
      const forged = { ...honest, [field]: pattern("another", honest[field]?.length ?? 32) };
      expect(await codeOfAsync(() => openKeyVersion(crypto, forged))).toBe("KEY_UNAUTHENTIC");
    },
  );

  test("does without the history secret, which a from-now permit does not give", async () => {
    const opened = await openKeyVersion(crypto, { ...(await secrets()), history: null });
    expect(opened.historyBytes).toBeNull();
  });

  test("keeps bytes of its own, so that the giver can overwrite theirs", async () => {
    const given = await secrets();
    const opened = await openKeyVersion(crypto, given);
    given.content.fill(0);
    given.history?.fill(0);
    expect(opened.contentBytes).toEqual(pattern("content of board", 32));
    expect(opened.historyBytes).toEqual(pattern("history of board", 32));
  });
});

describe("tags", () => {
  test("E3 key tags are others in every database and for every version: a relay cannot link them", async () => {
    const [a, b] = [await testKey(crypto, "a"), await testKey(crypto, "b")];
    const tags = await Promise.all(
      [a, b].flatMap((key) => [testDatabase, otherDatabase].map((database) => placeKeysOf(crypto, key, database))),
    );
    expect(new Set(tags.map(({ tag }) => toHex(tag))).size).toBe(4);
  });

  test("tags are derived once", async () => {
    const key = await testKey(crypto, "a");
    expect(await placeKeysOf(crypto, key, testDatabase)).toBe(await placeKeysOf(crypto, key, testDatabase));
  });
});

test("newKeyVersion draws both secrets and commits to them", async () => {
  const seeded = repeatableCrypto("new key");
  const made = await newKeyVersion(seeded, "board", pattern("key id", 16));
  expect(made.contentBytes).not.toEqual(made.historyBytes);
  expect(made.historyBytes).not.toBeNull();
  expect(made.version).toEqual(
    commitmentOf(crypto, made.keyId, made.contentBytes, historyHash(crypto, made.historyBytes ?? new Uint8Array())),
  );
  expect((await newKeyVersion(seeded, "board", made.keyId)).version).not.toEqual(made.version);
});

test("A3 a key id belongs to the writer that drew its nonce", () => {
  const writer = parseWriterKey(pattern("writer", 32));
  const { nonce, keyId } = newKeyId(crypto, writer);
  expect(keyIdOf(crypto, writer, nonce)).toEqual(keyId);
  expect(keyIdOf(crypto, parseWriterKey(pattern("thief", 32)), nonce)).not.toEqual(keyId);
});

test("a disposed version holds no secret and seals nothing", async () => {
  const key = await testKey(crypto, "board");
  const { salt } = await placeKeysOf(crypto, key, testDatabase);
  disposeKeyVersion(key);
  expect(key.contentBytes).toEqual(new Uint8Array(32));
  expect(key.historyBytes).toEqual(new Uint8Array(32));
  await expect(placeKeysOf(crypto, key, testDatabase)).rejects.toThrow(CryptoError);
  await expect(crypto.macMany(salt, "mac-salt", [])).rejects.toThrow(CryptoError);
});
