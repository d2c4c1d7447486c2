// B2, B3, K-7: a sealed part is worth something in exactly one place.
import { nativeCrypto } from "@selkie/crypto/native";
import {
  type Ciphertext,
  type EntryHeader,
  entryType,
  type IdentifiedEntry,
  identifyEntry,
  type KeyTag,
  parseCiphertext,
  parseEntryId,
  parseSalt,
  parseSignature,
  parseWriterKey,
  partKind,
  runOf,
  verifyRuns,
} from "@selkie/entry";
import { describe, expect, test } from "vitest";
import { openEntries } from "../../src/sealing/open-entry.ts";
import { deriveEntryKey, partAad } from "../../src/sealing/part-cipher.ts";
import { sealEntry, signRun } from "../../src/sealing/seal-entry.ts";
import { heard, otherDatabase, pattern, say, testKey, testPlace, testRing, trusted } from "../fixture.ts";

const crypto = nativeCrypto;

async function honestEntry(parts = 2): Promise<IdentifiedEntry> {
  const key = await testKey(crypto, "default");
  const drafts = Array.from({ length: parts }, (_, at) => ({
    kind: "change" as const,
    key,
    plaintext: say(`part ${at}`),
  }));
  return sealEntry(crypto, await testPlace(crypto), drafts);
}

const ciphertextOf = (entry: IdentifiedEntry, index: number): Ciphertext => {
  const part = entry.parts[index];
  if (part?.type !== "sealed") throw new RangeError("a sealed part was expected");
  return part.ciphertext;
};

/** What opens when these ciphertexts are put into this entry, by somebody who holds every key and signs it. */
async function opensAs(header: EntryHeader, table: readonly KeyTag[], ciphertexts: readonly Ciphertext[]) {
  const parts = ciphertexts.map((ciphertext) => ({
    type: "sealed" as const,
    kind: partKind.change,
    table: 0,
    ciphertext,
  }));
  const forged = trusted(identifyEntry(crypto, { header, table, parts, signature: null }));
  const ring = testRing(crypto, await testKey(crypto, "default"), await testKey(crypto, "next version"));
  const [opened] = await openEntries(crypto, ring, [forged]);
  return opened?.map((part) => (part.type === "opened" ? heard(part.plaintext) : part.type));
}

describe("a part does not open", () => {
  test("B2 K-7 a part opens where it was sealed", async () => {
    const { header, table, ...entry } = await honestEntry();
    const here = entry.parts.map((part) =>
      part.type === "sealed" ? part.ciphertext : parseCiphertext(new Uint8Array(16)),
    );
    expect(await opensAs(header, table, here)).toEqual(["part 0", "part 1"]);
  });

  test.each([
    ["in another database", { database: otherDatabase }],
    ["under another writer", { writer: parseWriterKey(pattern("another writer", 32)) }],
    ["at another seq", { seq: 8 }],
    ["after another entry", { prev: parseEntryId(pattern("another entry", 32)) }],
    ["under another salt", { salt: parseSalt(pattern("another salt", 24)) }],
  ])("B2 K-7 a part does not open %s", async (_, change) => {
    const honest = await honestEntry(1);
    const ring = testRing(crypto, await testKey(crypto, "default"));
    const header = { ...honest.header, ...change };
    // The forger knows the tag of the key in the other database and writes it into the table.
    const tag = await ring.tag(await testKey(crypto, "default"), header.database);
    expect(await opensAs(header, [tag], [ciphertextOf(honest, 0)])).toEqual(["undecryptable"]);
    expect(await opensAs(header, honest.table, [ciphertextOf(honest, 0)])).not.toEqual(["part 0"]);
  });

  test("B2 K-7 a part does not open for a tenant that shares the database id: its keys are others", async () => {
    const honest = await honestEntry(1);
    const foreign = testRing(crypto, await testKey(crypto, "another tenant's"));
    const [opened] = await openEntries(crypto, foreign, [trusted(honest)]);
    expect(opened?.map(({ type }) => type)).toEqual(["no-key"]);
  });

  test("B2 K-7 a part does not open under another version of its key", async () => {
    const honest = await honestEntry(1);
    const next = await testKey(crypto, "next version");
    const tag = await testRing(crypto, next).tag(next, honest.header.database);
    expect(await opensAs(honest.header, [tag], [ciphertextOf(honest, 0)])).toEqual(["undecryptable"]);
  });

  test("B2 K-7 a part does not open at another index of its own entry", async () => {
    const honest = await honestEntry(2);
    const swapped = [ciphertextOf(honest, 1), ciphertextOf(honest, 0)];
    expect(await opensAs(honest.header, honest.table, swapped)).toEqual(["undecryptable", "undecryptable"]);
    const twice = [ciphertextOf(honest, 0), ciphertextOf(honest, 0)];
    expect(await opensAs(honest.header, honest.table, twice)).toEqual(["part 0", "undecryptable"]);
  });
});

describe("a part does not open as another kind", () => {
  test("B3 a part does not open in an entry of another type", async () => {
    const honest = await honestEntry(1);
    const header = { ...honest.header, type: entryType.statement };
    const part = { type: "sealed" as const, kind: partKind.statement, table: 0, ciphertext: ciphertextOf(honest, 0) };
    const forged = trusted(identifyEntry(crypto, { header, table: honest.table, parts: [part], signature: null }));
    const [opened] = await openEntries(crypto, testRing(crypto, await testKey(crypto, "default")), [forged]);
    expect(opened?.map(({ type }) => type)).toEqual(["undecryptable"]);
  });

  test("B3 a control part does not open when the header no longer says there is one", async () => {
    const key = await testKey(crypto, "default");
    const sealed = await sealEntry(crypto, await testPlace(crypto), [
      { kind: "control", key, plaintext: say("control") },
    ]);
    const header = { ...sealed.header, control: false };
    expect(await opensAs(header, sealed.table, [ciphertextOf(sealed, 0)])).toEqual(["undecryptable"]);
  });

  test("B3 a part does not open as another kind, even if nothing else differed: the tag covers kind and index themselves", async () => {
    const honest = await honestEntry(1);
    const { content } = await testKey(crypto, "default");
    const [tag] = honest.table;
    if (tag === undefined) return expect.fail("a tag");
    const at = { tag, salt: honest.header.salt, prefixHash: honest.prefixHash };
    const open = async (nonce: number, aad: Uint8Array) => {
      const key = await deriveEntryKey(crypto, content, at);
      const [plaintext] = await crypto.openMany(key, [{ nonce, aad, ciphertext: ciphertextOf(honest, 0) }]);
      return plaintext ?? null;
    };
    expect(await open(0, partAad(partKind.change, 0))).not.toBeNull();
    expect(await open(0, partAad(partKind.statement, 0))).toBeNull();
    expect(await open(0, partAad(partKind.control, 0))).toBeNull();
    expect(await open(0, partAad(partKind.change, 1))).toBeNull();
    expect(await open(1, partAad(partKind.change, 0))).toBeNull();
    expect(await open(0, partAad(partKind.change, 256))).toBeNull();
  });
});

test("B2 K-7 a relay cannot even offer an entry in another database: it no longer verifies", async () => {
  const signing = await crypto.importSigningKey(pattern("writer seed", 32));
  const key = await testKey(crypto, "default");
  const place = await testPlace(crypto, { writer: parseWriterKey(signing.publicKey), seq: 0 });
  const entry = await sealEntry(crypto, place, [{ kind: "change", key, plaintext: say("honest") }]);
  const { entries } = await signRun(crypto, signing, [entry]);
  const [signed] = entries;
  if (signed === undefined) return expect.fail("an entry");
  const { table, parts, header } = signed;
  const signature = parseSignature(signed.signature ?? new Uint8Array(64));
  const moved = runOf([{ table, parts, signature, header: { ...header, database: otherDatabase } }]);
  const verdicts = await verifyRuns(crypto, [runOf([{ table, parts, signature, header }]), moved]);
  expect(verdicts.map((verdict) => (verdict.type === "refused" ? verdict.code : verdict.type))).toEqual([
    "verified",
    "SIGNATURE_INVALID",
  ]);
});
