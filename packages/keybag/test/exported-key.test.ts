import { nativeCrypto } from "@selkie/crypto/native";
import { toHex } from "@selkie/entry";
import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeExportedKey } from "../src/exported-key.ts";
import { KeyBag, KeyBagError } from "../src/index.ts";
import { bytes, codeOf, countingCrypto, floor, keyVersion } from "./samples.ts";

const kdf = floor;
const board = keyVersion("board");
const tenant = toHex(board.tenant);

async function exported(): Promise<string> {
  using bag = await KeyBag.create("password", { kdf });
  await bag.addKeyVersions([board, keyVersion("board", 2), keyVersion("default")]);
  return bag.exportKey(tenant, "board", "travel");
}

test("an exported key is a URI-safe text that another KeyBag imports, all versions of that key only", async () => {
  const text = await exported();
  expect(text).toMatch(/^selkie-key:1:[A-Za-z0-9_-]+$/);
  using bag = await KeyBag.create("password", { kdf });
  await bag.importKey(text, "travel");
  await bag.importKey(text, "travel");
  using again = await KeyBag.open(bag.save(), "password");
  expect(again.keyVersions(board.tenant)).toEqual(
    [board, keyVersion("board", 2)].map((held) => ({ ...held, imported: true })),
  );
});

test("P-8 a wrong password imports nothing", async () => {
  using bag = await KeyBag.create("password", { kdf });
  const saved = bag.save();
  expect(await codeOf(bag.importKey(await exported(), "wrong"))).toBe("WRONG_PASSWORD");
  expect(bag.save()).toEqual(saved);
});

test("a key that is not held is not exported", async () => {
  using bag = await KeyBag.create("password", { kdf });
  expect(await codeOf(bag.exportKey(tenant, "board", "travel"))).toBe("KEY_UNKNOWN");
});

test("damage to any character is refused before deriving", async () => {
  const text = await exported();
  const crypto = countingCrypto();
  using bag = await KeyBag.create("password", { kdf, crypto });
  const saved = bag.save();
  const before = crypto.derivations();
  for (let index = 0; index < text.length; index++) {
    const character = text.charAt(index) === "A" ? "B" : "A";
    const damaged = text.slice(0, index) + character + text.slice(index + 1);
    const expected =
      index >= "selkie-key:".length && index < "selkie-key:1:".length ? "UNSUPPORTED_VERSION" : "DAMAGED";
    expect(await codeOf(bag.importKey(damaged, "travel")), `character ${index}`).toBe(expected);
    expect(await codeOf(bag.importKey(text.slice(0, index), "travel")), `cut at ${index}`).toMatch(
      /^(DAMAGED|UNSUPPORTED_VERSION)$/,
    );
  }
  expect(crypto.derivations()).toBe(before);
  expect(bag.save()).toEqual(saved);
});

test("A5 an exported key with a changed algorithm or cost is refused before deriving", async () => {
  const raw = Buffer.from((await exported()).slice("selkie-key:1:".length), "base64url");
  const crypto = countingCrypto();
  using bag = await KeyBag.create("password", { kdf, crypto });
  const before = crypto.derivations();
  const forge = (offset: number, value: number): string => forged(raw, (copy) => copy.writeUInt8(value, offset));
  expect(await codeOf(bag.importKey(forge(0, 0), "travel"))).toBe("UNSUPPORTED_VERSION");
  expect(await codeOf(bag.importKey(forge(1, 2), "travel"))).toBe("KDF_PARAMETERS");
  expect(await codeOf(bag.importKey(forge(6, 1), "travel"))).toBe("KDF_PARAMETERS");
  expect(
    await codeOf(
      bag.importKey(
        forged(raw, (copy) => copy.writeUInt32BE(8, 2)),
        "travel",
      ),
    ),
  ).toBe("KDF_PARAMETERS");
  expect(
    await codeOf(
      bag.importKey(
        forged(raw, (copy) => copy.writeUInt32BE(4_194_304, 2)),
        "travel",
      ),
    ),
  ).toBe("KDF_PARAMETERS");
  expect(crypto.derivations()).toBe(before);
});

test("every byte of an exported key's box is authenticated", async () => {
  const raw = Buffer.from((await exported()).slice("selkie-key:1:".length), "base64url");
  const crypto = countingCrypto();
  using bag = await KeyBag.create("password", { kdf, crypto });
  const saved = bag.save();
  for (let offset = 24; offset < raw.length - 8; offset++) {
    const text = forged(raw, (copy) => copy.writeUInt8((copy[offset] ?? 0) ^ 1, offset));
    expect(await codeOf(bag.importKey(text, "travel")), `byte ${offset}`).toBe("WRONG_PASSWORD");
  }
  expect(bag.save()).toEqual(saved);
});

test("an import never replaces what the KeyBag holds", async () => {
  using mine = await KeyBag.create("password", { kdf });
  await mine.addKeyVersions([{ ...board, content: bytes("other") }]);
  const saved = mine.save();
  expect(await codeOf(mine.importKey(await exported(), "travel"))).toBe("KEY_EXISTS_DIFFERENT");
  expect(mine.save()).toEqual(saved);
});

test("K-8 a forged import yields to the genuine version", async () => {
  using forger = await KeyBag.create("password", { kdf });
  await forger.addKeyVersions([{ ...board, content: bytes("forged") }]);
  using bag = await KeyBag.create("password", { kdf });
  await bag.importKey(await forger.exportKey(tenant, "board", "travel"), "travel");
  await bag.addKeyVersions([board]);
  expect(bag.keyVersions(board.tenant)).toEqual([{ ...board, imported: false }]);
});

test("the history secret of an import never becomes part of a confirmed version", async () => {
  using forger = await KeyBag.create("password", { kdf });
  await forger.addKeyVersions([{ ...board, history: bytes("forged") }]);
  const text = await forger.exportKey(tenant, "board", "travel");
  for (const confirmedFirst of [true, false]) {
    using bag = await KeyBag.create("password", { kdf });
    if (confirmedFirst) await bag.addKeyVersions([{ ...board, history: null }]);
    await bag.importKey(text, "travel");
    if (!confirmedFirst) await bag.addKeyVersions([{ ...board, history: null }]);
    expect(bag.keyVersions(board.tenant)).toEqual([{ ...board, history: null, imported: false }]);
  }
});

test("random texts are refused with typed errors only", () => {
  const payload = fc.uint8Array({ maxLength: 200 }).map((raw) => forged(Buffer.from(raw), () => 0));
  fc.assert(
    fc.property(fc.oneof(fc.string(), payload), (text) => {
      try {
        decodeExportedKey(nativeCrypto, text);
      } catch (error) {
        expect(error).toBeInstanceOf(KeyBagError);
      }
    }),
  );
});

/** The text of edited bytes, with the checksum that belongs to them. */
function forged(raw: Buffer, edit: (copy: Buffer) => unknown): string {
  const copy = Buffer.from(raw);
  edit(copy);
  const prefix = "selkie-key:1:";
  const body = copy.subarray(0, Math.max(0, copy.length - 8));
  const checksum = nativeCrypto.sha256(Buffer.from(`selkie/1/keybag-checksum\0${prefix}`), body).subarray(0, 8);
  return prefix + Buffer.concat([body, checksum]).toString("base64url");
}
