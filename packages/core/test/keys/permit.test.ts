import { asPlaintext, type CryptoProvider, type KemKey } from "@selkie/crypto";
import { nativeCrypto } from "@selkie/crypto/native";
import {
  entryType,
  type IdentifiedEntry,
  identifyEntry,
  type Part,
  parseCiphertext,
  parseEntryId,
  partLength,
  tableIndex,
  toHex,
  type VerifiedEntry,
} from "@selkie/entry";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { identityKeyName } from "../../src/keys/identity-key.ts";
import type { KeyVersion } from "../../src/keys/key-version.ts";
import { draftPermits, draftUserKeys, openPermits, openUserKeys } from "../../src/keys/permit.ts";
import {
  decodePermitBundle,
  encodePermitBundle,
  encodeUserKeys,
  type HistoryPolicy,
  type UserKeySecret,
} from "../../src/keys/permit-bundle.ts";
import { type PartDraft, sealEntry } from "../../src/sealing/seal-entry.ts";
import { codeOf } from "../codes.ts";
import { pattern, testKey, testPlace, trusted } from "../fixture.ts";

const crypto: CryptoProvider = nativeCrypto;
const recipient = (name: string): Promise<KemKey> => crypto.importKemKey(pattern(`KEM seed of ${name}`, 32));

interface Permits {
  readonly to: readonly KemKey[];
  readonly keys: readonly KeyVersion[];
  readonly history?: HistoryPolicy;
  readonly seq?: number;
}

async function sealPermits({ to, keys, history = "full", seq = 7 }: Permits): Promise<IdentifiedEntry> {
  const drafts = draftPermits(
    crypto,
    to.map(({ publicKey }) => ({ kem: publicKey })),
    keys,
    history,
  );
  return sealEntry(crypto, await testPlace(crypto, { type: entryType.statement, seq }), drafts);
}

function withParts(entry: IdentifiedEntry, parts: readonly Part[]): VerifiedEntry {
  return trusted(identifyEntry(crypto, { header: entry.header, table: entry.table, parts, signature: null }));
}

function replacePart(entry: IdentifiedEntry, index: number, ciphertext: Uint8Array): VerifiedEntry {
  return withParts(
    entry,
    entry.parts.map((part, at) =>
      at === index ? { ...part, type: "sealed", ciphertext: parseCiphertext(ciphertext) } : part,
    ),
  );
}

const ciphertextAt = (entry: IdentifiedEntry, index: number): Uint8Array => {
  const part = entry.parts[index];
  if (part?.type !== "sealed") throw new RangeError("a sealed part was expected");
  return part.ciphertext;
};

describe("permits", () => {
  test("give every recipient every version, in one wrapping each", async () => {
    const [alice, bob, carol] = [await recipient("alice"), await recipient("bob"), await recipient("carol")];
    const keys = await Promise.all(["default", "board", "directory"].map((name) => testKey(crypto, name)));
    const entry = await sealPermits({ to: [alice, bob], keys });
    expect(entry.parts.map(({ table }) => table)).toEqual([tableIndex.hpke, tableIndex.hpke, tableIndex.bundle]);
    for (const kem of [alice, bob]) {
      const opened = await openPermits(crypto, trusted(entry), kem);
      const byName = new Map(opened?.map((secrets) => [toHex(secrets.version), secrets]));
      expect(byName.size).toBe(3);
      for (const key of keys) {
        expect(byName.get(toHex(key.version))).toEqual({
          keyId: key.keyId,
          name: "",
          version: key.version,
          content: key.contentBytes,
          history: key.historyBytes,
        });
      }
    }
    expect(await openPermits(crypto, trusted(entry), carol)).toEqual([]);
  });

  test("from now on give no history secret, and still commit to one", async () => {
    const bob = await recipient("bob");
    const key = await testKey(crypto, "default");
    const entry = await sealPermits({ to: [bob], keys: [key], history: "from-now" });
    const [given] = (await openPermits(crypto, trusted(entry), bob)) ?? [];
    expect(given).toMatchObject({ version: key.version, content: key.contentBytes, history: null });
    const history = toHex(key.historyBytes ?? new Uint8Array());
    const bundle = encodePermitBundle(crypto, [key], "from-now");
    expect(toHex(bundle)).not.toContain(history);
  });

  test("of a device that was given no history secret are refused: it rotates first", async () => {
    const key = { ...(await testKey(crypto, "default")), historyBytes: null };
    const { publicKey: kem } = await recipient("bob");
    expect(codeOf(() => draftPermits(crypto, [{ kem }], [key], "full"))).toBe("KEY_WITHHELD");
    expect(codeOf(() => draftPermits(crypto, [{ kem }], [key], "from-now"))).toBe("KEY_WITHHELD");
  });

  test("are 64 in one entry at most, and all open", async () => {
    const to = await Promise.all(Array.from({ length: 64 }, (_, at) => recipient(`${at}`)));
    const entry = await sealPermits({ to, keys: [await testKey(crypto, "default")] });
    const last = to[63];
    expect(last && (await openPermits(crypto, trusted(entry), last))?.length).toBe(1);
  });

  test("several of an entry for one recipient all open", async () => {
    const bob = await recipient("bob");
    const [a, b] = [await testKey(crypto, "a"), await testKey(crypto, "b")];
    const drafts: PartDraft[] = [a, b].flatMap((key) => draftPermits(crypto, [{ kem: bob.publicKey }], [key], "full"));
    const entry = await sealEntry(crypto, await testPlace(crypto, { type: entryType.statement }), drafts);
    expect((await openPermits(crypto, trusted(entry), bob))?.length).toBe(2);
  });

  test("E4 permit tags of one recipient are others in every entry", async () => {
    const bob = await recipient("bob");
    const keys = [await testKey(crypto, "default")];
    const [one, two] = [await sealPermits({ to: [bob], keys }), await sealPermits({ to: [bob], keys, seq: 8 })];
    expect(toHex(ciphertextAt(one, 0).subarray(0, 16))).not.toBe(toHex(ciphertextAt(two, 0).subarray(0, 16)));
  });
});

describe("a permit that somebody touched gives nothing", () => {
  test("A1 no byte of a permit can be flipped: null or not found, never another key", async () => {
    const bob = await recipient("bob");
    const entry = await sealPermits({ to: [bob], keys: [await testKey(crypto, "default")] });
    for (const index of [0, 1]) {
      const honest = ciphertextAt(entry, index);
      for (let at = 0; at < honest.length; at++) {
        const flipped = honest.with(at, (honest[at] ?? 0) ^ (1 << (at & 7)));
        const opened = await openPermits(crypto, replacePart(entry, index, flipped), bob);
        // A flipped recipient tag names nobody; everything else does not open.
        expect(opened).toEqual(index === 0 && at < 16 ? [] : null);
      }
    }
  });

  test("A1 permits of two recipients, swapped, open for neither", async () => {
    const [alice, bob] = [await recipient("alice"), await recipient("bob")];
    const entry = await sealPermits({ to: [alice, bob], keys: [await testKey(crypto, "default")] });
    const [first, second, bundle] = entry.parts;
    if (!first || !second || !bundle) return expect.fail("three parts");
    const swapped = withParts(entry, [second, first, bundle]);
    expect(await openPermits(crypto, swapped, alice)).toBeNull();
    expect(await openPermits(crypto, swapped, bob)).toBeNull();
  });

  test("A1 permit or bundle of another entry, or of another version of the key, opens nothing here", async () => {
    const bob = await recipient("bob");
    const [v1, v2] = [await testKey(crypto, "version 1"), await testKey(crypto, "version 2")];
    const here = await sealPermits({ to: [bob], keys: [v1] });
    const there = await sealPermits({ to: [bob], keys: [v2], seq: 8 });
    // The recipient tag is that of the entry it stands in; a forger that knows the KEM key can write it.
    const retagged = Uint8Array.from([
      ...ciphertextAt(here, 0).subarray(0, 16),
      ...ciphertextAt(there, 0).subarray(16),
    ]);
    expect(await openPermits(crypto, replacePart(here, 0, retagged), bob)).toBeNull();
    expect(await openPermits(crypto, replacePart(here, 1, ciphertextAt(there, 1)), bob)).toBeNull();
    const both = withParts(here, [
      { kind: 3, table: tableIndex.hpke, type: "sealed", ciphertext: parseCiphertext(retagged) },
      { kind: 3, table: tableIndex.bundle, type: "sealed", ciphertext: parseCiphertext(ciphertextAt(there, 1)) },
    ]);
    expect(await openPermits(crypto, both, bob)).toBeNull();
  });

  test("A1 permit parts under another header open for nobody", async () => {
    const bob = await recipient("bob");
    const entry = await sealPermits({ to: [bob], keys: [await testKey(crypto, "default")] });
    const header = { ...entry.header, prev: parseEntryId(pattern("another entry", 32)) };
    const moved = trusted(identifyEntry(crypto, { header, table: [], parts: entry.parts, signature: null }));
    expect(await openPermits(crypto, moved, bob)).toBeNull();
  });

  test("A1 a bundle whose secrets are not those of the version it names gives none of them", async () => {
    const bob = await recipient("bob");
    const honest = await testKey(crypto, "default");
    const chosen = pattern("chosen by a relay", 32);
    const secret = pattern("permit secret", 32);
    for (const forged of [
      { ...honest, contentBytes: chosen },
      { ...honest, historyBytes: chosen },
      { ...honest, keyId: pattern("another key", 16) },
      { ...honest, version: pattern("another version", 32) },
    ]) {
      const plaintext = encodePermitBundle(crypto, [forged, await testKey(crypto, "board")], "full");
      expect(codeOf(() => decodePermitBundle(crypto, plaintext))).toBe("KEY_UNAUTHENTIC");
      const place = await testPlace(crypto, { type: entryType.statement });
      const entry = await sealEntry(crypto, place, [
        { kind: "permit", recipient: bob.publicKey, secret },
        { kind: "bundle", secret, plaintext },
      ]);
      expect(await openPermits(crypto, trusted(entry), bob)).toBeNull();
    }
  });

  test("A1 a bundle in the frame of a permit is none", async () => {
    const bob = await recipient("bob");
    const entry = await sealPermits({ to: [bob], keys: [await testKey(crypto, "default")] });
    const reframed = entry.parts.map((part): Part => ({ ...part, table: tableIndex.hpke }));
    expect(await openPermits(crypto, withParts(entry, reframed), bob)).toBeNull();
  });

  test("A1 a permit whose bundle was withheld opens nothing", async () => {
    const bob = await recipient("bob");
    const entry = await sealPermits({ to: [bob], keys: [await testKey(crypto, "default")] });
    const holes = entry.parts.map((part, at): Part => {
      if (at === 0 || part.type !== "sealed") return part;
      const { kind, table, ciphertext } = part;
      return { kind, table, type: "hole", length: ciphertext.length, hash: new Uint8Array(32) };
    });
    expect(await openPermits(crypto, withParts(entry, holes), bob)).toBeNull();
  });
});

describe("the bundle", () => {
  test("decode gives back what encode was given, ascending by version", async () => {
    const keys = await Promise.all(["a", "b", "c", "d"].map((name) => testKey(crypto, name)));
    const plaintext = encodePermitBundle(crypto, keys, "full");
    const decoded = decodePermitBundle(crypto, plaintext);
    expect(decoded.versions.map(({ version }) => toHex(version))).toEqual(
      keys.map(({ version }) => toHex(version)).sort(),
    );
    expect(encodePermitBundle(crypto, keys.toReversed(), "full")).toEqual(plaintext);
  });

  test("E1 has the length of any other with as many keys, and at least 256 bytes", async () => {
    const [a, b] = [await testKey(crypto, "a"), await testKey(crypto, "b")];
    expect(encodePermitBundle(crypto, [a], "full").length).toBe(256);
    expect(encodePermitBundle(crypto, [a], "from-now").length).toBe(256);
    expect(encodePermitBundle(crypto, [a, b], "full").length).toBe(256);
  });

  test("B1 random bytes are refused with a typed error", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), fc.nat(3), (bytes, count) => {
        const code = codeOf(() => decodePermitBundle(crypto, asPlaintext(Uint8Array.from([0, count, ...bytes]))));
        expect(["PART_MALFORMED", "KEY_UNAUTHENTIC"]).toContain(code);
      }),
    );
  });

  test("user keys come back as they were given, ascending", () => {
    const userKeys = ["a", "b", "c"].map((name, at) => ({
      kind: at === 1 ? ("slot" as const) : ("user" as const),
      name: pattern(name, 32),
      seed: pattern(`seed ${name}`, 32),
    }));
    const decoded = decodePermitBundle(crypto, encodeUserKeys(userKeys));
    expect(decoded.versions).toEqual([]);
    expect(decoded.userKeys.map(({ name }) => toHex(name))).toEqual(userKeys.map(({ name }) => toHex(name)).sort());
    expect(decoded.userKeys).toEqual(expect.arrayContaining(userKeys));
    expect(encodeUserKeys(userKeys.toReversed())).toEqual(encodeUserKeys(userKeys));
    expect(codeOf(() => decodePermitBundle(crypto, encodeUserKeys([...userKeys, ...userKeys])))).toBe("PART_MALFORMED");
  });

  test("a version twice, or out of order, is refused", async () => {
    const [a, b] = await Promise.all(["a", "b"].map((name) => testKey(crypto, name)));
    if (!a || !b) return expect.fail("two keys");
    const plaintext = encodePermitBundle(crypto, [a, b], "full");
    const [first, second] = [plaintext.slice(2, 115), plaintext.slice(115, 228)];
    for (const order of [
      [second, first],
      [first, first],
    ]) {
      const forged = new Uint8Array(256);
      forged.set([0, 2, ...order.flatMap((version) => [...version])]);
      expect(codeOf(() => decodePermitBundle(crypto, asPlaintext(forged)))).toBe("PART_MALFORMED");
    }
  });
});

describe("user keys", () => {
  const sealed = async (devices: readonly KemKey[], secret: UserKeySecret) => {
    const drafts = draftUserKeys(
      crypto,
      devices.map(({ publicKey: kem }) => ({ kem })),
      [secret],
    );
    return trusted(await sealEntry(crypto, await testPlace(crypto, { type: entryType.statement }), drafts));
  };

  test("reach every device they are wrapped for, and nobody else", async () => {
    const [phone, laptop, lost] = await Promise.all(["phone", "laptop", "lost"].map(recipient));
    if (!phone || !laptop || !lost) return expect.fail("three devices");
    const seed = pattern("next user seed", 32);
    const next = await crypto.importKemKey(seed);
    const secret = { kind: "user" as const, name: identityKeyName(crypto, next.publicKey), seed };
    const entry = await sealed([phone, laptop], secret);
    expect(await openUserKeys(crypto, entry, phone)).toEqual([secret]);
    expect(await openUserKeys(crypto, entry, laptop)).toEqual([secret]);
    expect(await openUserKeys(crypto, entry, lost)).toEqual([]);
    expect(await openPermits(crypto, entry, phone)).toEqual([]);
  });

  test("A1 a seed that makes another key than it names gives nothing", async () => {
    const phone = await recipient("phone");
    const other = await recipient("other");
    const secret = {
      kind: "user" as const,
      name: identityKeyName(crypto, other.publicKey),
      seed: pattern("chosen", 32),
    };
    expect(await openUserKeys(crypto, await sealed([phone], secret), phone)).toBeNull();
    const slot = await crypto.importSigningKey(pattern("slot", 32));
    const genuine = { kind: "slot" as const, name: identityKeyName(crypto, slot.publicKey), seed: pattern("slot", 32) };
    expect(await openUserKeys(crypto, await sealed([phone], genuine), phone)).toEqual([genuine]);
    const chosen = { ...genuine, seed: pattern("chosen", 32) };
    expect(await openUserKeys(crypto, await sealed([phone], chosen), phone)).toBeNull();
  });
});

test("sizes: a permit is 1,186 bytes whatever it gives, a bundle of 20 versions 2,432", async () => {
  const keys = await Promise.all(Array.from({ length: 20 }, (_, at) => testKey(crypto, "board", at + 1)));
  const bob = await recipient("bob");
  const entry = await sealEntry(
    crypto,
    await testPlace(crypto, { type: entryType.statement }),
    draftPermits(crypto, [{ kem: bob.publicKey }], keys, "full"),
  );
  expect(entry.parts.map(partLength)).toEqual([1_186, 2_304 + 16]);
});
