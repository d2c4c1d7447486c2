// The frozen vectors of docs/spec/vectors/keybag, by this implementation.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { CryptoProvider } from "@selkie/crypto";
import { nativeCrypto } from "@selkie/crypto/native";
import { fromHex, toHex } from "@selkie/entry";
import { describe, expect, test } from "vitest";
import { decodeContent, encodeContent } from "../src/content.ts";
import { KeyBag, type StoredKeyVersion } from "../src/index.ts";
import { decodeFile, sealFile } from "../src/sealed-file.ts";
import { codeOf, countingCrypto, floor } from "./samples.ts";

const folder = join(import.meta.dirname, "../../../docs/spec/vectors/keybag");

interface Vectors<Valid, Invalid> {
  readonly valid: readonly ({ readonly comment: string; readonly password: string } & Valid)[];
  readonly invalid: readonly ({
    readonly comment: string;
    readonly code: string;
    readonly derives: boolean;
    readonly password: string;
  } & Invalid)[];
}

function read<Valid, Invalid>(name: string): Vectors<Valid, Invalid> {
  return JSON.parse(readFileSync(join(folder, name), "utf8")) as Vectors<Valid, Invalid>;
}

const files = read<{ master: string; content: string; records: unknown; file: string }, { file: string }>(
  "keybag.json",
);
const texts = read<{ text: string; versions: { keyVersions: readonly unknown[] } }, { text: string }>(
  "exported-key.json",
);

function json(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_, field) => (field instanceof Uint8Array ? toHex(field) : field)));
}

describe("a sealed KeyBag", () => {
  test.each(files.valid)("opens: $comment", async ({ password, content, records, file }) => {
    using bag = await KeyBag.open(fromHex(file), password);
    const decoded = decodeContent(fromHex(content));
    expect(json(decoded)).toEqual(records);
    expect(toHex(encodeContent(decoded))).toBe(content);
    expect(bag.identities()).toEqual(decoded.identities);
    expect(bag.tenants()).toEqual(decoded.tenants);
    const tenants = new Map(decoded.keyVersions.map((held) => [toHex(held.tenant), held.tenant]));
    expect([...tenants.values()].flatMap((tenant) => bag.keyVersions(tenant))).toEqual(decoded.keyVersions);
  });

  test.each(files.valid)("seals to the same bytes with the same salts: $comment", async ({ master, content, file }) => {
    const { slots, box } = decodeFile(nativeCrypto, fromHex(file));
    const replayed: CryptoProvider = { ...nativeCrypto, randomBytes: () => box.slice(0, 24) };
    using key = await replayed.importSecret(fromHex(master));
    expect(toHex(await sealFile(replayed, key, slots, decodeContent(fromHex(content))))).toBe(file);
  });

  test.each(files.invalid)("is refused with $code: $comment", async ({ password, file, code, derives }) => {
    const crypto = countingCrypto();
    expect(await codeOf(KeyBag.open(fromHex(file), password, { crypto }))).toBe(code);
    expect(crypto.derivations() > 0).toBe(derives);
  });
});

describe("an exported key", () => {
  const tenantOf = (held: unknown): StoredKeyVersion["tenant"] =>
    fromHex((held as { tenant: string }).tenant) as StoredKeyVersion["tenant"];

  test.each(texts.valid)("is imported: $comment", async ({ password, text, versions }) => {
    using bag = await KeyBag.create("password", { kdf: floor });
    await bag.importKey(text, password);
    expect(json(bag.keyVersions(tenantOf(versions.keyVersions[0])))).toEqual(versions.keyVersions);
  });

  test.each(texts.invalid)("is refused with $code: $comment", async ({ password, text, code, derives }) => {
    const crypto = countingCrypto();
    using bag = await KeyBag.create("password", { kdf: floor, crypto });
    const before = crypto.derivations();
    const saved = bag.save();
    expect(await codeOf(bag.importKey(text, password))).toBe(code);
    expect(crypto.derivations() > before).toBe(derives);
    expect(bag.save()).toEqual(saved);
  });
});
