import { type CryptoProvider, type Plaintext, portableCrypto } from "@selkie/crypto";
import { nativeCrypto } from "@selkie/crypto/native";
import { entryType, parseEntryId, parseWriterKey, runOf, tableIndex, toHex, verifyRuns } from "@selkie/entry";
import { describe, expect, test } from "vitest";
import { openEntries } from "../../src/sealing/open-entry.ts";
import { type PartDraft, sealEntry, signRun } from "../../src/sealing/seal-entry.ts";
import { codeOfAsync } from "../codes.ts";
import { otherDatabase, pattern, say, testKey, testPlace, testRing, trusted } from "../fixture.ts";

const portable: CryptoProvider = portableCrypto({ random: (length) => pattern("random", length) });

async function ciphertexts(crypto: CryptoProvider, drafts: readonly PartDraft[], change = {}): Promise<string[]> {
  const entry = await sealEntry(crypto, await testPlace(crypto, change), drafts);
  return entry.parts.map((part) => (part.type === "sealed" ? toHex(part.ciphertext) : ""));
}

describe("sealing is a function", () => {
  test("the same place and parts give the same entry, on every provider", async () => {
    const ids: string[] = [];
    for (const crypto of [nativeCrypto, nativeCrypto, portable]) {
      const key = await testKey(crypto, "default");
      const directory = await testKey(crypto, "directory");
      const drafts: PartDraft[] = [
        { kind: "control", key: directory, plaintext: say("control") },
        { kind: "change", key, plaintext: say("one") },
        { kind: "change", key, plaintext: say("two") },
      ];
      ids.push(toHex((await sealEntry(crypto, await testPlace(crypto), drafts)).id));
    }
    expect(new Set(ids).size).toBe(1);
  });

  test.each([
    ["seq", { seq: 8 }],
    ["prev", { prev: parseEntryId(pattern("another entry", 32)) }],
    ["writer", { writer: parseWriterKey(pattern("another writer", 32)) }],
    ["database", { database: otherDatabase }],
  ])("equal plaintexts do not show when %s is another", async (_, change) => {
    const key = await testKey(nativeCrypto, "default");
    const drafts: PartDraft[] = [{ kind: "change", key, plaintext: say("the same") }];
    const [here] = await ciphertexts(nativeCrypto, drafts);
    const [there] = await ciphertexts(nativeCrypto, drafts, change);
    expect(there).not.toBe(here);
    expect(there?.length).toBe(here?.length);
  });

  test("equal plaintexts do not show within an entry", async () => {
    const key = await testKey(nativeCrypto, "default");
    const part: PartDraft = { kind: "change", key, plaintext: say("the same") };
    const sealed = await ciphertexts(
      nativeCrypto,
      Array.from({ length: 50 }, () => part),
    );
    expect(new Set(sealed).size).toBe(50);
    // Not even the first block: that would show a common beginning.
    expect(new Set(sealed.map((text) => text.slice(0, 32))).size).toBe(50);
  });

  test("at one place, another plaintext, length, kind of part or key makes another salt: no key stream is used twice", async () => {
    const key = await testKey(nativeCrypto, "default");
    const other = await testKey(nativeCrypto, "other");
    const long = new Uint8Array(144) as Plaintext;
    const variants: (readonly PartDraft[])[] = [
      [{ kind: "change", key, plaintext: say("a") }],
      [{ kind: "change", key, plaintext: say("b") }],
      [{ kind: "change", key, plaintext: long }],
      [{ kind: "change", key: other, plaintext: say("a") }],
      [{ kind: "control", key, plaintext: say("a") }],
      [
        { kind: "change", key, plaintext: say("a") },
        { kind: "change", key, plaintext: say("b") },
      ],
      [
        { kind: "change", key, plaintext: say("b") },
        { kind: "change", key, plaintext: say("a") },
      ],
      [
        { kind: "change", key, plaintext: say("a") },
        { kind: "change", key: other, plaintext: say("b") },
      ],
    ];
    const salts = await Promise.all(
      variants.map(async (drafts) =>
        toHex((await sealEntry(nativeCrypto, await testPlace(nativeCrypto), drafts)).header.salt),
      ),
    );
    expect(new Set(salts).size).toBe(variants.length);
  });

  test("the salt tells nothing without a key: two keys, two salts", async () => {
    const [a, b] = [await testKey(nativeCrypto, "a"), await testKey(nativeCrypto, "b")];
    const [one, two] = await Promise.all(
      [a, b].map(async (key) =>
        sealEntry(nativeCrypto, await testPlace(nativeCrypto), [{ kind: "change", key, plaintext: say("guess") }]),
      ),
    );
    expect(toHex(one?.header.salt ?? new Uint8Array())).not.toBe(toHex(two?.header.salt ?? new Uint8Array()));
  });
});

describe("the shape of an entry", () => {
  test("keys stand in the table once each, in the order of first use; the control part's is first", async () => {
    const directory = await testKey(nativeCrypto, "directory");
    const [a, b] = [await testKey(nativeCrypto, "a"), await testKey(nativeCrypto, "b")];
    // Another handle of the same version: one tag, not two.
    const again = await testKey(nativeCrypto, "a");
    const entry = await sealEntry(nativeCrypto, await testPlace(nativeCrypto), [
      { kind: "control", key: directory, plaintext: say("control") },
      { kind: "change", key: b, plaintext: say("1") },
      { kind: "change", key: a, plaintext: say("2") },
      { kind: "change", key: again, plaintext: say("3") },
      { kind: "change", key: b, plaintext: say("4") },
    ]);
    expect(entry.header.control).toBe(true);
    expect(entry.parts.map(({ table }) => table)).toEqual([0, 1, 2, 2, 1]);
    const ring = testRing(nativeCrypto, directory, a, b);
    const { database } = entry.header;
    expect(entry.table).toEqual([
      await ring.tag(directory, database),
      await ring.tag(b, database),
      await ring.tag(a, database),
    ]);
    const [opened] = await openEntries(nativeCrypto, ring, [trusted(entry)]);
    expect(opened?.map(({ type }) => type)).toEqual(Array(5).fill("opened"));
  });

  test("an entry of permits alone uses no key: its salt comes from the writer's secret", async () => {
    const { publicKey } = await nativeCrypto.importKemKey(pattern("recipient", 32));
    const secret = pattern("secret", 32);
    const drafts: PartDraft[] = [
      { kind: "permit", recipient: publicKey, secret },
      { kind: "bundle", secret, plaintext: say("bundle") },
    ];
    const seal = async (writerSecret: string) =>
      sealEntry(
        nativeCrypto,
        await testPlace(nativeCrypto, {
          type: entryType.statement,
          writerSecret: await nativeCrypto.importSecret(pattern(writerSecret, 32)),
        }),
        drafts,
      );
    const [one, same, other] = [await seal("mine"), await seal("mine"), await seal("another's")];
    expect(one.table).toEqual([]);
    expect(one.parts.map(({ table }) => table)).toEqual([tableIndex.hpke, tableIndex.bundle]);
    expect(same.header.salt).toEqual(one.header.salt);
    expect(other.header.salt).not.toEqual(one.header.salt);
  });

  test("what the format cannot hold is refused", async () => {
    const key = await testKey(nativeCrypto, "default");
    const { publicKey: recipient } = await nativeCrypto.importKemKey(pattern("recipient", 32));
    const secret = pattern("secret", 32);
    const permit: PartDraft = { kind: "permit", recipient, secret };
    const bundle: PartDraft = { kind: "bundle", secret, plaintext: say("bundle") };
    const change: PartDraft = { kind: "change", key, plaintext: say("change") };
    const control: PartDraft = { kind: "control", key, plaintext: say("control") };
    const place = await testPlace(nativeCrypto);
    const refusal = (...drafts: PartDraft[]) => codeOfAsync(() => sealEntry(nativeCrypto, place, drafts));
    expect(await refusal(change, control)).toBe("PART_MALFORMED");
    expect(await refusal(permit)).toBe("PART_MALFORMED");
    expect(await refusal(permit, { ...bundle, secret: pattern("another secret", 32) })).toBe("PART_MALFORMED");
    expect(await refusal(...Array<PartDraft>(65).fill(permit), bundle)).toBe("ENTRY_TOO_LARGE");
    expect(await refusal(...Array<PartDraft>(4_097).fill(change))).toBe("ENTRY_TOO_LARGE");
  });
});

describe("signRun", () => {
  test("one signature makes a run that every verifier accepts", async () => {
    const signing = await nativeCrypto.importSigningKey(pattern("writer seed", 32));
    const writer = parseWriterKey(signing.publicKey);
    const key = await testKey(nativeCrypto, "default");
    const place = await testPlace(nativeCrypto, { writer, seq: 0 });
    const first = await sealEntry(nativeCrypto, place, [{ kind: "change", key, plaintext: say("first") }]);
    const next = { ...place, seq: 1, prev: first.id };
    const second = await sealEntry(nativeCrypto, next, [{ kind: "change", key, plaintext: say("second") }]);
    const run = await signRun(nativeCrypto, signing, [first, second]);
    expect(run.entries.map(({ signature }) => signature !== null)).toEqual([false, true]);
    const [verdict] = await verifyRuns(portable, [runOf(run.entries)]);
    expect(verdict?.type).toBe("verified");
  });

  test("no entries are no run", async () => {
    const signing = await nativeCrypto.importSigningKey(pattern("writer seed", 32));
    expect(await codeOfAsync(() => signRun(nativeCrypto, signing, []))).toBe("PART_MALFORMED");
  });
});
