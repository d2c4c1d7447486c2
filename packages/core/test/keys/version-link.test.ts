import { nativeCrypto } from "@selkie/crypto/native";
import { parseCiphertext } from "@selkie/entry";
import { describe, expect, test } from "vitest";
import type { KeyVersion } from "../../src/keys/key-version.ts";
import { linkBytes, openLink, sealLink } from "../../src/keys/version-link.ts";
import { codeOfAsync } from "../codes.ts";
import { pattern, testKey } from "../fixture.ts";

const crypto = nativeCrypto;

/** Two versions of one key. */
async function versions(): Promise<readonly [KeyVersion, KeyVersion]> {
  return [await testKey(crypto, "board", 1), await testKey(crypto, "board", 2)];
}
const historyOf = (key: KeyVersion) => key.historyBytes ?? expect.fail("a history secret");

async function linked() {
  const [first, second] = await versions();
  const sealed = await sealLink(crypto, second, first);
  return { first, second, link: { keyId: second.keyId, from: second.version, ...sealed } };
}

test("the history secret of a version opens its predecessor, both secrets of it", async () => {
  const { first, second, link } = await linked();
  expect(link.sealed.length).toBe(linkBytes);
  const opened = await openLink(crypto, link, historyOf(second));
  expect(opened).toEqual({
    keyId: first.keyId,
    name: "",
    version: first.version,
    content: first.contentBytes,
    history: first.historyBytes,
  });
});

test("sealing twice gives the same bytes", async () => {
  const [first, second] = await versions();
  expect(await sealLink(crypto, second, first)).toEqual(await sealLink(crypto, second, first));
});

test("the content secret of a version opens no predecessor", async () => {
  const { second, link } = await linked();
  expect(await openLink(crypto, link, second.contentBytes)).toBeNull();
});

describe("A1 a link opens nothing", () => {
  test.each(["keyId", "from", "version", "sealed"] as const)("with another %s", async (field) => {
    const { second, link } = await linked();
    for (let at = 0; at < link[field].length; at += 7) {
      const forged = { ...link, [field]: link[field].with(at, (link[field][at] ?? 0) ^ 1) };
      expect(await openLink(crypto, forged, historyOf(second))).toBeNull();
    }
  });

  test("cut short or lengthened", async () => {
    const { second, link } = await linked();
    for (const sealed of [link.sealed.subarray(1), Uint8Array.from([...link.sealed, 0])]) {
      expect(await openLink(crypto, { ...link, sealed: parseCiphertext(sealed) }, historyOf(second))).toBeNull();
    }
  });

  test("A10 whose maker sealed other secrets than those of the version it names", async () => {
    const [first, second] = await versions();
    for (const forged of [
      { ...first, contentBytes: pattern("chosen", 32) },
      { ...first, historyBytes: pattern("chosen", 32) },
    ]) {
      const sealed = await sealLink(crypto, second, forged);
      const link = { keyId: second.keyId, from: second.version, ...sealed };
      expect(await openLink(crypto, link, historyOf(second))).toBeNull();
    }
  });
});

test("who was given a key from now on links nothing, under it or to it", async () => {
  const [first, second] = await versions();
  const fromNow = { ...first, historyBytes: null };
  expect(await codeOfAsync(() => sealLink(crypto, second, fromNow))).toBe("KEY_WITHHELD");
  expect(await codeOfAsync(() => sealLink(crypto, fromNow, second))).toBe("KEY_WITHHELD");
});
