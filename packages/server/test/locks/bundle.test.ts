import { beforeAll, describe, expect, test } from "vitest";
import { filesOfRelayBundle, forbiddenAmong } from "./blindness.ts";

describe("the bundle of the relay program", () => {
  let files: readonly string[];
  beforeAll(async () => {
    files = await filesOfRelayBundle(null);
  });

  test("holds the server, the store and the protocol", () => {
    for (const part of ["packages/server/", "packages/store-sqlite/", "packages/sync-protocol/", "packages/entry/"]) {
      expect(files.some((file) => file.startsWith(part))).toBe(true);
    }
  });

  test("holds nothing that decrypts, derives keys or loads a document", () => {
    expect(forbiddenAmong(files)).toEqual([]);
  });
});

describe("the check of the bundle fails when the server", () => {
  const leaks = [
    ["the crypto package", "packages/core", "@selkie/crypto", "crypto"],
    ["the keybag package", "packages/core", "@selkie/keybag", "keybag"],
    ["the core package", "packages/client", "@selkie/core", "core"],
    ["the client package", "apps/demo", "@selkie/client", "client"],
    ["an AEAD", "packages/crypto", "@noble/ciphers/aes.js", "@noble/ciphers"],
    ["a KEM", "packages/crypto", "@noble/post-quantum/ml-kem.js", "@noble/post-quantum"],
    ["a password KDF", "packages/crypto", "hash-wasm", "hash-wasm"],
    ["Automerge", "packages/core", "@automerge/automerge/slim", "@automerge"],
  ] as const;

  test.each(leaks)("imports %s", async (_what, from, module, name) => {
    const files = await filesOfRelayBundle({ from, code: `export * from "${module}";` });
    expect(forbiddenAmong(files)).toContain(name);
  });
});
